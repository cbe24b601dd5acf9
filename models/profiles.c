/* profiles.c - the weights compiled into the library, by name and by id. */
#include "models/profiles.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "models/model.h"
#include "models/weights.h"

/* From the header of the weights: of the others than those asked for, nothing else is touched. */
static uint64_t model_id(const embedded_profile *profile)
{
    bytes_reader r = bytes_reader_make(profile->weights + WEIGHTS_ID_AT, sizeof(uint64_t));
    return bytes_u64(&r);
}

static ghm_status open_embedded(const embedded_profile *profile, ghm_backend backend, ghm_model **model,
                                ghm_diagnostics *diag)
{
    return model_open_unpacked(profile->weights, (size_t)(profile->end - profile->weights), backend, model, diag);
}

int ghm_profile_get_info(size_t index, ghm_profile_info *info)
{
    if (index >= n_embedded_profiles)
        return 0;
    const embedded_profile *profile = &embedded_profiles[index];
    *info = (ghm_profile_info){ profile->name, model_id(profile), index == default_embedded_profile };
    return 1;
}

ghm_status ghm_model_open_default(ghm_backend backend, ghm_model **model, ghm_diagnostics *diag)
{
    return open_embedded(&embedded_profiles[default_embedded_profile], backend, model, diag);
}

static ghm_status fail_unknown_name(const char *name, ghm_diagnostics *diag)
{
    char known[128] = "";
    for (size_t i = 0; i < n_embedded_profiles; i++) {
        const size_t length = strlen(known);
        snprintf(known + length, sizeof known - length, " %s", embedded_profiles[i].name);
    }
    return ghm_fail(diag, GHM_ERR_ARGUMENT, "no profile is named '%.32s'; built in:%s", name, known);
}

ghm_status ghm_model_open_profile(const char *name, ghm_backend backend, ghm_model **model, ghm_diagnostics *diag)
{
    *model = NULL;
    for (size_t i = 0; i < n_embedded_profiles; i++)
        if (strcmp(embedded_profiles[i].name, name) == 0)
            return open_embedded(&embedded_profiles[i], backend, model, diag);
    return fail_unknown_name(name, diag);
}

ghm_status ghm_model_open_by_id(uint64_t id, ghm_backend backend, ghm_model **model, ghm_diagnostics *diag)
{
    *model = NULL;
    for (size_t i = 0; i < n_embedded_profiles; i++)
        if (model_id(&embedded_profiles[i]) == id)
            return open_embedded(&embedded_profiles[i], backend, model, diag);
    return ghm_fail(diag, GHM_ERR_MODEL_MISMATCH, "the stream was made with weights %016llx, which are not built in",
                    (unsigned long long)id);
}
