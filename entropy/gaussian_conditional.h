/* gaussian_conditional.h - y given its hyper-latent: every element has a scale index, which names its CDF table.
 *
 * Most latents of a picture are almost surely zero. Elements whose scale index is below n_skipped are not coded at all:
 * the symbol is 0, known to both sides. Ballé et al., "Variational image compression with a scale hyperprior" (2018),
 * eq. 6 ff.; the skipping is common practice since.
 *
 * Symbols are those of dependent_quantizer.h: each of its quantizers has tables of its own. A pass is coded in rows, and *state is
 * where its machine is: DQ_START before the first. Elements that are not coded leave it where it is. */
#ifndef GHM_ENTROPY_GAUSSIAN_CONDITIONAL_H
#define GHM_ENTROPY_GAUSSIAN_CONDITIONAL_H

#include <stddef.h>
#include <stdint.h>

#include "entropy/cdf.h"

enum { GAUSSIAN_MAX_SCALES = 128 }; /* a scale index has 7 bits, which the search for coded elements relies on */

typedef struct gaussian_conditional {
    const cdf_table *tables; /* [quantizer * n_scales + scale index]; the first n_skipped of either are never looked at */
    size_t n_scales;         /* 1..GAUSSIAN_MAX_SCALES */
    size_t n_skipped;        /* 0..n_scales */
} gaussian_conditional;

/* Code a row of n elements. Each scale_index[i] is below n_scales; symbol[i] is 0 where scale_index[i] < n_skipped. The
 * symbols become what gaussian_decode_row() makes of them. */
void gaussian_encode_row(const gaussian_conditional *g, range_encoder *e, unsigned *state, const uint8_t *scale_index,
                         int16_t *symbol, size_t n);

/* Decode a row of n elements: points in half steps, saturated to int16; zeros from the first damaged one on (d->damaged). */
void gaussian_decode_row(const gaussian_conditional *g, range_decoder *d, unsigned *state, const uint8_t *scale_index,
                         int16_t *point, size_t n);

/* What an ideal coder would spend on the symbols of a row that begins in this state, in bits. */
double gaussian_bits_of_row(const gaussian_conditional *g, unsigned state, const uint8_t *scale_index, const int16_t *symbol,
                            size_t n);

#endif
