#include "weights.h"

#include <stdlib.h>

#include "input.h"
#include "message.h"

/* Far above any weights that would be of use, and low enough to refuse a wrong file early. */
#define MAX_WEIGHT_FILE_BYTES (UINT64_C(1) << 30)

/* -------------------------------------------------------------------------------------------------- one model */

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

static exit_code check_options(const command *c, const weights_options *options)
{
    if (options->file && options->profile)
        return options_fail_usage(c, "--model and --profile both name weights; give one of them");
    if (!ghm_backend_available(options->backend))
        return fail(EXIT_USAGE, NULL, "backend %s is not available here; 'gingham --version' lists those that are",
                    ghm_backend_name(options->backend));
    return EXIT_OK;
}

static exit_code open_built_in(const char *profile, ghm_backend backend, ghm_model **model)
{
    ghm_diagnostics diag = { "" };
    const ghm_status status = profile ? ghm_model_open_profile(profile, backend, model, &diag)
                                      : ghm_model_open_default(backend, model, &diag);
    return fail_status(status, "built-in weights", &diag);
}

exit_code weights_open(const command *c, const weights_options *options, ghm_model **model)
{
    *model = NULL;
    const exit_code code = check_options(c, options);
    if (code != EXIT_OK)
        return code;
    return options->file ? open_file(options->file, options->backend, model)
                         : open_built_in(options->profile, options->backend, model);
}

/* -------------------------------------------------------------------------------------------------- for streams */

exit_code weights_set_open(weights_set *set, const command *c, const weights_options *options)
{
    *set = (weights_set){ .backend = options->backend };
    pthread_mutex_init(&set->lock, NULL);
    return options->file || options->profile ? weights_open(c, options, &set->asked_for) : check_options(c, options);
}

static uint64_t model_id(const ghm_model *model)
{
    ghm_model_info info;
    ghm_model_get_info(model, &info);
    return info.id;
}

static exit_code add_model(weights_set *set, uint64_t id, const char *label, const ghm_model **model)
{
    ghm_diagnostics diag = { "" };
    ghm_model **models = realloc(set->models, (set->n + 1) * sizeof *models);
    if (!models)
        return fail_memory(label);
    set->models = models;
    const ghm_status status = ghm_model_open_by_id(id, set->backend, &models[set->n], &diag);
    if (status == GHM_OK)
        *model = models[set->n++];
    return fail_status(status, label, &diag);
}

static exit_code find_or_add(weights_set *set, uint64_t id, const char *label, const ghm_model **model)
{
    for (size_t i = 0; i < set->n; i++) {
        if (model_id(set->models[i]) == id) {
            *model = set->models[i];
            return EXIT_OK;
        }
    }
    return add_model(set, id, label, model);
}

exit_code weights_set_find(weights_set *set, uint64_t id, const char *label, const ghm_model **model)
{
    *model = set->asked_for;
    if (set->asked_for)
        return EXIT_OK;
    pthread_mutex_lock(&set->lock);
    const exit_code code = find_or_add(set, id, label, model);
    pthread_mutex_unlock(&set->lock);
    return code;
}

void weights_set_close(weights_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        ghm_model_close(&set->models[i]);
    free(set->models);
    ghm_model_close(&set->asked_for);
    pthread_mutex_destroy(&set->lock);
}

/* -------------------------------------------------------------------------------------------------- reports */

const char *weights_profile_name(uint64_t id)
{
    ghm_profile_info info;
    for (size_t i = 0; ghm_profile_get_info(i, &info); i++)
        if (info.model_id == id)
            return info.name;
    return NULL;
}

void weights_report(const ghm_model *model, json_object *object)
{
    ghm_model_info info;
    ghm_model_get_info(model, &info);
    json_string(object, "model", info.name);
    json_id(object, "model_id", info.id);
    json_string(object, "backend", ghm_backend_name(info.backend));
}
