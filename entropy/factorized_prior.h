/* factorized_prior.h - z: every channel has its own CDF table, whatever the position (the "entropy bottleneck" of Ballé
 * et al., "Variational image compression with a scale hyperprior", 2018, appendix 6.1).
 *
 * The tables come from a bank which channels and qualities share; the caller picks a table_index[n_channels] by quality. */
#ifndef GHM_ENTROPY_FACTORIZED_PRIOR_H
#define GHM_ENTROPY_FACTORIZED_PRIOR_H

#include <stddef.h>
#include <stdint.h>

#include "entropy/cdf.h"

typedef struct factorized_prior {
    const cdf_table *bank;
    const uint8_t *table_index; /* by channel, into the bank */
    size_t n_channels;
} factorized_prior;

/* Code n_positions x n_channels values, channel fastest. */
void factorized_encode(const factorized_prior *prior, range_encoder *e, const int16_t *symbol, size_t n_positions);

/* Decode as many; zeros from the first damaged one on (d->damaged). */
void factorized_decode(const factorized_prior *prior, range_decoder *d, int16_t *symbol, size_t n_positions);

#endif
