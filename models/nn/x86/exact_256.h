/* exact_256.h - exact-zone layers in vectors of 256 bits, once for AVX2 and once for AVX-VNNI. The same integers as
 * nn/ref/exact_c.c. The including file defines
 *   NAME(function), ISA_NAME      a name with the instruction set's suffix, and the instruction set's own
 *   multiply_add(acc, a, b)       eight times acc + a[2k] * b[2k] + a[2k+1] * b[2k+1], int16 in, int32 out
 *
 * linear_check() bounds the sum of the magnitudes of the bias and all products of an output by 2^31 - 1; every pair and
 * every partial sum below, whatever the order, is within that bound, so no sum wraps. (If one did, sums modulo 2^32 would
 * still be right in the end, because the whole sum fits.) */
#include <string.h>

#include "models/nn/exact.h"
#include "models/nn/sparse.h"
#include "models/nn/tiles.h"

static __m256i load256(const void *from)
{
    return _mm256_loadu_si256(from);
}

static __m128i load128(const void *from)
{
    return _mm_loadu_si128(from);
}

/* ------------------------------------------------------------------------------------------ requantization */

/* Multipliers of eight outputs; mul_epi32 reads the even ones, so the odd ones are kept moved down as well. */
typedef struct multipliers {
    __m256i even, odd;
} multipliers;

static multipliers multipliers_set(__m256i m)
{
    return (multipliers){m, _mm256_srli_epi64(m, 32)};
}

/* fixed_requantize() of eight sums. The product is exact in 64 bits and the result fits 32 (fixed.h), so only bits 31 to
 * 62 matter: a right shift by 31 brings them to the even places, a left shift by one to the odd ones. */
ALWAYS_INLINE __m256i requantize(__m256i acc, multipliers m)
{
    const __m256i half = _mm256_set1_epi64x(1 << 30);
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(acc, m.even), half);
    const __m256i odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(acc, 32), m.odd), half);
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_add_epi64(odd, odd), 0xAA);
}

/* fixed_leaky_relu() of sixteen. For v < 0 the second is the larger; for v >= 0 it is not, or has wrapped below zero. */
static __m256i leaky_relu(__m256i v)
{
    return _mm256_max_epi16(v, _mm256_srai_epi16(_mm256_add_epi16(v, _mm256_set1_epi16(4)), 3));
}

/* residual + v for eight outputs. Limiting v to 17 bits keeps the sum in int32 and changes no saturated result:
 * from there on no residual brings it back into int16. */
static __m256i add_residual(__m256i v, __m128i residual)
{
    const __m256i limited =
        _mm256_max_epi32(_mm256_min_epi32(v, _mm256_set1_epi32(65535)), _mm256_set1_epi32(-65536));
    return _mm256_add_epi32(limited, _mm256_cvtepi16_epi32(residual));
}

/* sat16() of 2 x 8, in order: packs works within 128-bit halves, the permutation puts them right. */
static __m256i saturate(__m256i low, __m256i high)
{
    return _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
}

/* ------------------------------------------------------------------------------------------ linear
 *
 * Packed weights: the form of sparse.h, with all blocks for a dense layer; tiles of 16 outputs (the last may have 8), in a
 * tile pair of inputs by pair, in a pair output by output:
 *
 *     tile 0:  w[0][0] w[0][1]   w[1][0] w[1][1]   ...   w[15][0] w[15][1]     one vector: 8 outputs x 2 inputs
 *              w[0][2] w[0][3]   w[1][2] w[1][3]   ...   w[15][2] w[15][3]
 *
 * A block of 4 positions by one tile is summed in 8 of the 16 registers; weights, inputs (a pair broadcast) and products
 * take the others. A step is 6 loads, 8 pmaddwd and 8 paddd: loads for three cycles, and work for four on the two
 * multipliers of Zen 4 and Zen 5, or for five and a third on the three vector ports of Intel since Haswell. 6 positions
 * would load less, but need every register there is, and compilers then spill; measured on Zen 5, 4 positions reach nine
 * tenths of the pmaddwd peak and 6 reach half. Tiles outside, positions inside: a tile of weights (32 c_in bytes) stays
 * in the first-level cache while the positions go by. */

enum { TILE_VECTORS = 2, TILE_OUTPUTS = 8 * TILE_VECTORS, BLOCK_POSITIONS = 4, UNROLL_PAIRS = 4 };

