/* float_avx512.c - tolerant-zone layers for AVX-512. 4 x 4 sums leave room for weights and inputs in 32 registers. */
#include <immintrin.h>
#include <stddef.h>

#define NAME(function) function##_avx512
#define ISA_NAME "avx512"

#define TILE_VECTORS 4
enum { LANES = 16, BLOCK_POSITIONS = 4 };

typedef __m512 vec;

static inline vec vec_set1(float v) { return _mm512_set1_ps(v); }
static inline vec vec_load(const float *from) { return _mm512_loadu_ps(from); }
static inline vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static inline vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }

static inline __mmask16 lanes_below(size_t n) { return (__mmask16)((1u << n) - 1); }
static inline vec vec_load_n(const float *from, size_t n) { return _mm512_maskz_loadu_ps(lanes_below(n), from); }
static inline void vec_store_n(float *to, vec v, size_t n) { _mm512_mask_storeu_ps(to, lanes_below(n), v); }

#include "models/nn/float_body.h"
