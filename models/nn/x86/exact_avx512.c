/* exact_avx512.c - exact-zone layers for AVX-512 with VNNI. The same integers as nn/ref/exact_c.c.
 *
 * The work is done by vpdpwssd: sixteen times acc += weight[2k] * x[2k] + weight[2k+1] * x[2k+1], int16 in, int32 out,
 * without saturation (that is vpdpwssds). linear_check() bounds the sum of the magnitudes of the bias and all products of
 * an output by 2^31 - 1, so no partial sum wraps, whatever the order.
 *
 * Channels come in eights: the last vector of sixteen may be half used, and masks keep loads and stores inside. */
#include <immintrin.h>
#include <string.h>

#include "models/nn/exact.h"
#include "models/nn/tiles.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { LANES = 16 };

/* ------------------------------------------------------------------------------------------ requantization */

/* fixed_requantize() of sixteen sums. The product is exact in 64 bits and the result fits 32 (fixed.h), so only bits 31
 * to 62 matter: a right shift by 31 brings them to the even places, a left shift by one to the odd ones. */
ALWAYS_INLINE __m512i requantize(__m512i acc, __m512i multiplier)
{
    const __m512i half = _mm512_set1_epi64(1 << 30);
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(acc, multiplier), half);
    const __m512i odd =
        _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(acc, 32), _mm512_srli_epi64(multiplier, 32)), half);
    return _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 31), _mm512_add_epi64(odd, odd));
}

/* fixed_leaky_relu() of sixteen. For v < 0 the second is the larger; for v >= 0 it is not, or has wrapped below zero. */
ALWAYS_INLINE __m256i leaky_relu(__m256i v)
{
    return _mm256_max_epi16(v, _mm256_srai_epi16(_mm256_add_epi16(v, _mm256_set1_epi16(4)), 3));
}

/* residual + v. Limiting v to 17 bits keeps the sum in int32 and changes no saturated result: from there on no residual
 * brings it back into int16. */
ALWAYS_INLINE __m512i add_residual(__m512i v, __m256i residual)
{
    const __m512i limited =
        _mm512_max_epi32(_mm512_min_epi32(v, _mm512_set1_epi32(65535)), _mm512_set1_epi32(-65536));
    return _mm512_add_epi32(limited, _mm512_cvtepi16_epi32(residual));
}

/* ------------------------------------------------------------------------------------------ linear
 *
 * Packed weights: tiles of at most 4 vectors of 16 outputs; in a tile pair of inputs by pair, in a pair output by output,
 * with zeros for the outputs that fill up the last vector:
 *
 *     w[0][0] w[0][1]   w[1][0] w[1][1]   ...   w[15][0] w[15][1]     one vector: 16 outputs x 2 inputs
 *
 * A block of 4 positions by one tile is summed in 16 of the 32 registers; weights and an input (a pair broadcast) take five
 * others. Zen 5 does two vpdpwssd and two loads a cycle and waits four cycles for a sum, so a block needs 8 sums, and
 * fewer loads than products. 6 positions were slower when measured; a step of one pair at a time is a quarter slower. */

enum { TILE_VECTORS = 4, BLOCK_POSITIONS = 4, UNROLL_PAIRS = 2 };

/* What a block needs to know; the pointers are those of the tile's first output. */
typedef struct tile {
    size_t c_in, c_out;
    const int16_t *weight; /* packed */
    __m512i bias[TILE_VECTORS], multiplier[TILE_VECTORS];
    __mmask16 outputs[TILE_VECTORS]; /* those that exist */
    nn_epilogue epilogue;
} tile;

static size_t packed_bytes_avx512(const nn_linear *layer)
{
    return vectors_of(layer->c_out, LANES) * LANES * layer->c_in * sizeof(int16_t);
}

static void pack_avx512(const nn_linear *layer, void *packed)
{
    static const int16_t zeros[2];
    const size_t n = vectors_of(layer->c_out, LANES);
    int16_t *to = packed;
    for (size_t first = 0, vectors; first < n; first += vectors) {
        vectors = tile_vectors(n - first, TILE_VECTORS);
        for (size_t ic = 0; ic < layer->c_in; ic += 2)
            for (size_t oc = first * LANES; oc < (first + vectors) * LANES; oc++, to += 2)
                memcpy(to, oc < layer->c_out ? layer->weight + oc * layer->c_in + ic : zeros, sizeof zeros);
    }
}

static size_t scratch_bytes_avx512(const nn_linear *layer, size_t n)
{
    (void)layer;
    (void)n;
    return 0;
}

ALWAYS_INLINE __m512i broadcast_pair(const int16_t *x)
{
    int32_t pair;
    memcpy(&pair, x, sizeof pair);
    return _mm512_set1_epi32(pair);
}