/* What a block needs to know; the pointers are those of the tile's first output. */
typedef struct tile {
    size_t c_in, c_out;
    const int16_t *weight; /* packed */
    const uint16_t *input; /* of the n_blocks blocks of 4 inputs */
    size_t n_blocks;
    bool is_dense;         /* they are all inputs in order */
    __m256i bias[TILE_VECTORS];
    multipliers multiplier[TILE_VECTORS];
    nn_epilogue epilogue;
} tile;

/* Blocks of zeros, in percent, from which skipping them is faster (PERFORMANCE.md). */
#ifndef SPARSE_PERCENT
#define SPARSE_PERCENT 10
#endif

static size_t NAME(packed_bytes)(const nn_linear *layer)
{
    const sparse_form form = sparse_form_of(layer, SPARSE_PERCENT);
    return sparse_index_bytes(layer, form.n_blocks) + form.n_blocks * SPARSE_OUTPUTS * SPARSE_INPUTS * sizeof(int16_t);
}

static void NAME(pack)(const nn_linear *layer, void *packed)
{
    int16_t *to = sparse_write_index(layer, sparse_form_of(layer, SPARSE_PERCENT), packed);
    const sparse_view view = sparse_find(layer, packed);
    for (size_t g = 0; g < sparse_groups(layer); g++)
        for (size_t b = view.first[g]; b < view.first[g + 1]; b++)
            for (size_t ic = view.input[b]; ic < view.input[b] + (size_t)SPARSE_INPUTS; ic += 2)
                for (size_t i = 0; i < sparse_outputs(layer, g); i++, to += 2)
                    memcpy(to, layer->weight + (g * SPARSE_OUTPUTS + i) * layer->c_in + ic, 2 * sizeof *to);
}

ALWAYS_INLINE __m256i broadcast_pair(const int16_t *x)
{
    int32_t pair;
    memcpy(&pair, x, sizeof pair);
    return _mm256_set1_epi32(pair);
}

/* acc += products, with a line drawn under it: left alone, gcc reorders the sums of several steps and spills. */
ALWAYS_INLINE void accumulate(__m256i *acc, __m256i a, __m256i b)
{
    *acc = multiply_add(*acc, a, b);
    __asm__("" : "+x"(*acc));
}

/* acc[p][v] += one pair of inputs. positions and vectors are constants where this is inlined, and so below. */
ALWAYS_INLINE void add_pair(__m256i acc[BLOCK_POSITIONS][TILE_VECTORS], const int16_t *weight, const int16_t *x,
                            size_t c_in, int positions, int vectors)
{
    __m256i w[TILE_VECTORS];
    for (int v = 0; v < vectors; v++)
        w[v] = load256(weight + 16 * v);
    for (int p = 0; p < positions; p++) {
        const __m256i pair = broadcast_pair(x + p * c_in);
        for (int v = 0; v < vectors; v++)
            accumulate(&acc[p][v], pair, w[v]);
    }
}

/* One position's outputs of a tile from their sums. */
ALWAYS_INLINE void finish(const tile *t, const __m256i acc[TILE_VECTORS], int16_t *y, const int16_t *residual,
                          int vectors)
{
    __m256i v[TILE_VECTORS];
    for (int i = 0; i < vectors; i++) {
        v[i] = requantize(acc[i], t->multiplier[i]);
        if (t->epilogue == NN_RESIDUAL)
            v[i] = add_residual(v[i], load128(residual + 8 * i));
    }
    __m256i out = saturate(v[0], v[vectors - 1]);
    if (t->epilogue == NN_LEAKY_RELU)
        out = leaky_relu(out);
    if (vectors == 2)
        _mm256_storeu_si256((__m256i *)y, out);
    else
        _mm_storeu_si128((__m128i *)y, _mm256_castsi256_si128(out));
}

