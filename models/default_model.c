/* default_model.c - the weights compiled into the library (embedded_weights.S), unpacked by unpack_weights.c. */
#include "models/model.h"

extern const uint8_t ghm_embedded_weights[], ghm_embedded_weights_end[];

ghm_status ghm_model_open_default(ghm_backend backend, ghm_model **model, ghm_diagnostics *diag)
{
    return model_open_unpacked(ghm_embedded_weights, (size_t)(ghm_embedded_weights_end - ghm_embedded_weights), backend,
                               model, diag);
}
