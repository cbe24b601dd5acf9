/* weights.h - the weights that --model and --backend ask for. */
#ifndef CLI_WEIGHTS_H
#define CLI_WEIGHTS_H

#include <gingham/gingham.h>

#include "exit_codes.h"
#include "json.h"

/* file: NULL for the weights compiled into the library. The caller closes the model. */
exit_code weights_open(const char *file, ghm_backend backend, ghm_model **model);

/* Members model, model_id and backend of a report. */
void weights_report(const ghm_model *model, json_object *object);

#endif