ALWAYS_INLINE void block(const tile *t, const int16_t *x, int16_t *y, const int16_t *residual, int positions,
                         int vectors)
{
    __m256i acc[BLOCK_POSITIONS][TILE_VECTORS];
    for (int p = 0; p < positions; p++)
        for (int v = 0; v < vectors; v++)
            acc[p][v] = t->bias[v];

    const int16_t *weight = t->weight;
    if (t->is_dense)
        for (size_t ic = 0; ic < t->c_in; ic += 2 * UNROLL_PAIRS)
            for (int k = 0; k < UNROLL_PAIRS; k++, weight += 16 * vectors)
                add_pair(acc, weight, x + ic + 2 * k, t->c_in, positions, vectors);
    else
        for (size_t b = 0; b < t->n_blocks; b++)
            for (size_t k = 0; k < SPARSE_INPUTS; k += 2, weight += 16 * vectors)
                add_pair(acc, weight, x + t->input[b] + k, t->c_in, positions, vectors);

    for (int p = 0; p < positions; p++)
        finish(t, acc[p], y + p * t->c_out, residual_at(residual, p * t->c_out), vectors);
}

/* n positions of one tile. */
ALWAYS_INLINE void all_blocks(const tile *t, const int16_t *x, size_t n, int16_t *y, const int16_t *residual,
                              int vectors)
{
    for (; n >= BLOCK_POSITIONS; n -= BLOCK_POSITIONS) {
        block(t, x, y, residual, BLOCK_POSITIONS, vectors);
        x += BLOCK_POSITIONS * t->c_in;
        y += BLOCK_POSITIONS * t->c_out;
        if (residual)
            residual += BLOCK_POSITIONS * t->c_out;
    }
    switch (n) {
    case 3: block(t, x, y, residual, 3, vectors); break;
    case 2: block(t, x, y, residual, 2, vectors); break;
    case 1: block(t, x, y, residual, 1, vectors); break;
    }
}

static void NAME(linear_s16)(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                            const int16_t *residual, nn_epilogue epilogue, void *scratch)
{
    (void)scratch;
    const sparse_view view = sparse_find(layer, layer->packed);
    for (size_t g = 0, first = 0; g < sparse_groups(layer); g++, first += TILE_OUTPUTS) {
        const int vectors = (int)(sparse_outputs(layer, g) / 8);
        const size_t block = view.first[g];
        tile t = {.c_in = layer->c_in, .c_out = layer->c_out, .epilogue = epilogue, .input = view.input + block,
                  .n_blocks = view.first[g + 1] - block, .weight = view.weight + block * SPARSE_OUTPUTS * SPARSE_INPUTS};
        t.is_dense = t.n_blocks * SPARSE_INPUTS == t.c_in;
        for (int v = 0; v < vectors; v++) {
            t.bias[v] = load256(layer->bias + first + 8 * v);
            t.multiplier[v] = multipliers_set(load256(multiplier + first + 8 * v));
        }
        if (vectors == 2)
            all_blocks(&t, x, n, y + first, residual_at(residual, first), 2);
        else
            all_blocks(&t, x, n, y + first, residual_at(residual, first), 1);
    }
}

/* ------------------------------------------------------------------------------------------ depthwise
 *
 * Sixteen channels at a time, from left to right. Taps go in pairs through multiply_add(): unpacking two gives
 * (a0 b0 a1 b1 ...), once for channels 0-3 and 8-11 ("low") and once for 4-7 and 12-15 ("high"), which is also the order
 * in which packs_epi32 puts them together again. A column makes two pairs, which serve all outputs that look at it:
 *
 *     top     rows 0 and 1 of this column
 *     bottom  row 2 of the column before and of this one
 *
 * Column x of the output takes the tops of columns x - 1, x, x + 1, the bottom of x, and the second half of that of x + 1.
 * Weights are int8, so a pair of products is below 2^23. */

enum { GROUP = 16 };

typedef struct vector_pair {
    __m256i low, high;
} vector_pair;

typedef struct column {
    vector_pair top, bottom;
    __m256i row_2;
} column;

typedef struct group {
    vector_pair top[3], bottom[2], bias;
    multipliers low, high;
} group;

ALWAYS_INLINE vector_pair interleave(__m256i a, __m256i b)
{
    return (vector_pair){_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)};
}

/* Sixteen int32 in the order of interleave(). */
static vector_pair load_interleaved(const int32_t *from)
{
    const __m256i a = load256(from), b = load256(from + 8);
    return (vector_pair){_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31)};
}

