#include "range_encoder.h"

#include <assert.h>

void range_encoder_init(range_encoder *e, bytes_writer *out)
{
    *e = (range_encoder){ .out = out, .start = out->size, .low = 0, .range = UINT64_MAX };
}

/* Add 1 to the number written so far. It cannot overflow: the interval never leaves the first one, [0, 2^64 - 1).
 * (After a failed write bytes are missing, and running into `start` is then harmless.) */
static void carry(range_encoder *e)
{
    uint8_t *const data = e->out->data;
    for (size_t i = e->out->size; i > e->start && ++data[i - 1] == 0; i--)
        ;
}

static void add_to_low(range_encoder *e, uint64_t v)
{
    e->low += v;
    if (e->low < v)
        carry(e);
}

static void put_big_endian(bytes_writer *out, uint32_t v)
{
    const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
    bytes_put(out, b, sizeof b);
}

void range_encode(range_encoder *e, uint32_t cum_lo, uint32_t cum_hi, int precision)
{
    assert(precision >= 1 && precision <= 16 && cum_lo < cum_hi && cum_hi <= 1u << precision);
    const uint64_t r = e->range >> precision;
    add_to_low(e, r * cum_lo);
    e->range = r * (cum_hi - cum_lo);
    if (e->range < (uint64_t)1 << 32) { /* once is enough: range >= r >= 2^16 here */
        put_big_endian(e->out, (uint32_t)(e->low >> 32));
        e->low <<= 32;
        e->range <<= 32;
    }
}

void range_encode_bits(range_encoder *e, uint32_t value, int n)
{
    range_encode(e, value, value + 1, n);
}

/* What to add to `low` to reach the value of [low, low + range) with the most trailing zero bits. All modulo 2^64: the
 * value may be 2^64, which is a carry and zeros. */
static uint64_t distance_to_roundest(uint64_t low, uint64_t range)
{
    uint64_t mask = UINT64_MAX; /* ones where the value is to have zeros */
    while (((0 - low) & mask) >= range)
        mask >>= 1;
    return (0 - low) & mask;
}

bool range_encoder_finish(range_encoder *e)
{
    bytes_writer *const out = e->out;
    add_to_low(e, distance_to_roundest(e->low, e->range));
    put_big_endian(out, (uint32_t)(e->low >> 32));
    put_big_endian(out, (uint32_t)e->low);
    if (out->failed)
        return false;
    while (out->size > e->start && out->data[out->size - 1] == 0)
        out->size--;
    return true;
}
