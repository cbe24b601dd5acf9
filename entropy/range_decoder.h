/* range_decoder.h - bytes in, symbols out (RANGE_CODER.md, "Decoder"). In the header because nothing is hotter. */
#ifndef GHM_ENTROPY_RANGE_DECODER_H
#define GHM_ENTROPY_RANGE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any bytes decode to something: nothing outside [p, end) is read, zeros follow the end. `damaged` is set, once and for
 * all, by an escape code that no encoder writes (cdf.h). */
typedef struct range_decoder {
    uint64_t code, range;
    const uint8_t *p, *end;
    bool damaged;
} range_decoder;

/* The bytes stay the caller's and must outlive the decoder. */
void range_decoder_init(range_decoder *d, const uint8_t *data, size_t size);

static inline bool range_decoder_damaged(const range_decoder *d) { return d->damaged; }

/* Input bytes not looked at. What an encoder wrote is looked at to its last byte, so that anything left after the last
 * symbol is surplus. */
static inline size_t range_decoder_bytes_left(const range_decoder *d) { return (size_t)(d->end - d->p); }

/* A big-endian word of the at most 4 bytes in [p, end), zeros appended. */
uint32_t range_decoder_short_word(const uint8_t *p, const uint8_t *end);

/* Keep [offset, offset + range) of the present interval, and refill. */
static inline void range_decoder_narrow(range_decoder *d, uint64_t offset, uint64_t range)
{
    d->code -= offset;
    d->range = range;
    if (range >= (uint64_t)1 << 32)
        return;
    uint32_t word;
    if (range_decoder_bytes_left(d) >= 4) {
        word = (uint32_t)d->p[0] << 24 | (uint32_t)d->p[1] << 16 | (uint32_t)d->p[2] << 8 | d->p[3];
        d->p += 4;
    } else {
        word = range_decoder_short_word(d->p, d->end);
        d->p = d->end;
    }
    d->code = d->code << 32 | word;
    d->range <<= 32;
}

/* The v of the specification: the next symbol is the one with cum_lo <= v < cum_hi. precision 1..16. */
static inline uint32_t range_decode_target(const range_decoder *d, int precision)
{
    const uint64_t v = d->code / (d->range >> precision);
    const uint32_t last = (1u << precision) - 1;
    return v < last ? (uint32_t)v : last;
}

/* Consume the symbol found for the target. */
static inline void range_decode_update(range_decoder *d, uint32_t cum_lo, uint32_t cum_hi, int precision)
{
    const uint64_t r = d->range >> precision;
    range_decoder_narrow(d, r * cum_lo, r * (cum_hi - cum_lo));
}

/* n raw bits, n 1..16. */
static inline uint32_t range_decode_bits(range_decoder *d, int n)
{
    const uint32_t v = range_decode_target(d, n);
    range_decode_update(d, v, v + 1, n);
    return v;
}

#endif