/* acc[p][v] += one pair of inputs. positions and vectors are constants where this is inlined, and so below. */
ALWAYS_INLINE void add_pair(__m512i acc[BLOCK_POSITIONS][TILE_VECTORS], const int16_t *weight, const int16_t *x,
                            size_t c_in, size_t positions, size_t vectors)
{
    __m512i w[TILE_VECTORS];
    for (size_t v = 0; v < vectors; v++)
        w[v] = _mm512_loadu_si512(weight + 2 * LANES * v);
    for (size_t p = 0; p < positions; p++) {
        const __m512i pair = broadcast_pair(x + p * c_in);
        for (size_t v = 0; v < vectors; v++)
            acc[p][v] = _mm512_dpwssd_epi32(acc[p][v], pair, w[v]);
    }
}

/* One position's outputs of a tile from their sums. */
ALWAYS_INLINE void finish(const tile *t, const __m512i acc[TILE_VECTORS], int16_t *y, const int16_t *residual,
                          size_t vectors)
{
    for (size_t i = 0; i < vectors; i++) {
        __m512i v = requantize(acc[i], t->multiplier[i]);
        if (t->epilogue == NN_RESIDUAL)
            v = add_residual(v, _mm256_maskz_loadu_epi16(t->outputs[i], residual + LANES * i));
        __m256i out = _mm512_cvtsepi32_epi16(v);
        if (t->epilogue == NN_LEAKY_RELU)
            out = leaky_relu(out);
        _mm256_mask_storeu_epi16(y + LANES * i, t->outputs[i], out);
    }
}

ALWAYS_INLINE void block(const tile *t, const int16_t *x, int16_t *y, const int16_t *residual, size_t positions,
                         size_t vectors)
{
    __m512i acc[BLOCK_POSITIONS][TILE_VECTORS];
    for (size_t p = 0; p < positions; p++)
        for (size_t v = 0; v < vectors; v++)
            acc[p][v] = t->bias[v];

    const int16_t *weight = t->weight;
    for (size_t ic = 0; ic < t->c_in; ic += 2 * UNROLL_PAIRS)
        for (size_t k = 0; k < UNROLL_PAIRS; k++, weight += 2 * LANES * vectors)
            add_pair(acc, weight, x + ic + 2 * k, t->c_in, positions, vectors);

    for (size_t p = 0; p < positions; p++)
        finish(t, acc[p], y + p * t->c_out, residual ? residual + p * t->c_out : NULL, vectors);
}

/* n positions of one tile; what is left after the blocks goes one by one. */
ALWAYS_INLINE void all_blocks(const tile *t, const int16_t *x, size_t n, int16_t *y, const int16_t *residual,
                              size_t vectors)
{
    size_t i = 0;
    for (; i + BLOCK_POSITIONS <= n; i += BLOCK_POSITIONS)
        block(t, x + i * t->c_in, y + i * t->c_out, residual ? residual + i * t->c_out : NULL, BLOCK_POSITIONS, vectors);
    for (; i < n; i++)
        block(t, x + i * t->c_in, y + i * t->c_out, residual ? residual + i * t->c_out : NULL, 1, vectors);
}

static __mmask16 lanes_below(size_t n)
{
    return (__mmask16)(n < LANES ? (1u << n) - 1 : 0xFFFF);
}

static tile tile_make(const nn_linear *layer, const int32_t *multiplier, nn_epilogue epilogue, size_t first,
                      size_t vectors)
{
    tile t = {.c_in = layer->c_in, .c_out = layer->c_out, .epilogue = epilogue};
    t.weight = (const int16_t *)layer->packed + first * layer->c_in;
    for (size_t v = 0; v < vectors; v++, first += LANES) {
        t.outputs[v] = lanes_below(layer->c_out - first);
        t.bias[v] = _mm512_maskz_loadu_epi32(t.outputs[v], layer->bias + first);
        t.multiplier[v] = _mm512_maskz_loadu_epi32(t.outputs[v], multiplier + first);
    }
    return t;
}

static void linear_s16_avx512(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                              const int16_t *residual, nn_epilogue epilogue, void *scratch)
{
    (void)scratch;
    const size_t n_all = vectors_of(layer->c_out, LANES);
    for (size_t done = 0, vectors; done < n_all; done += vectors) {
        vectors = tile_vectors(n_all - done, TILE_VECTORS);
        const size_t first = done * LANES;
        const tile t = tile_make(layer, multiplier, epilogue, first, vectors);
        const int16_t *const from = residual ? residual + first : NULL;
        switch (vectors) {
        case 4: all_blocks(&t, x, n, y + first, from, 4); break;
        case 3: all_blocks(&t, x, n, y + first, from, 3); break;
        case 2: all_blocks(&t, x, n, y + first, from, 2); break;
        default: all_blocks(&t, x, n, y + first, from, 1);
        }
    }
}

