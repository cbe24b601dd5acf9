/* trellis_paths_avx2.c - 16 states in a vector, 256 in two arrays that take turns. */
#include <immintrin.h>
#include <string.h>

#include "cost_bytes.h"

enum { LANES = 16, VECTORS = TRELLIS_HALF / LANES };

trellis_extend_function trellis_extend_avx2;

static __m256i load(const int16_t *from) { return _mm256_loadu_si256((const __m256i *)from); }
static __m256i load_bytes(const uint8_t *from, size_t vector) { return _mm256_loadu_si256((const __m256i *)from + vector); }
static void store(int16_t *to, __m256i v) { _mm256_storeu_si256((__m256i *)to, v); }

static void rebase(int16_t path[DQ_N_STATES])
{
    __m256i least = load(path);
    for (unsigned i = LANES; i < DQ_N_STATES; i += LANES)
        least = _mm256_min_epi16(least, load(path + i));
    const __m128i of_8 = _mm_min_epi16(_mm256_castsi256_si128(least), _mm256_extracti128_si256(least, 1));
    const __m256i base = _mm256_broadcastw_epi16(_mm_minpos_epu16(of_8)); /* none is below 0 */
    for (unsigned i = 0; i < DQ_N_STATES; i += LANES)
        store(path + i, _mm256_sub_epi16(load(path + i), base));
}

/* States 2j and 2j + 1 of 16 j: path[32]. -> trellis_origins of them, in int16 */
static inline __m256i extend_16(const int16_t *path, int16_t *next, __m256i to_zero, __m256i to_one)
{
    const __m256i lower = load(path), upper = load(path + TRELLIS_HALF);
    const __m256i a0 = _mm256_add_epi16(lower, to_zero), b0 = _mm256_add_epi16(upper, to_one);
    const __m256i a1 = _mm256_add_epi16(lower, to_one), b1 = _mm256_add_epi16(upper, to_zero);
    const __m256i least0 = _mm256_min_epi16(a0, b0), least1 = _mm256_min_epi16(a1, b1);
    const __m256i first = _mm256_unpacklo_epi16(least0, least1), second = _mm256_unpackhi_epi16(least0, least1);

    store(next, _mm256_permute2x128_si256(first, second, 0x20));
    store(next + LANES, _mm256_permute2x128_si256(first, second, 0x31));
    return _mm256_or_si256(_mm256_and_si256(_mm256_cmpgt_epi16(a0, b0), _mm256_set1_epi16(1)),
                           _mm256_and_si256(_mm256_cmpgt_epi16(a1, b1), _mm256_set1_epi16(2)));
}

void trellis_extend_avx2(int16_t path[DQ_N_STATES], const trellis_costs *cost, trellis_origins *from, size_t n)
{
    const cost_bytes bytes = make_cost_bytes();
    int16_t other[DQ_N_STATES], *now = path, *next = other;

    for (size_t i = 0; i < n; i++) {
        int64_t four;
        memcpy(&four, cost[i], sizeof four);
        const __m256i costs = _mm256_set1_epi64x(four);
        if (i % TRELLIS_EXTENSIONS == 0)
            rebase(now);
        for (unsigned v = 0; v < VECTORS; v += 2) {
            __m256i origins[2];
            for (unsigned k = 0; k < 2; k++)
                origins[k] = extend_16(now + (v + k) * LANES, next + 2 * (v + k) * LANES,
                                       _mm256_shuffle_epi8(costs, load_bytes(bytes.to_zero, v + k)),
                                       _mm256_shuffle_epi8(costs, load_bytes(bytes.to_one, v + k)));
            const __m256i packed = _mm256_packus_epi16(origins[0], origins[1]);
            _mm256_storeu_si256((__m256i *)(from[i] + v * LANES), _mm256_permute4x64_epi64(packed, 0xd8));
        }
        int16_t *swap = now;
        now = next;
        next = swap;
    }
    rebase(now);
    if (now != path)
        memcpy(path, now, sizeof other);
}
