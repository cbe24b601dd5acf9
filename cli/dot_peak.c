#include "dot_peak.h"

#include <stddef.h>
#include <stdint.h>

#include <gingham/gingham.h>

#include "progress.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define N_SUMS 10 /* enough to hide the latency of any of these instructions, few enough for 16 registers */
#define ROUND (2 * N_SUMS) /* instructions of a round */
#define N_ROUNDS 50000 /* less than a millisecond */
#define SECONDS 0.1

/* Runs N_ROUNDS rounds. What it returns depends on all sums, so that none is dropped. */
typedef int32_t round_loop(void);

typedef struct instruction {
    const char *name;
    ghm_backend backend;   /* what has it */
    double macs;           /* of one round */
    round_loop *loop;
} instruction;

/* -------------------------------------------------------------------------------------------------- loops */

/* The compiler must not see that an operand stays the same. */
#define HIDE(x, constraint) __asm__ volatile("" : "+" constraint(x))

#define DEFINE_LOOP(name, attributes, vector, zero, one, constraint, step, first) \
    attributes static int32_t name(void)                                          \
    {                                                                             \
        vector sums[N_SUMS], x = (one);                                           \
        for (int i = 0; i < N_SUMS; i++)                                          \
            sums[i] = (zero);                                                     \
        for (int round = 0; round < N_ROUNDS; round++) {                          \
            HIDE(x, constraint);                                                  \
            _Pragma("GCC unroll 20") /* all: sums have to stay in registers */    \
            for (int k = 0; k < ROUND; k++) {                                     \
                const int i = k % N_SUMS;                                         \
                sums[i] = (step);                                                 \
            }                                                                     \
        }                                                                         \
        int32_t result = 0;                                                       \
        for (int i = 0; i < N_SUMS; i++)                                          \
            result ^= (int32_t)(first);                                           \
        return result;                                                            \
    }

#if defined(__x86_64__)
#define AVX512 __attribute__((target("avx512f,avx512vnni")))
#define AVXVNNI __attribute__((target("avx2,avxvnni")))
#define AVX2 __attribute__((target("avx2,fma")))

DEFINE_LOOP(int16_avx512, AVX512, __m512i, _mm512_setzero_si512(), _mm512_set1_epi16(1), "v",
            _mm512_dpwssd_epi32(sums[i], x, x), _mm512_reduce_add_epi32(sums[i]))
DEFINE_LOOP(int16_avxvnni, AVXVNNI, __m256i, _mm256_setzero_si256(), _mm256_set1_epi16(1), "x",
            _mm256_dpwssd_avx_epi32(sums[i], x, x), _mm256_extract_epi32(sums[i], 0))

/* The product does not depend on the sum, so that its latency is hidden too. */
AVX2 static inline __m256i multiply_add(__m256i sum, __m256i *x)
{
    HIDE(*x, "x");
    return _mm256_add_epi32(sum, _mm256_madd_epi16(*x, *x));
}
DEFINE_LOOP(int16_avx2, AVX2, __m256i, _mm256_setzero_si256(), _mm256_set1_epi16(1), "x",
            multiply_add(sums[i], &x), _mm256_extract_epi32(sums[i], 0))

static const instruction instructions[] = {
    { "vpdpwssd zmm", GHM_BACKEND_AVX512, 32 * ROUND, int16_avx512 },
    { "vpdpwssd ymm", GHM_BACKEND_AVXVNNI, 16 * ROUND, int16_avxvnni },
    { "vpmaddwd, vpaddd ymm", GHM_BACKEND_AVX2, 16 * ROUND, int16_avx2 },
#elif defined(__aarch64__)
DEFINE_LOOP(int16_neon, , int32x4_t, vdupq_n_s32(0), vdupq_n_s32(1), "w",
            vmlal_s16(sums[i], vreinterpret_s16_s32(vget_low_s32(x)), vreinterpret_s16_s32(vget_low_s32(x))),
            vgetq_lane_s32(sums[i], 0))

/* A product of int16 and int8 takes two of int8. */
static inline int32x4_t sdot(int32x4_t sum, int32x4_t x)
{
    __asm__(".arch armv8.2-a+dotprod\n\tsdot %0.4s, %1.16b, %1.16b" : "+w"(sum) : "w"(x));
    return sum;
}
DEFINE_LOOP(int16_dotprod, , int32x4_t, vdupq_n_s32(0), vdupq_n_s32(1), "w", sdot(sums[i], x),
            vgetq_lane_s32(sums[i], 0))

static const instruction instructions[] = {
    { "sdot, two a product", GHM_BACKEND_DOTPROD, 8 * ROUND, int16_dotprod },
    { "smlal", GHM_BACKEND_NEON, 4 * ROUND, int16_neon },
#else
static const instruction instructions[] = {
#endif
    { NULL, GHM_BACKEND_C, 0, NULL }
};

/* What any compiler makes of the plainest loop. */
#define N_PORTABLE 64

static int32_t int16_portable(void)
{
    static int16_t x[N_PORTABLE];
    int32_t sums[N_PORTABLE] = { 0 }, result = 0;
    int16_t *p = x;
    for (int round = 0; round < N_ROUNDS; round++) {
        HIDE(p, "r");
        for (int i = 0; i < N_PORTABLE; i++)
            sums[i] += p[i] * p[i];
    }
    for (int i = 0; i < N_PORTABLE; i++)
        result ^= sums[i];
    return result;
}

/* -------------------------------------------------------------------------------------------------- measuring */

/* The fastest run counts: what slows the others is not this code. */
static double fastest_run(round_loop *loop)
{
    static volatile int32_t sink;
    const double start = clock_seconds();
    double fastest = 0, begin;
    do {
        begin = clock_seconds();
        sink = loop();
        const double seconds = clock_seconds() - begin;
        if (fastest == 0 || seconds < fastest)
            fastest = seconds;
    } while (begin - start < SECONDS);
    (void)sink;
    return fastest;
}

static dot_peak measure(const char *name, double macs, round_loop *loop)
{
    return (dot_peak){ name, 1e-9 * macs * N_ROUNDS / fastest_run(loop) };
}

dot_peak dot_peak_int16(void)
{
    for (const instruction *i = instructions; i->name; i++)
        if (ghm_backend_available(i->backend))
            return measure(i->name, i->macs, i->loop);
    return measure("portable C", N_PORTABLE, int16_portable);
}
