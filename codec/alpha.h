/* alpha.h - the alpha of a band, without loss or with errors up to a bound (BITSTREAM.md, "Alpha"). */
#ifndef GHM_CODEC_ALPHA_H
#define GHM_CODEC_ALPHA_H

#include "base/bytes.h"
#include "colour.h"

/* The step of errors for a quality of 0..100: 1, no loss, or the next odd number that keeps errors within
 * max (100 - quality) / 800. */
int alpha_step(double quality, unsigned bit_depth);

/* The largest error of a chunk with loss, as it says itself; 0 when it is too short. */
unsigned alpha_error(const uint8_t *payload, size_t size);

/* Append the coded alpha of the first n_rows rows of an image that has alpha. With a step above 1 the chunk is one with loss,
 * errors are at most step / 2, and the alpha of the image is replaced by what a decoder will have; 0 and max stay as they are. */
ghm_status alpha_encode(const ghm_image *image, size_t n_rows, int step, bytes_writer *out, ghm_diagnostics *diag);

/* Decode the alpha of a band, from a chunk without or with loss, into the first n_rows rows of an image that has alpha; its
 * colours are left as they are. GHM_OK, GHM_ERR_BITSTREAM, GHM_ERR_MEMORY, GHM_ERR_LIMIT. */
ghm_status alpha_decode(const uint8_t *payload, size_t size, bool lossy, const ghm_image *to, size_t n_rows,
                        memory_source *source, ghm_diagnostics *diag);

#endif
