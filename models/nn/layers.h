/* layers.h - the layers of the networks, and the table of kernels that compute them.
 *
 * Layout: NHWC. A "row" is n positions of c channels, contiguous: (n, c). Exact-zone activations are int16 with a fixed
 * binary point per tensor (WEIGHTS.md); tolerant-zone activations are float.
 *
 * Exact zone, for every output channel o of a linear layer (1x1 convolution):
 *
 *     acc    = bias[o] + sum_i weight[o][i] * x[i]                    int32; cannot overflow, see linear_check()
 *     v      = fixed_requantize(acc, multiplier[o])                   acc * multiplier / 2^31, rounded half up
 *     y[o]   = sat16(v)                                               NN_PLAIN
 *              fixed_leaky_relu(sat16(v))                             NN_LEAKY_RELU
 *              sat16(residual[o] + v)                                 NN_RESIDUAL
 *
 * nn/ref/ holds the portable C, which is the definition; every other implementation returns the same integers. */
#ifndef GHM_NN_LAYERS_H
#define GHM_NN_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum nn_epilogue { NN_PLAIN, NN_LEAKY_RELU, NN_RESIDUAL } nn_epilogue;

/* Exact zone: c_in and c_out are multiples of 8, at most 4096. */
typedef struct nn_linear {
    size_t c_out, c_in;
    const int16_t *weight;     /* (c_out, c_in), int8 values unless the layer is stored with 16 bits; NULL once packed, but for gs */
    const int32_t *bias;       /* (c_out) */
    const int32_t *multiplier; /* (c_out), Q31, 0 <= m < 2^31; a caller with a gain passes its own to linear() */
    void *packed;              /* weights as the kernel family wants them, made by pack(); NULL when it needs none */
} nn_linear;

/* Exact zone: one 3x3 filter a channel, c a multiple of 8; weight (3, 3, c). Requantized like a linear layer, NN_PLAIN. */
typedef struct nn_depthwise {
    size_t c;
    const int8_t *weight;
    const int32_t *bias;
    const int32_t *multiplier;
} nn_depthwise;

/* Kernels of one backend. `scratch` is at least scratch_bytes(layer, n) bytes, 64-byte aligned. */
typedef struct nn_kernels {
    const char *name;
    /* Bytes of the packed form (0: none) and packing into that many 64-byte aligned bytes. */
    size_t (*packed_bytes)(const nn_linear *layer);
    void (*pack)(const nn_linear *layer, void *packed);
    size_t (*scratch_bytes)(const nn_linear *layer, size_t n);
    /* x: (n, c_in), y: (n, c_out), residual: (n, c_out) for NN_RESIDUAL and may be y itself, else NULL.
     * x and y do not overlap. multiplier: (c_out), usually layer->multiplier. */
    void (*linear)(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                   const int16_t *residual, nn_epilogue epilogue, void *scratch);
    /* Outputs at columns first, first + step, ... < width, written densely to y. rows[0..2]: (width, c), the rows above,
     * at and below; NULL stands for a row of zeros. Columns outside 0..width-1 are zeros. step is 1 or 2. */
    void (*depthwise)(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t first, size_t step,
                      int16_t *y);
} nn_kernels;

extern const nn_kernels nn_kernels_c;    /* nn/ref/exact_c.c */
extern const nn_kernels nn_kernels_blas; /* nn/exact_blas.c */
#if defined(GHM_HAVE_X86)
extern const nn_kernels nn_kernels_avx2;    /* nn/x86/exact_avx2.c */
extern const nn_kernels nn_kernels_avxvnni; /* nn/x86/exact_avxvnni.c */
extern const nn_kernels nn_kernels_avx512;  /* nn/x86/exact_avx512.c */
#endif
#if defined(GHM_HAVE_ARM64)
extern const nn_kernels nn_kernels_neon;    /* nn/arm/exact_neon.c */
extern const nn_kernels nn_kernels_dotprod; /* nn/arm/exact_dotprod.c */
#endif

/* True when no input can overflow the accumulator: for every output |bias| + 32768 * sum |weight| <= 2^31 - 1. No weight
 * of a linear layer may be -32768, so that a kernel may negate one, and no multiplier negative. Kernels rely on it and
 * check nothing. */
bool linear_check(const nn_linear *layer);
bool depthwise_check(const nn_depthwise *layer);

/* Tolerant zone: float. y = act(W x + b) [+ residual]. c_out is a multiple of 8. */
typedef struct nn_linear_f32 {
    size_t c_out, c_in;
    const float *weight; /* (c_out, c_in); NULL once packed */
    const float *bias;
    float *packed;       /* as for nn_linear */
} nn_linear_f32;
/* c is a multiple of 8. */
typedef struct nn_depthwise_f32 {
    size_t c;
    const float *weight; /* (3, 3, c) */
    const float *bias;
} nn_depthwise_f32;

/* Results of different tables differ by rounding. Arguments as in nn_kernels. */
typedef struct nn_float_kernels {
    const char *name;
    size_t (*packed_bytes)(const nn_linear_f32 *layer);
    void (*pack)(const nn_linear_f32 *layer, float *packed);
    void (*linear)(const nn_linear_f32 *layer, const float *x, size_t n, float *y, const float *residual,
                   nn_epilogue epilogue);
    void (*depthwise)(const nn_depthwise_f32 *layer, const float *const rows[3], size_t width, float *y);
} nn_float_kernels;

extern const nn_float_kernels nn_float_kernels_c; /* nn/ref/float_c.c */
#if defined(GHM_HAVE_X86)
extern const nn_float_kernels nn_float_kernels_avx2;   /* nn/x86/float_avx2.c */
extern const nn_float_kernels nn_float_kernels_avx512; /* nn/x86/float_avx512.c */
#endif
#if defined(GHM_HAVE_ARM64)
extern const nn_float_kernels nn_float_kernels_neon; /* nn/arm/float_neon.c */
#endif

#endif
