#include "factorized_prior.h"

#include "base/fixed.h"

/* The symbols of the positions to the left and above, each for the other where that does not exist. */
typedef struct neighbours {
    const int16_t *west, *north; /* NULL at the first position */
} neighbours;

static neighbours neighbours_of(const factorized_prior *prior, const int16_t *symbol, size_t y, size_t x, size_t w)
{
    const int16_t *west = x > 0 ? symbol - prior->n_channels : NULL, *north = y > 0 ? symbol - w * prior->n_channels : NULL;
    return (neighbours){ west ? west : north, north ? north : west };
}

/* Of channel c (BITSTREAM.md section 4). */
static int predict(const factorized_prior *prior, neighbours at, size_t c)
{
    const factorized_weight weight = prior->weight[c];
    return at.west ? (int)fixed_round_shift(weight.west * at.west[c] + weight.north * at.north[c], 6) : 0;
}

static const cdf_table *table_of(const factorized_prior *prior, size_t c) { return &prior->bank[prior->table_index[c]]; }

void factorized_encode(const factorized_prior *prior, range_encoder *e, const int16_t *symbol, size_t h, size_t w)
{
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++, symbol += prior->n_channels) {
            const neighbours at = neighbours_of(prior, symbol, y, x, w);
            for (size_t c = 0; c < prior->n_channels; c++)
                cdf_encode(table_of(prior, c), e, symbol[c] - predict(prior, at, c));
        }
}

void factorized_decode(const factorized_prior *prior, range_decoder *d, int16_t *symbol, size_t h, size_t w)
{
    range_decoder local = *d; /* in registers, as the stores to symbol[] cannot change it */
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++, symbol += prior->n_channels) {
            const neighbours at = neighbours_of(prior, symbol, y, x, w);
            for (size_t c = 0; c < prior->n_channels; c++)
                symbol[c] = fixed_sat16(predict(prior, at, c) + cdf_decode(table_of(prior, c), &local));
        }
    *d = local;
}

double factorized_bits(const factorized_prior *prior, const int16_t *symbol, size_t h, size_t w)
{
    double bits = 0;
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++, symbol += prior->n_channels) {
            const neighbours at = neighbours_of(prior, symbol, y, x, w);
            for (size_t c = 0; c < prior->n_channels; c++)
                bits += cdf_bits(table_of(prior, c), symbol[c] - predict(prior, at, c));
        }
    return bits;
}
