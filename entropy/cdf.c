#include "cdf.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

/* ------------------------------------------------------------------------------------------------ making tables */

static bool is_valid(int cdf_offset, const uint16_t *frequency, size_t cdf_length)
{
    if (cdf_length < CDF_MIN_LENGTH || cdf_length > CDF_MAX_LENGTH)
        return false;
    if (cdf_offset < INT16_MIN || cdf_offset > INT16_MAX - (int)(cdf_length - 2))
        return false;
    uint32_t sum = 0; /* at most 4096 * 65535 */
    for (size_t i = 0; i < cdf_length; i++) {
        if (frequency[i] == 0)
            return false;
        sum += frequency[i];
    }
    return sum == 1u << CDF_PRECISION;
}

static void fill_cdf(uint16_t *cdf, const uint16_t *frequency, size_t cdf_length)
{
    cdf[0] = 0;
    for (size_t i = 0; i < cdf_length; i++)
        cdf[i + 1] = (uint16_t)(cdf[i] + frequency[i]);
}

static void fill_buckets(uint16_t *bucket, const uint16_t *cdf)
{
    uint16_t entry = 0;
    for (uint32_t b = 0; b < CDF_N_BUCKETS; b++) {
        while ((uint16_t)(cdf[entry + 1] - 1) < b << CDF_BUCKET_SHIFT)
            entry++;
        bucket[b] = entry;
    }
}

/* The first of the most probable values; not the escape, so that cdf_decode() need not ask. */
static size_t find_mode(const uint16_t *frequency, size_t cdf_length)
{
    size_t mode = 0;
    for (size_t i = 1; i + 1 < cdf_length; i++)
        if (frequency[i] > frequency[mode])
            mode = i;
    return mode;
}

bool cdf_table_init(cdf_table *t, int cdf_offset, const uint16_t *frequency, size_t cdf_length, uint16_t *storage)
{
    if (!is_valid(cdf_offset, frequency, cdf_length))
        return false;
    uint16_t *const cdf = storage, *const bucket = storage + cdf_length + 1;
    fill_cdf(cdf, frequency, cdf_length);
    fill_buckets(bucket, cdf);
    const size_t mode = find_mode(frequency, cdf_length);
    *t = (cdf_table){ .cdf = cdf, .bucket = bucket, .mode_cum = cdf[mode], .mode_frequency = frequency[mode],
                      .mode = cdf_offset + (int)mode, .cdf_offset = cdf_offset, .cdf_length = (uint32_t)cdf_length };
    return true;
}

/* ------------------------------------------------------------------------------------------------ coding */

/* A value outside the table: the excess is k = rest - 1. Values and tables are inside int16, so rest < 2^16. */
typedef struct escape {
    uint32_t rest; /* k + 1, at least 1 */
    int log2_rest; /* 0..15 */
    bool below;
} escape;

enum { ESCAPE_LOG2_MAX = 15 };

static escape escape_make(const cdf_table *t, int symbol)
{
    const int hi = t->cdf_offset + (int)t->cdf_length - 2;
    escape x = { .below = symbol < t->cdf_offset };
    x.rest = (uint32_t)(x.below ? t->cdf_offset - symbol : symbol - hi);
    while (x.rest >> (x.log2_rest + 1))
        x.log2_rest++;
    return x;
}

/* The entry that codes the symbol: its own, or the escape. */
static uint32_t entry_of(const cdf_table *t, int symbol)
{
    assert(symbol >= INT16_MIN && symbol <= INT16_MAX);
    const uint32_t entry = (uint32_t)(symbol - t->cdf_offset), escape_entry = t->cdf_length - 1;
    return entry < escape_entry ? entry : escape_entry; /* below cdf_offset wraps around to the escape */
}

static void encode_escape(range_encoder *e, escape x)
{
    range_encode_bits(e, x.below, 1);
    for (int i = 0; i < x.log2_rest; i++)
        range_encode_bits(e, 1, 1);
    range_encode_bits(e, 0, 1);
    if (x.log2_rest > 0)
        range_encode_bits(e, x.rest - (1u << x.log2_rest), x.log2_rest);
}

void cdf_encode(const cdf_table *t, range_encoder *e, int symbol)
{
    const uint32_t entry = entry_of(t, symbol);
    range_encode(e, t->cdf[entry], t->cdf[entry] + cdf_frequency(t, entry), CDF_PRECISION);
    if (entry + 1 == t->cdf_length)
        encode_escape(e, escape_make(t, symbol));
}

float cdf_bits(const cdf_table *t, int symbol)
{
    const uint32_t entry = entry_of(t, symbol);
    const float bits = CDF_PRECISION - log2f((float)cdf_frequency(t, entry));
    return entry + 1 < t->cdf_length ? bits : bits + (float)(2 + 2 * escape_make(t, symbol).log2_rest);
}

static int refuse(range_decoder *d)
{
    d->damaged = true;
    return 0;
}

int cdf_decode_escaped(const cdf_table *t, range_decoder *d)
{
    const bool below = range_decode_bits(d, 1);
    int log2_rest = 0;
    while (range_decode_bits(d, 1))
        if (++log2_rest > ESCAPE_LOG2_MAX)
            return refuse(d);
    int rest = 1 << log2_rest;
    if (log2_rest > 0)
        rest += (int)range_decode_bits(d, log2_rest);
    const int hi = t->cdf_offset + (int)t->cdf_length - 2;
    const int symbol = below ? t->cdf_offset - rest : hi + rest;
    return symbol >= INT16_MIN && symbol <= INT16_MAX ? symbol : refuse(d);
}
