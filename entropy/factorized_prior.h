/* factorized_prior.h - z: every channel has its own CDF table, whatever the position (the "entropy bottleneck" of Ballé
 * et al., "Variational image compression with a scale hyperprior", 2018, appendix 6.1), for what is left of a symbol when its
 * neighbours to the left and above have predicted it.
 *
 * The tables come from a bank which channels and qualities share; the caller picks a table_index[n_channels] by quality. */
#ifndef GHM_ENTROPY_FACTORIZED_PRIOR_H
#define GHM_ENTROPY_FACTORIZED_PRIOR_H

#include <stddef.h>
#include <stdint.h>

#include "entropy/cdf.h"

/* Weights of the neighbours in 1/64, |west| + |north| <= FACTORIZED_ONE, so that no prediction leaves int16. */
typedef struct factorized_weight {
    int8_t west, north;
} factorized_weight;

enum { FACTORIZED_ONE = 64 };

typedef struct factorized_prior {
    const cdf_table *bank;
    const uint8_t *table_index;      /* by channel, into the bank */
    const factorized_weight *weight; /* by channel */
    size_t n_channels;
} factorized_prior;

/* Code symbols (h, w, n_channels), within +-FACTORIZED_MAX_SYMBOL. */
enum { FACTORIZED_MAX_SYMBOL = 16000 };
void factorized_encode(const factorized_prior *prior, range_encoder *e, const int16_t *symbol, size_t h, size_t w);

/* Decode as many, saturated to int16; predictions alone from the first damaged one on (d->damaged). */
void factorized_decode(const factorized_prior *prior, range_decoder *d, int16_t *symbol, size_t h, size_t w);

/* What an ideal coder would spend on them, in bits. */
double factorized_bits(const factorized_prior *prior, const int16_t *symbol, size_t h, size_t w);

#endif