/* ------------------------------------------------------------------------------------------ depthwise
 *
 * Thirty-two channels at a time. Taps go in pairs through vpdpwssd: unpacking two taps gives (a0 b0 a1 b1 ...), in every
 * run of eight channels once for the first four ("low") and once for the others ("high"), which is also the order in which
 * packs_epi32 puts them together again. The ninth tap is paired with zeros. */

enum { GROUP = 2 * LANES, TAP_PAIRS = 5 };

typedef struct vector_pair {
    __m512i low, high;
} vector_pair;

typedef struct group {
    vector_pair weight[TAP_PAIRS], bias, multiplier;
    __mmask32 channels; /* those that exist */
} group;

ALWAYS_INLINE vector_pair interleave(__m512i a, __m512i b)
{
    return (vector_pair){_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)};
}

/* Thirty-two int32 in the order of interleave(). */
static vector_pair load_interleaved(const int32_t *from, __mmask32 channels)
{
    const __m512i a = _mm512_maskz_loadu_epi32((__mmask16)channels, from);
    const __m512i b = _mm512_maskz_loadu_epi32((__mmask16)(channels >> LANES), from + LANES);
    const __m512i low = _mm512_setr_epi64(0, 1, 4, 5, 8, 9, 12, 13), high = _mm512_setr_epi64(2, 3, 6, 7, 10, 11, 14, 15);
    return (vector_pair){_mm512_permutex2var_epi64(a, low, b), _mm512_permutex2var_epi64(a, high, b)};
}

static group group_load(const nn_depthwise *layer, size_t ch)
{
    const size_t left = layer->c - ch;
    group g = {.channels = left < GROUP ? (__mmask32)((1u << left) - 1) : 0xFFFFFFFFu};
    g.bias = load_interleaved(layer->bias + ch, g.channels);
    g.multiplier = load_interleaved(layer->multiplier + ch, g.channels);

    __m512i tap[2 * TAP_PAIRS];
    for (size_t i = 0; i < 9; i++)
        tap[i] = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(g.channels, layer->weight + i * layer->c + ch));
    tap[9] = _mm512_setzero_si512();
    for (size_t i = 0; i < TAP_PAIRS; i++)
        g.weight[i] = interleave(tap[2 * i], tap[2 * i + 1]);
    return g;
}

/* The nine taps around column ox of the channels of g, which start at rows[..][ch]; zeros outside. */
ALWAYS_INLINE void load_taps(const int16_t *const rows[3], size_t c, size_t width, size_t ox, size_t ch, __mmask32 channels,
                             __m512i tap[2 * TAP_PAIRS])
{
    for (size_t ky = 0; ky < 3; ky++)
        for (size_t kx = 0; kx < 3; kx++) {
            const size_t column = ox + kx - 1; /* -1 wraps to a number no width reaches */
            tap[ky * 3 + kx] = rows[ky] && column < width
                                   ? _mm512_maskz_loadu_epi16(channels, rows[ky] + column * c + ch)
                                   : _mm512_setzero_si512();
        }
    tap[9] = _mm512_setzero_si512();
}

ALWAYS_INLINE __m512i filter_3x3(const group *g, const __m512i tap[2 * TAP_PAIRS])
{
    vector_pair acc = g->bias;
    for (size_t i = 0; i < TAP_PAIRS; i++) {
        const vector_pair x = interleave(tap[2 * i], tap[2 * i + 1]);
        acc.low = _mm512_dpwssd_epi32(acc.low, x.low, g->weight[i].low);
        acc.high = _mm512_dpwssd_epi32(acc.high, x.high, g->weight[i].high);
    }
    return _mm512_packs_epi32(requantize(acc.low, g->multiplier.low), requantize(acc.high, g->multiplier.high));
}

static void depthwise_s16_avx512(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t first,
                                 size_t step, int16_t *y)
{
    const size_t c = layer->c;
    for (size_t ch = 0; ch < c; ch += GROUP) {
        const group g = group_load(layer, ch);
        int16_t *out = y + ch;
        for (size_t ox = first; ox < width; ox += step, out += c) {
            __m512i tap[2 * TAP_PAIRS];
            load_taps(rows, c, width, ox, ch, g.channels, tap);
            _mm512_mask_storeu_epi16(out, g.channels, filter_3x3(&g, tap));
        }
    }
}

const nn_kernels nn_kernels_avx512 = {
    .name = "avx512",
    .packed_bytes = packed_bytes_avx512,
    .pack = pack_avx512,
    .scratch_bytes = scratch_bytes_avx512,
    .linear = linear_s16_avx512,
    .depthwise = depthwise_s16_avx512,
};
