/* adaptive_bit.h - a binary decision whose probability is learned while coding (RANGE_CODER.md, "Adaptive bits"). */
#ifndef GHM_ENTROPY_ADAPTIVE_BIT_H
#define GHM_ENTROPY_ADAPTIVE_BIT_H

#include <stdint.h>

#include "entropy/range_decoder.h"
#include "entropy/range_encoder.h"

enum { ADAPTIVE_BIT_FRACTION = 22, ADAPTIVE_BIT_MAX_SHIFT = 6 };

typedef struct adaptive_bit {
    uint32_t p_zero; /* probability of 0, in 2^-22: six bits more than are coded, so that it can creep to its ends */
    uint8_t n;       /* bits seen, up to where the shift stays */
} adaptive_bit;

#define ADAPTIVE_BIT_START ((adaptive_bit){ 1u << (ADAPTIVE_BIT_FRACTION - 1), 0 })

/* The frequency of 0 out of 2^16, 1..65535. */
static inline uint32_t adaptive_bit_frequency(const adaptive_bit *b)
{
    const uint32_t f = b->p_zero >> (ADAPTIVE_BIT_FRACTION - 16);
    return f > 0 ? f : 1;
}

/* Half the way towards what was seen at first, 1/64 of it in the end. */
static inline void adaptive_bit_learn(adaptive_bit *b, unsigned bit)
{
    const int shift = 31 - __builtin_clz(b->n + 2u); /* 1..6, as n stops at 62 */
    const int32_t target = bit ? 0 : 1 << ADAPTIVE_BIT_FRACTION, p = (int32_t)b->p_zero;
    b->p_zero = (uint32_t)(p + ((target - p) >> shift));
    b->n = (uint8_t)(b->n + (shift < ADAPTIVE_BIT_MAX_SHIFT));
}

static inline void adaptive_bit_encode(adaptive_bit *b, range_encoder *e, unsigned bit)
{
    const uint32_t f = adaptive_bit_frequency(b);
    range_encode(e, bit ? f : 0, bit ? 1u << 16 : f, 16);
    adaptive_bit_learn(b, bit);
}

static inline unsigned adaptive_bit_decode(adaptive_bit *b, range_decoder *d)
{
    const uint64_t r = d->range >> 16, border = r * adaptive_bit_frequency(b);
    const unsigned bit = d->code >= border;
    /* As range_decode_update(), without the division of range_decode_target(). */
    range_decoder_narrow(d, bit ? border : 0, bit ? (r << 16) - border : border);
    adaptive_bit_learn(b, bit);
    return bit;
}

#endif
