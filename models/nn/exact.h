/* exact.h - what the portable exact-zone kernels have in common. */
#ifndef GHM_NN_EXACT_H
#define GHM_NN_EXACT_H

#include "base/fixed.h"
#include "models/nn/layers.h"

/* From the accumulator of one output to its value; the equations of layers.h. residual is read for NN_RESIDUAL only. */
static inline int16_t exact_finish(int32_t acc, int32_t multiplier, const int16_t *residual, nn_epilogue epilogue)
{
    const int64_t v = fixed_requantize(acc, multiplier);
    switch (epilogue) {
    case NN_LEAKY_RELU: return fixed_leaky_relu(fixed_sat16(v));
    case NN_RESIDUAL: return fixed_sat16(*residual + v);
    default: return fixed_sat16(v);
    }
}

/* residual + at; a residual that is not there has no address to add to. */
static inline const int16_t *residual_at(const int16_t *residual, size_t at)
{
    return residual ? residual + at : NULL;
}

/* nn_kernels.scratch_bytes of kernels that need none: 0. */
size_t no_scratch_bytes(const nn_linear *layer, size_t n);

void depthwise_s16_c(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t first, size_t step,
                     int16_t *y);

#endif
