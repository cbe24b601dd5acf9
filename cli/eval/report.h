/* report.h - what 'gingham eval' has measured as one HTML page that needs no network. */
#ifndef CLI_EVAL_REPORT_H
#define CLI_EVAL_REPORT_H

#include <stdbool.h>

#include "eval/results.h"

/* published: the stored curves of other codecs on Kodak are drawn as well. The place is where r was measured. */
exit_code report_write(const eval_results *r, const workplace *place, bool published, const char *file);

#endif
