#include "gaussian_conditional.h"

#include <assert.h>
#include <string.h>

#include "base/fixed.h"
#include "dependent_quantizer.h"

static const cdf_table *table_of(const gaussian_conditional *g, unsigned state, size_t scale_index)
{
    return &g->tables[dq_quantizer(state) * g->n_scales + scale_index];
}

void gaussian_encode_row(const gaussian_conditional *g, range_encoder *e, unsigned *state, const uint8_t *scale_index,
                         int16_t *symbol, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert(scale_index[i] < g->n_scales);
        assert(scale_index[i] >= g->n_skipped || symbol[i] == 0);
        if (scale_index[i] < g->n_skipped)
            continue;
        const int k = symbol[i];
        cdf_encode(table_of(g, *state, scale_index[i]), e, k);
        symbol[i] = fixed_sat16(dq_point(*state, k));
        *state = dq_next(*state, k);
    }
}

double gaussian_bits_of_row(const gaussian_conditional *g, unsigned state, const uint8_t *scale_index, const int16_t *symbol,
                            size_t n)
{
    double bits = 0;
    for (size_t i = 0; i < n; i++)
        if (scale_index[i] >= g->n_skipped) {
            bits += cdf_bits(table_of(g, state, scale_index[i]), symbol[i]);
            state = dq_next(state, symbol[i]);
        }
    return bits;
}

static uint64_t load_little_endian(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Bit i set where index[i] >= n_skipped, for 8 indices at once. Indices are below 128 and n_skipped is at most 128,
 * so the sums stay inside their bytes and reach bit 7 exactly where wanted; the product gathers the bits 7 into one byte. */
static uint64_t coded_of_8(const uint8_t *index, size_t n_skipped)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t sums = load_little_endian(index) + ones * (128 - n_skipped);
    return ((sums >> 7 & ones) * 0x0102040810204080u) >> 56;
}

/* The same for up to 64 indices. */
static uint64_t coded_of_64(const uint8_t *index, size_t n, size_t n_skipped)
{
    uint64_t coded = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        coded |= coded_of_8(index + i, n_skipped) << i;
    for (; i < n; i++)
        coded |= (uint64_t)(index[i] >= n_skipped) << i;
    return coded;
}

void gaussian_decode_row(const gaussian_conditional *g, range_decoder *d, unsigned *state, const uint8_t *scale_index,
                         int16_t *point, size_t n)
{
    range_decoder local_decoder = *d; /* in registers, as the stores to point[] cannot change them */
    unsigned local_state = *state;
    memset(point, 0, n * sizeof *point);
    for (size_t start = 0; start < n; start += 64) {
        const size_t n_here = n - start < 64 ? n - start : 64;
        uint64_t coded = coded_of_64(scale_index + start, n_here, g->n_skipped);
        for (; coded; coded &= coded - 1) {
            const size_t i = start + (size_t)__builtin_ctzll(coded);
            const int symbol = cdf_decode(table_of(g, local_state, scale_index[i]), &local_decoder);
            point[i] = fixed_sat16(dq_point(local_state, symbol));
            local_state = dq_next(local_state, symbol);
        }
    }
    *d = local_decoder;
    *state = local_state;
}
