/* weights.h - from the bytes of a weight file to the layers of a model. */
#ifndef GHM_MODELS_WEIGHTS_H
#define GHM_MODELS_WEIGHTS_H

#include "base/bytes.h"
#include "models/model.h"

enum { WEIGHTS_HEADER_BYTES = 24, WEIGHTS_ID_AT = 8, WEIGHTS_HASHED_FROM = 16, WEIGHTS_NAME_BYTES = 16 };

/* Fill a model whose kernels are chosen and whose other fields are zero; on failure it is to be closed. `unpacked`, if
 * not NULL, receives the plain weights in file order.
 * GHM_OK, GHM_ERR_MEMORY, GHM_ERR_MODEL with a sentence of its own for each violation of WEIGHTS.md. */
ghm_status weights_read(ghm_model *model, const uint8_t *data, size_t size, bytes_writer *unpacked, ghm_diagnostics *diag);

/* The same from what model_unpack() wrote. */
ghm_status weights_read_unpacked(ghm_model *model, const uint8_t *data, size_t size, ghm_diagnostics *diag);

#endif
