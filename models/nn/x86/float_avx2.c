/* float_avx2.c - tolerant-zone layers for AVX2 with FMA. 4 x 2 sums leave room for weights and inputs in 16 registers. */
#include <immintrin.h>
#include <stddef.h>

#define NAME(function) function##_avx2
#define ISA_NAME "avx2"

#define TILE_VECTORS 3
enum { LANES = 8, BLOCK_POSITIONS = 4 };

typedef __m256 vec;

static inline vec vec_set1(float v) { return _mm256_set1_ps(v); }
static inline vec vec_load(const float *from) { return _mm256_loadu_ps(from); }
static inline vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static inline vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static inline vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }

/* Channels come in eights: n is always 8. */
static inline vec vec_load_n(const float *from, size_t n) { (void)n; return _mm256_loadu_ps(from); }
static inline void vec_store_n(float *to, vec v, size_t n) { (void)n; _mm256_storeu_ps(to, v); }

#include "models/nn/float_body.h"
