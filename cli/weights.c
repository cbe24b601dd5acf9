#include "weights.h"

#include "input.h"
#include "message.h"

/* Far above any weights that would be of use, and low enough to refuse a wrong file early. */
#define MAX_WEIGHT_FILE_BYTES (UINT64_C(1) << 30)

static exit_code open_file(const char *file, ghm_backend backend, ghm_model **model)
{
    input in;
    /* Whatever keeps the file from being read, it is the weights that are missing. */
    if (input_read(file, MAX_WEIGHT_FILE_BYTES, &in) != EXIT_OK)
        return EXIT_WEIGHTS;
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_model_open(in.data, in.size, backend, model, &diag);
    input_free(&in);
    return fail_status(status, file, &diag);
}

exit_code weights_open(const char *file, ghm_backend backend, ghm_model **model)
{
    *model = NULL;
    if (!ghm_backend_available(backend))
        return fail(EXIT_USAGE, NULL, "backend %s is not available here; 'gingham --version' lists those that are",
                    ghm_backend_name(backend));
    if (file)
        return open_file(file, backend, model);
    ghm_diagnostics diag = { "" };
    return fail_status(ghm_model_open_default(backend, model, &diag), "built-in weights", &diag);
}

void weights_report(const ghm_model *model, json_object *object)
{
    ghm_model_info info;
    ghm_model_get_info(model, &info);
    json_string(object, "model", info.name);
    json_id(object, "model_id", info.id);
    json_string(object, "backend", ghm_backend_name(info.backend));
}
