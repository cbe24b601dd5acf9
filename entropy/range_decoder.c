#include "range_decoder.h"

uint32_t range_decoder_short_word(const uint8_t *p, const uint8_t *end)
{
    uint32_t word = 0;
    for (int shift = 24; p < end; shift -= 8)
        word |= (uint32_t)*p++ << shift;
    return word;
}

static uint32_t next_word(range_decoder *d)
{
    const size_t left = range_decoder_bytes_left(d), n = left < 4 ? left : 4;
    const uint32_t word = range_decoder_short_word(d->p, d->p + n);
    d->p += n;
    return word;
}

void range_decoder_init(range_decoder *d, const uint8_t *data, size_t size)
{
    static const uint8_t nothing[1]; /* no arithmetic on the NULL that an empty stream may be */
    const uint8_t *const p = size > 0 ? data : nothing;
    *d = (range_decoder){ .code = 0, .range = UINT64_MAX, .p = p, .end = p + size, .damaged = false };
    d->code = (uint64_t)next_word(d) << 32;
    d->code |= next_word(d);
}
