/* fixed.h - the rounding rules of the exact zone. Everything a decoder computes goes through these functions; they are
 * normative (BITSTREAM.md, "Arithmetic") and every faster kernel must return the same integers.
 *
 * Right shifts of negative integers are arithmetic in every compiler this project supports (gcc, clang); the assertion
 * below refuses one where they are not. */
#ifndef GHM_BASE_FIXED_H
#define GHM_BASE_FIXED_H

#include <stdint.h>

_Static_assert((-5 >> 1) == -3, "the exact zone needs arithmetic right shifts");

/* Largest accumulator a layer may reach; proven for every layer when weights are loaded. */
#define FIXED_ACC_MAX INT32_MAX

static inline int fixed_clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

static inline int16_t fixed_sat16(int64_t v)
{
    return (int16_t)(v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v);
}

/* Round half up: floor(v / 2^shift + 1/2), shift 1..62. */
static inline int64_t fixed_round_shift(int64_t v, int shift)
{
    return (v + ((int64_t)1 << (shift - 1))) >> shift;
}

/* acc * multiplier / 2^31, rounded half up, without saturation. 0 <= multiplier < 2^31, so |result| <= |acc|. */
static inline int32_t fixed_requantize(int32_t acc, int32_t multiplier_q31)
{
    return (int32_t)fixed_round_shift((int64_t)acc * multiplier_q31, 31);
}

/* Leaky ReLU of slope 1/8. */
static inline int16_t fixed_leaky_relu(int16_t v)
{
    return v >= 0 ? v : (int16_t)((v + 4) >> 3);
}

/* 2^(x / 4096) in Q20, for -10 * 4096 <= x <= 11 * 4096 (arguments outside are clamped): 64 steps an octave from a
 * table, straight lines between, rounded half up. Within half a unit of Q20 and a relative error of 2e-5. */
uint32_t fixed_exp2_q20(int32_t x_q12);

#endif
