/* float_neon.c - tolerant-zone layers for AArch64. 4 x 4 sums leave room for weights and inputs in 32 registers. */
#include <arm_neon.h>
#include <stddef.h>

#define NAME(function) function##_neon
#define ISA_NAME "neon"

#define TILE_VECTORS 4
enum { LANES = 4, BLOCK_POSITIONS = 4 };

typedef float32x4_t vec;

static inline vec vec_set1(float v) { return vdupq_n_f32(v); }
static inline vec vec_load(const float *from) { return vld1q_f32(from); }
static inline vec vec_mul(vec a, vec b) { return vmulq_f32(a, b); }
static inline vec vec_add(vec a, vec b) { return vaddq_f32(a, b); }
static inline vec vec_max(vec a, vec b) { return vmaxq_f32(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }

/* Channels come in eights: n is always 4. */
static inline vec vec_load_n(const float *from, size_t n) { (void)n; return vld1q_f32(from); }
static inline void vec_store_n(float *to, vec v, size_t n) { (void)n; vst1q_f32(to, v); }

#include "models/nn/float_body.h"
