/* gaussian_conditional.h - y given its hyper-latent: every element has a scale index, which names its CDF table.
 *
 * Most latents of a picture are almost surely zero. Elements whose scale index is below n_skipped are not coded at all:
 * the symbol is 0, known to both sides. Ballé et al., "Variational image compression with a scale hyperprior" (2018),
 * eq. 6 ff.; the skipping is common practice since. */
#ifndef GHM_ENTROPY_GAUSSIAN_CONDITIONAL_H
#define GHM_ENTROPY_GAUSSIAN_CONDITIONAL_H

#include <stddef.h>
#include <stdint.h>

#include "entropy/cdf.h"

enum { GAUSSIAN_MAX_SCALES = 128 }; /* a scale index has 7 bits, which the search for coded elements relies on */

typedef struct gaussian_conditional {
    const cdf_table *tables; /* by scale index, at most GAUSSIAN_MAX_SCALES; the first n_skipped are never looked at */
    size_t n_skipped;        /* 0..GAUSSIAN_MAX_SCALES */
} gaussian_conditional;

/* Code n elements. Each scale_index[i] has a table; symbol[i] is 0 where scale_index[i] < n_skipped. */
void gaussian_encode_row(const gaussian_conditional *g, range_encoder *e, const uint8_t *scale_index,
                         const int16_t *symbol, size_t n);

/* Decode n elements; zeros from the first damaged one on (d->damaged). */
void gaussian_decode_row(const gaussian_conditional *g, range_decoder *d, const uint8_t *scale_index, int16_t *symbol,
                         size_t n);

#endif
