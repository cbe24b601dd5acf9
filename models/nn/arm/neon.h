/* neon.h - what the exact-zone kernels for AArch64 share.
 *
 * Two instructions fit the arithmetic as if made for it. sqrdmulh(a, b) is (2 a b + 2^31) >> 32, which is
 * fixed_requantize(): saturation needs two operands of -2^31, and multipliers are not negative. srshr rounds half up
 * without overflow inside, which is the shift of the leaky ReLU. */
#ifndef GHM_NN_ARM_NEON_H
#define GHM_NN_ARM_NEON_H

#include <arm_neon.h>

#include "models/nn/exact.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Eight outputs from their sums; residual is read for NN_RESIDUAL only. Where v is limited to 32 bits by the saturating
 * sum, no residual brings it back into int16. */
ALWAYS_INLINE int16x8_t finish_8(int32x4_t low, int32x4_t high, const int32_t *multiplier, const int16_t *residual,
                                 nn_epilogue epilogue)
{
    low = vqrdmulhq_s32(low, vld1q_s32(multiplier));
    high = vqrdmulhq_s32(high, vld1q_s32(multiplier + 4));
    if (epilogue == NN_RESIDUAL) {
        const int16x8_t r = vld1q_s16(residual);
        low = vqaddq_s32(low, vmovl_s16(vget_low_s16(r)));
        high = vqaddq_s32(high, vmovl_high_s16(r));
    }
    const int16x8_t v = vqmovn_high_s32(vqmovn_s32(low), high);
    /* For v < 0 the second is the larger; for v >= 0 it is not. */
    return epilogue == NN_LEAKY_RELU ? vmaxq_s16(v, vrshrq_n_s16(v, 3)) : v;
}

/* Of exact_neon.c, for layers whose weights need 16 bits. */
size_t packed_bytes_neon(const nn_linear *layer);
void pack_neon(const nn_linear *layer, void *packed);
void linear_s16_neon(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                     const int16_t *residual, nn_epilogue epilogue, void *scratch);
void depthwise_s16_neon(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t first, size_t step,
                        int16_t *y);

#endif
