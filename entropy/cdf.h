/* cdf.h - tables of probabilities for integers, and coding with them (RANGE_CODER.md, "Symbols with escape"). */
#ifndef GHM_ENTROPY_CDF_H
#define GHM_ENTROPY_CDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entropy/range_decoder.h"
#include "entropy/range_encoder.h"

enum {
    CDF_PRECISION = 16,
    CDF_MIN_LENGTH = 2,   /* one value and the escape */
    CDF_MAX_LENGTH = 4096,
    CDF_BUCKET_SHIFT = 9, /* the search for a symbol starts from one of 2^(16 - 9) entry points */
    CDF_N_BUCKETS = 1 << (CDF_PRECISION - CDF_BUCKET_SHIFT)
};

/* A table for the values cdf_offset .. cdf_offset + cdf_length - 2; the last entry is the escape. Entry i owns
 * [cdf[i], cdf[i + 1]) of 2^16; cdf[cdf_length] would be 2^16 and is stored as 0, which differences modulo 2^16 do not
 * notice. Read-only once built, and safe to share. */
typedef struct cdf_table {
    const uint16_t *cdf;    /* cdf_length + 1 entries */
    const uint16_t *bucket; /* [v >> CDF_BUCKET_SHIFT]: the entry that owns the first v of the bucket */
    /* The most probable value stands apart: most symbols are decoded without another look at memory. */
    uint32_t mode_cum, mode_frequency;
    int mode;
    int cdf_offset;
    uint32_t cdf_length;
} cdf_table;

/* Bytes of the arrays of a table. */
static inline size_t cdf_table_storage(size_t cdf_length)
{
    return (cdf_length + 1 + CDF_N_BUCKETS) * sizeof(uint16_t);
}

/* Make a table from untrusted numbers. False, and nothing written, unless cdf_length is CDF_MIN_LENGTH ..
 * CDF_MAX_LENGTH, all values fit int16, each of the cdf_length frequencies is at least 1 and their sum is 2^16.
 * `storage`, cdf_table_storage(cdf_length) bytes, stays the caller's and must outlive the table. */
bool cdf_table_init(cdf_table *t, int cdf_offset, const uint16_t *frequency, size_t cdf_length, uint16_t *storage);

static inline uint32_t cdf_frequency(const cdf_table *t, uint32_t entry)
{
    return (uint16_t)(t->cdf[entry + 1] - t->cdf[entry]);
}

/* The entry that owns v < 2^16. The buckets leave few steps: entries of less than one bucket's probability are rare. */
static inline uint32_t cdf_find(const cdf_table *t, uint32_t v)
{
    uint32_t entry = t->bucket[v >> CDF_BUCKET_SHIFT];
    while ((uint16_t)(t->cdf[entry + 1] - 1) < v) /* the last v of the entry, also where the end is stored as 0 */
        entry++;
    return entry;
}

/* Code any int16 value. */
void cdf_encode(const cdf_table *t, range_encoder *e, int symbol);

/* Ideal code length of an int16 value in bits, escape code included; float, for the encoder's decisions. */
float cdf_bits(const cdf_table *t, int symbol);

/* What follows an escape. On damage sets d->damaged and returns 0. */
int cdf_decode_escaped(const cdf_table *t, range_decoder *d);

/* Decode a value; 0 for ever after damage (d->damaged). */
static inline int cdf_decode(const cdf_table *t, range_decoder *d)
{
    if (d->damaged)
        return 0;
    const uint64_t r = d->range >> CDF_PRECISION;
    const uint64_t mode_offset = r * t->mode_cum, mode_range = r * t->mode_frequency;
    if (d->code - mode_offset < mode_range) { /* a code below wraps around and fails too */
        range_decoder_narrow(d, mode_offset, mode_range);
        return t->mode;
    }
    const uint32_t entry = cdf_find(t, range_decode_target(d, CDF_PRECISION));
    range_decoder_narrow(d, r * t->cdf[entry], r * cdf_frequency(t, entry));
    if (entry + 1 < t->cdf_length)
        return t->cdf_offset + (int)entry;
    range_decoder copy = *d; /* so that the address of *d does not escape and a caller's loop keeps it in registers */
    const int symbol = cdf_decode_escaped(t, &copy);
    *d = copy;
    return symbol;
}

#endif
