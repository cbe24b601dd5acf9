/* model.c - opening and closing models. */
#include "models/model.h"

#include <stdlib.h>

#include "base/status.h"
#include "models/nn/kernels.h"
#include "models/weights.h"

int ghm_backend_available(ghm_backend backend)
{
    return nn_kernels_get(backend) != NULL;
}

const char *ghm_backend_name(ghm_backend backend)
{
    static const char *const names[] = { "auto", "c", "blas", "avx2", "avx512", "avxvnni", "neon", "dotprod" };
    return (size_t)backend < sizeof names / sizeof *names ? names[backend] : NULL;
}

/* A model without weights, bound to a backend. */
static ghm_status make_model(ghm_backend backend, ghm_model **model, ghm_diagnostics *diag)
{
    const nn_kernels *kernels = nn_kernels_get(backend);
    *model = NULL;
    if (!kernels)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "this CPU or build does not have the backend asked for");
    *model = calloc(1, sizeof **model);
    if (!*model)
        return ghm_fail_memory(diag, sizeof **model);
    (*model)->kernels = kernels;
    (*model)->float_kernels = nn_float_kernels_get(GHM_BACKEND_AUTO);
    (*model)->backend = nn_kernels_backend(kernels);
    return GHM_OK;
}

/* Keep a model only if reading its weights went well. */
static ghm_status keep_or_close(ghm_model **model, ghm_status status)
{
    if (status != GHM_OK)
        ghm_model_close(model);
    return status;
}

ghm_status ghm_model_open(const uint8_t *data, size_t size, ghm_backend backend, ghm_model **model, ghm_diagnostics *diag)
{
    GHM_TRY(make_model(backend, model, diag));
    return keep_or_close(model, weights_read(*model, data, size, NULL, diag));
}

ghm_status model_open_unpacked(const uint8_t *data, size_t size, ghm_backend backend, ghm_model **model,
                               ghm_diagnostics *diag)
{
    GHM_TRY(make_model(backend, model, diag));
    return keep_or_close(model, weights_read_unpacked(*model, data, size, diag));
}

ghm_status model_unpack(const uint8_t *data, size_t size, bytes_writer *out, ghm_diagnostics *diag)
{
    bytes_writer weights = { 0 };
    ghm_model *model;
    GHM_TRY(make_model(GHM_BACKEND_C, &model, diag));
    ghm_status status = weights_read(model, data, size, &weights, diag);
    if (status == GHM_OK) {
        bytes_reader r = bytes_reader_make(data + WEIGHTS_HASHED_FROM, size - WEIGHTS_HASHED_FROM);
        bytes_put(out, data, WEIGHTS_HEADER_BYTES + bytes_u32(&r)); /* header and plain section */
        bytes_put(out, weights.data, weights.size);
        if (weights.failed || out->failed)
            status = ghm_fail_memory(diag, weights.capacity);
    }
    free(weights.data);
    ghm_model_close(&model);
    return status;
}

void ghm_model_close(ghm_model **model)
{
    if (*model) {
        arena_free(&(*model)->memory);
        free(*model);
        *model = NULL;
    }
}
