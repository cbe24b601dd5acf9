/* alpha.h - the alpha of a band, without loss (BITSTREAM.md, "Alpha"). */
#ifndef GHM_CODEC_ALPHA_H
#define GHM_CODEC_ALPHA_H

#include "base/bytes.h"
#include "colour.h"

/* Append the coded alpha of rows first .. first + n_rows - 1 of an image that has alpha. */
ghm_status alpha_encode(const ghm_image *image, size_t first, size_t n_rows, bytes_writer *out, ghm_diagnostics *diag);

/* Decode the alpha of a band into rows 0 .. n_rows - 1 of an image that has alpha; its colours are left as they are.
 * GHM_OK, GHM_ERR_BITSTREAM, GHM_ERR_MEMORY, GHM_ERR_LIMIT. */
ghm_status alpha_decode(const uint8_t *payload, size_t size, const ghm_image *to, size_t n_rows, memory_source *source,
                        ghm_diagnostics *diag);

#endif
