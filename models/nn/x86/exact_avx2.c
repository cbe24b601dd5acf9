/* exact_avx2.c - exact-zone layers for AVX2: pmaddwd and paddd. Of all inputs only four times -32768 overflows pmaddwd, and
 * no weight is -32768 (linear_check; those of 3x3 filters are int8). */
#include <immintrin.h>

#define NAME(function) function##_avx2
#define ISA_NAME "avx2"
#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE __m256i multiply_add(__m256i acc, __m256i a, __m256i b)
{
    return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
}

#include "models/nn/x86/exact_256.h"
