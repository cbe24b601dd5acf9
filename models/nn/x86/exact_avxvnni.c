/* exact_avxvnni.c - exact-zone layers for CPUs with AVX-VNNI and without AVX-512: vpdpwssd in 256 bits, which does not
 * saturate (that is vpdpwssds). */
#include <immintrin.h>

#define NAME(function) function##_avxvnni
#define ISA_NAME "avxvnni"
#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE __m256i multiply_add(__m256i acc, __m256i a, __m256i b)
{
    return _mm256_dpwssd_avx_epi32(acc, a, b);
}

#include "models/nn/x86/exact_256.h"
