#include "factorized_prior.h"

void factorized_encode(const factorized_prior *prior, range_encoder *e, const int16_t *symbol, size_t n_positions)
{
    for (size_t x = 0; x < n_positions; x++)
        for (size_t c = 0; c < prior->n_channels; c++)
            cdf_encode(&prior->bank[prior->table_index[c]], e, symbol[x * prior->n_channels + c]);
}

void factorized_decode(const factorized_prior *prior, range_decoder *d, int16_t *symbol, size_t n_positions)
{
    range_decoder local = *d; /* in registers, as the stores to symbol[] cannot change it */
    for (size_t x = 0; x < n_positions; x++)
        for (size_t c = 0; c < prior->n_channels; c++)
            symbol[x * prior->n_channels + c] = (int16_t)cdf_decode(&prior->bank[prior->table_index[c]], &local);
    *d = local;
}
