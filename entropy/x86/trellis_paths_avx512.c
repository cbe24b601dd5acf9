/* trellis_paths_avx512.c - 32 states in a vector, 256 in eight registers. */
#include <immintrin.h>
#include <string.h>

#include "cost_bytes.h"

enum { LANES = 32, VECTORS = DQ_N_STATES / LANES };

trellis_extend_function trellis_extend_avx512;

typedef struct constants {
    __m512i to_zero[VECTORS / 2], to_one[VECTORS / 2]; /* cost_bytes */
    __m512i first, second;                             /* how the states that w = 0 and w = 1 lead to are interleaved */
} constants;

static void make_constants(constants *c)
{
    const cost_bytes bytes = make_cost_bytes();
    int16_t first[LANES], second[LANES];
    for (int i = 0; i < LANES; i++) {
        first[i] = (int16_t)(i / 2 + i % 2 * LANES);
        second[i] = (int16_t)(first[i] + LANES / 2);
    }
    memcpy(c->to_zero, bytes.to_zero, sizeof bytes.to_zero);
    memcpy(c->to_one, bytes.to_one, sizeof bytes.to_one);
    memcpy(&c->first, first, sizeof first);
    memcpy(&c->second, second, sizeof second);
}

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE void rebase(__m512i path[VECTORS])
{
    __m512i least = path[0];
    for (int v = 1; v < VECTORS; v++)
        least = _mm512_min_epi16(least, path[v]);
    const __m256i of_16 = _mm256_min_epi16(_mm512_castsi512_si256(least), _mm512_extracti64x4_epi64(least, 1));
    const __m128i of_8 = _mm_min_epi16(_mm256_castsi256_si128(of_16), _mm256_extracti128_si256(of_16, 1));
    const __m512i base = _mm512_broadcastw_epi16(_mm_minpos_epu16(of_8)); /* none is below 0 */
    for (int v = 0; v < VECTORS; v++)
        path[v] = _mm512_sub_epi16(path[v], base);
}

ALWAYS_INLINE void extend_by_one(const constants *c, __m512i path[VECTORS], const int16_t cost[DQ_N_QUANTIZERS][2], uint8_t *from)
{
    __m512i next[VECTORS];
    int64_t four;
    memcpy(&four, cost, sizeof four);
    const __m512i costs = _mm512_set1_epi64(four);
    for (int v = 0; v < VECTORS / 2; v++) {
        const __m512i to_zero = _mm512_shuffle_epi8(costs, c->to_zero[v]), to_one = _mm512_shuffle_epi8(costs, c->to_one[v]);
        const __m512i lower = path[v], upper = path[v + VECTORS / 2];
        const __m512i a0 = _mm512_add_epi16(lower, to_zero), b0 = _mm512_add_epi16(upper, to_one);
        const __m512i a1 = _mm512_add_epi16(lower, to_one), b1 = _mm512_add_epi16(upper, to_zero);
        const __m512i least0 = _mm512_min_epi16(a0, b0), least1 = _mm512_min_epi16(a1, b1);
        const __m256i origins = _mm256_or_si256(_mm256_maskz_set1_epi8(_mm512_cmplt_epi16_mask(b0, a0), 1),
                                                _mm256_maskz_set1_epi8(_mm512_cmplt_epi16_mask(b1, a1), 2));
        next[2 * v] = _mm512_permutex2var_epi16(least0, c->first, least1);
        next[2 * v + 1] = _mm512_permutex2var_epi16(least0, c->second, least1);
        _mm256_storeu_si256((__m256i *)(from + v * LANES), origins);
    }
    for (int v = 0; v < VECTORS; v++)
        path[v] = next[v];
}

void trellis_extend_avx512(int16_t path[DQ_N_STATES], const trellis_costs *cost, trellis_origins *from, size_t n)
{
    constants c;
    __m512i in_registers[VECTORS];

    make_constants(&c);
    memcpy(in_registers, path, sizeof in_registers);
    for (size_t i = 0; i < n;) {
        rebase(in_registers);
        for (int k = 0; k < TRELLIS_EXTENSIONS && i < n; k++, i++)
            extend_by_one(&c, in_registers, cost[i], from[i]);
    }
    rebase(in_registers);
    memcpy(path, in_registers, sizeof in_registers);
}