static group group_load(const nn_depthwise *layer, size_t ch)
{
    group g = {.bias = load_interleaved(layer->bias + ch)};
    const vector_pair m = load_interleaved(layer->multiplier + ch);
    g.low = multipliers_set(m.low);
    g.high = multipliers_set(m.high);

    __m256i tap[9];
    for (size_t i = 0; i < 9; i++)
        tap[i] = _mm256_cvtepi8_epi16(load128(layer->weight + i * layer->c + ch));
    for (size_t kx = 0; kx < 3; kx++)
        g.top[kx] = interleave(tap[kx], tap[3 + kx]);
    g.bottom[0] = interleave(tap[6], tap[7]);
    g.bottom[1] = interleave(_mm256_setzero_si256(), tap[8]);
    return g;
}

/* Column x of rows that start at the channels worked on, zeros outside; row_2 is that of the column before. */
ALWAYS_INLINE column column_load(const int16_t *const rows[3], size_t c, size_t width, size_t x, __m256i row_2)
{
    __m256i tap[3] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    if (x < width) /* -1 wraps to a number no width reaches */
        for (size_t ky = 0; ky < 3; ky++)
            if (rows[ky])
                tap[ky] = load256(rows[ky] + x * c);
    return (column){interleave(tap[0], tap[1]), interleave(row_2, tap[2]), tap[2]};
}

ALWAYS_INLINE void add_products(vector_pair *acc, vector_pair x, const vector_pair *weight)
{
    acc->low = multiply_add(acc->low, x.low, weight->low);
    acc->high = multiply_add(acc->high, x.high, weight->high);
}

ALWAYS_INLINE __m256i filter_3x3(const group *g, const column *left, const column *middle, const column *right)
{
    vector_pair acc = g->bias;
    add_products(&acc, left->top, &g->top[0]);
    add_products(&acc, middle->top, &g->top[1]);
    add_products(&acc, right->top, &g->top[2]);
    add_products(&acc, middle->bottom, &g->bottom[0]);
    add_products(&acc, right->bottom, &g->bottom[1]);
    return _mm256_packs_epi32(requantize(acc.low, g->low), requantize(acc.high, g->high));
}

/* Outputs first, first + step, ... below `end`, for the channels of g. step is a constant where this is inlined. */
ALWAYS_INLINE void filter_columns(const group *g, const int16_t *const rows[3], size_t c, size_t width, size_t first,
                                  size_t end, size_t step, int16_t *y)
{
    column left = column_load(rows, c, width, first - 1, _mm256_setzero_si256());
    column middle = column_load(rows, c, width, first, left.row_2);
    for (size_t ox = first; ox < end; ox += step, y += c) {
        const column right = column_load(rows, c, width, ox + 1, middle.row_2);
        _mm256_storeu_si256((__m256i *)y, filter_3x3(g, &left, &middle, &right));
        left = step == 1 ? middle : right;
        middle = step == 1 ? right : column_load(rows, c, width, ox + 2, right.row_2);
    }
}

/* All channels of a strip of columns. */
static void filter_strip(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t first, size_t end,
                         size_t step, int16_t *y)
{
    const size_t c = layer->c;
    for (size_t at = 0; at < c; at += GROUP) {
        const size_t ch = at + GROUP <= c ? at : c - GROUP; /* the last group may compute eight channels again */
        const int16_t *const from[3] = {rows[0] ? rows[0] + ch : NULL, rows[1] ? rows[1] + ch : NULL,
                                        rows[2] ? rows[2] + ch : NULL};
        const group g = group_load(layer, ch);
        if (step == 1)
            filter_columns(&g, from, c, width, first, end, 1, y + ch);
        else
            filter_columns(&g, from, c, width, first, end, 2, y + ch);
    }
}

static void NAME(depthwise_s16)(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t first,
                                size_t step, int16_t *y)
{
    const size_t c = layer->c, strip = depthwise_strip_outputs(c);
    if (c < GROUP) {
        depthwise_s16_c(layer, rows, width, first, step, y);
        return;
    }
    for (size_t begin = first; begin < width; begin += strip * step, y += strip * c) {
        const size_t end = begin + strip * step < width ? begin + strip * step : width;
        filter_strip(layer, rows, width, begin, end, step, y);
    }
}

const nn_kernels NAME(nn_kernels) = {
    .name = ISA_NAME,
    .packed_bytes = NAME(packed_bytes),
    .pack = NAME(pack),
    .scratch_bytes = no_scratch_bytes,
    .linear = NAME(linear_s16),
    .depthwise = NAME(depthwise_s16),
};
