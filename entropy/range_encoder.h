/* range_encoder.h - symbols in, bytes out (RANGE_CODER.md, "Encoder"). */
#ifndef GHM_ENTROPY_RANGE_ENCODER_H
#define GHM_ENTROPY_RANGE_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The bytes written so far followed by `low`, read as one number, are the bottom of the interval that all symbols so
 * far have left; the interval is `range` wide. */
typedef struct range_encoder {
    bytes_writer *out;
    size_t start; /* where this stream begins in out; a carry never reaches the bytes before it */
    uint64_t low, range;
} range_encoder;

/* Begin a stream at the present end of `out`, which nobody else may write to until range_encoder_finish(). */
void range_encoder_init(range_encoder *e, bytes_writer *out);

/* Code the event that owns [cum_lo, cum_hi) of 2^precision. cum_lo < cum_hi <= 2^precision, precision 1..16. */
void range_encode(range_encoder *e, uint32_t cum_lo, uint32_t cum_hi, int precision);

/* Code n raw bits, n 1..16, value < 2^n. */
void range_encode_bits(range_encoder *e, uint32_t value, int n);

/* End the stream; its bytes are out->data[start .. size). False when memory ran out on the way: the bytes are then
 * useless, and out->failed stays set. */
bool range_encoder_finish(range_encoder *e);

#endif
