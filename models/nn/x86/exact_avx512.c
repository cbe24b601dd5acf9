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
#include "models/nn/sparse.h"
#include "models/nn/tiles.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { LANES = 16 };

/* ------------------------------------------------------------------------------------------ vectors in pairs
 *
 * Thirty-two outputs or channels live in two vectors of int32: in every run of eight the first four are in `low`, the
 * others in `high`. So unpacking sixteen-bit numbers makes them, and packs_epi32 puts them back in order, each without
 * moving anything between the quarters of a register. */

typedef struct vector_pair {
    __m512i low, high;
} vector_pair;

enum { PAIR = 2 * LANES };

/* Those of n lanes that exist when `left` are left. */
static __mmask32 lanes_below(size_t left)
{
    return left < PAIR ? (__mmask32)((1u << left) - 1) : 0xFFFFFFFFu;
}

static vector_pair load_pair(const int32_t *from, __mmask32 lanes)
{
    const __m512i a = _mm512_maskz_loadu_epi32((__mmask16)lanes, from);
    const __m512i b = _mm512_maskz_loadu_epi32((__mmask16)(lanes >> LANES), from + LANES);
    const __m512i low = _mm512_setr_epi64(0, 1, 4, 5, 8, 9, 12, 13), high = _mm512_setr_epi64(2, 3, 6, 7, 10, 11, 14, 15);
    return (vector_pair){_mm512_permutex2var_epi64(a, low, b), _mm512_permutex2var_epi64(a, high, b)};
}

ALWAYS_INLINE vector_pair interleave(__m512i a, __m512i b)
{
    return (vector_pair){_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)};
}

/* Thirty-two int16 with their signs extended. */
ALWAYS_INLINE vector_pair widen(__m512i v)
{
    return interleave(v, _mm512_srai_epi16(v, 15));
}

/* ------------------------------------------------------------------------------------------ requantization */

/* Multipliers of sixteen sums, doubled, so that the result of a product is its upper half. mul_epi32 reads the even
 * places; the odd ones are kept moved down as well. A multiplier from 2^30 on becomes negative when it is doubled: too
 * small by 2^32, which takes the sum itself from the upper half. Trained layers have none, so a branch sees to them. */
typedef struct multipliers {
    __m512i even, odd;
    __mmask16 too_small;
} multipliers;

static multipliers multipliers_make(__m512i m)
{
    const __m512i twice = _mm512_add_epi32(m, m);
    return (multipliers){twice, _mm512_srli_epi64(twice, 32), _mm512_movepi32_mask(twice)};
}

/* fixed_requantize() of sixteen sums, but for the multipliers that are too small. */
ALWAYS_INLINE __m512i requantize(__m512i acc, const multipliers *m)
{
    const __m512i half = _mm512_set1_epi64((int64_t)1 << 31);
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(acc, m->even), half);
    const __m512i odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(acc, 32), m->odd), half);
    return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

ALWAYS_INLINE __m512i add_missing(__m512i v, __m512i acc, const multipliers *m)
{
    return _mm512_mask_add_epi32(v, m->too_small, v, acc);
}

/* v where it may leave 31 bits, before a residual is added: from 17 bits on no residual brings it back into int16. */
ALWAYS_INLINE __m512i limit(__m512i v)
{
    return _mm512_max_epi32(_mm512_min_epi32(v, _mm512_set1_epi32(65535)), _mm512_set1_epi32(-65536));
}

/* fixed_leaky_relu() of thirty-two. For v < 0 the second is the larger; for v >= 0 it is not, or has wrapped below zero. */
ALWAYS_INLINE __m512i leaky_relu(__m512i v)
{
    return _mm512_max_epi16(v, _mm512_srai_epi16(_mm512_add_epi16(v, _mm512_set1_epi16(4)), 3));
}

/* ------------------------------------------------------------------------------------------ linear
 *
 * Packed weights: tiles of at most 4 vectors of 16 outputs, two by two in the order of a vector_pair, an odd one at the
 * end in order; in a tile pair of inputs by pair, in a pair output by output, with zeros for the outputs that fill up the
 * last vectors:
 *
 *     w[0][0] w[0][1]   w[1][0] w[1][1]   ...   one vector: 16 outputs x 2 inputs
 *
 * A block of 4 positions by one tile is summed in 16 of the 32 registers; weights and an input (a pair broadcast) take five
 * others. Zen 5 does two vpdpwssd and two loads a cycle and waits four cycles for a sum, so a block needs 8 sums, and
 * fewer loads than products. Six positions spill when compiled by gcc 12; a step of one pair
 * at a time is a quarter slower than one of four. */

enum { TILE_VECTORS = 4, BLOCK_POSITIONS = 4, UNROLL_PAIRS = 4 };

/* Blocks of zeros, in percent, from which skipping them is faster (PERFORMANCE.md): layers with few outputs gather for few. */
static size_t break_even(const nn_linear *layer)
{
#ifdef SPARSE_PERCENT
    return SPARSE_PERCENT; /* to measure it */
#endif
    return layer->c_out < 128 ? 60 : 40;
}

/* What a block needs to know; the pointers are those of the tile's first output. */
typedef struct tile {
    size_t c_in, c_out;
    const int16_t *weight; /* packed */
    __m512i bias[TILE_VECTORS];
    multipliers multiplier[TILE_VECTORS];
    bool any_too_small;
    __mmask32 outputs[TILE_VECTORS]; /* of the pair that begins with this vector, or of the odd one: those that exist */
    nn_epilogue epilogue;
} tile;

static size_t dense_bytes(const nn_linear *layer)
{
    return vectors_of(layer->c_out, LANES) * LANES * layer->c_in * sizeof(int16_t);
}

static size_t sparse_bytes(const nn_linear *layer, sparse_form form)
{
    return sparse_index_bytes(layer, form.n_blocks) + form.n_blocks * SPARSE_OUTPUTS * SPARSE_INPUTS * sizeof(int16_t);
}

static size_t packed_bytes_avx512(const nn_linear *layer)
{
    const sparse_form form = sparse_form_of(layer, break_even(layer));
    return form.is_sparse ? sparse_bytes(layer, form) : SPARSE_HEADER_BYTES + dense_bytes(layer);
}

/* The output, counted from the tile's first, in lane `lane` of vector v of a tile. */
static size_t output_in(size_t v, size_t lane, size_t vectors)
{
    const size_t first = v / 2 * PAIR;
    return first + LANES == vectors * LANES ? first + lane : first + lane / 4 * 8 + v % 2 * 4 + lane % 4;
}

/* A pair of inputs of an output, zeros where there is no output. */
static int16_t *pack_pair(const nn_linear *layer, size_t oc, size_t ic, int16_t *to)
{
    static const int16_t zeros[2];
    memcpy(to, oc < layer->c_out ? layer->weight + oc * layer->c_in + ic : zeros, sizeof zeros);
    return to + 2;
}

static void pack_dense(const nn_linear *layer, int16_t *to)
{
    const size_t n = vectors_of(layer->c_out, LANES);
    for (size_t first = 0, vectors; first < n; first += vectors) {
        size_t order[TILE_VECTORS * LANES];
        vectors = tile_vectors(n - first, TILE_VECTORS);
        for (size_t i = 0; i < vectors * LANES; i++)
            order[i] = first * LANES + output_in(i / LANES, i % LANES, vectors);
        for (size_t ic = 0; ic < layer->c_in; ic += 2)
            for (size_t i = 0; i < vectors * LANES; i++)
                to = pack_pair(layer, order[i], ic, to);
    }
}

/* A block is two vectors, its outputs in order. */
static void pack_sparse(const nn_linear *layer, sparse_form form, void *packed)
{
    int16_t *to = sparse_write_index(layer, form, packed);
    const sparse_view view = sparse_find(layer, packed);
    for (size_t g = 0; g < sparse_groups(layer); g++)
        for (size_t b = view.first[g]; b < view.first[g + 1]; b++)
            for (size_t ic = view.input[b]; ic < view.input[b] + (size_t)SPARSE_INPUTS; ic += 2)
                for (size_t oc = g * LANES; oc < (g + 1) * LANES; oc++)
                    to = pack_pair(layer, oc, ic, to);
}

static void pack_avx512(const nn_linear *layer, void *packed)
{
    const sparse_form form = sparse_form_of(layer, break_even(layer));
    if (form.is_sparse) {
        pack_sparse(layer, form, packed);
        return;
    }
    *(sparse_form *)packed = form;
    pack_dense(layer, (int16_t *)((char *)packed + SPARSE_HEADER_BYTES));
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

/* Two vectors, which are outputs `at` and on, from their sums. */
ALWAYS_INLINE void finish_pair(const tile *t, const __m512i acc[2], size_t v, int16_t *y, const int16_t *residual)
{
    const multipliers *const m = t->multiplier + v;
    vector_pair out = {requantize(acc[0], m), requantize(acc[1], m + 1)};
    if (t->any_too_small)
        out = (vector_pair){limit(add_missing(out.low, acc[0], m)), limit(add_missing(out.high, acc[1], m + 1))};
    if (t->epilogue == NN_RESIDUAL) {
        const vector_pair r = widen(_mm512_maskz_loadu_epi16(t->outputs[v], residual));
        out = (vector_pair){_mm512_add_epi32(out.low, r.low), _mm512_add_epi32(out.high, r.high)};
    }
    __m512i saturated = _mm512_packs_epi32(out.low, out.high);
    if (t->epilogue == NN_LEAKY_RELU)
        saturated = leaky_relu(saturated);
    _mm512_mask_storeu_epi16(y, t->outputs[v], saturated);
}

/* The odd vector at the end of a tile. */
ALWAYS_INLINE void finish_odd(const tile *t, __m512i acc, size_t v, int16_t *y, const int16_t *residual)
{
    const __mmask16 outputs = (__mmask16)t->outputs[v];
    __m512i out = requantize(acc, t->multiplier + v);
    if (t->any_too_small)
        out = limit(add_missing(out, acc, t->multiplier + v));
    if (t->epilogue == NN_RESIDUAL)
        out = _mm512_add_epi32(out, _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(outputs, residual)));
    __m256i saturated = _mm512_cvtsepi32_epi16(out);
    if (t->epilogue == NN_LEAKY_RELU)
        saturated = _mm512_castsi512_si256(leaky_relu(_mm512_castsi256_si512(saturated)));
    _mm256_mask_storeu_epi16(y, outputs, saturated);
}

/* One position's outputs of a tile from their sums. */
ALWAYS_INLINE void finish(const tile *t, const __m512i acc[TILE_VECTORS], int16_t *y, const int16_t *residual,
                          size_t vectors)
{
    for (size_t v = 0; v + 1 < vectors; v += 2)
        finish_pair(t, acc + v, v, y + LANES * v, residual_at(residual, LANES * v));
    if (vectors % 2)
        finish_odd(t, acc[vectors - 1], vectors - 1, y + LANES * (vectors - 1),
                   residual_at(residual, LANES * (vectors - 1)));
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

    /* Without a loop, over which compilers leave the sums in memory. positions is 1 or 4. */
    const size_t c = t->c_out;
    finish(t, acc[0], y, residual, vectors);
    if (positions > 1) {
        finish(t, acc[1], y + c, residual_at(residual, c), vectors);
        finish(t, acc[2], y + 2 * c, residual_at(residual, 2 * c), vectors);
        finish(t, acc[3], y + 3 * c, residual_at(residual, 3 * c), vectors);
    }
}

/* n positions of one tile; what is left after the blocks goes one by one. */
ALWAYS_INLINE void all_blocks(const tile *t, const int16_t *x, size_t n, int16_t *y, const int16_t *residual,
                              size_t vectors)
{
    size_t i = 0;
    for (; i + BLOCK_POSITIONS <= n; i += BLOCK_POSITIONS)
        block(t, x + i * t->c_in, y + i * t->c_out, residual_at(residual, i * t->c_out), BLOCK_POSITIONS, vectors);
    for (; i < n; i++)
        block(t, x + i * t->c_in, y + i * t->c_out, residual_at(residual, i * t->c_out), 1, vectors);
}

static void tile_set(tile *t, size_t v, __m512i bias, __m512i multiplier, __mmask32 outputs)
{
    t->bias[v] = bias;
    t->multiplier[v] = multipliers_make(multiplier);
    t->any_too_small |= t->multiplier[v].too_small != 0;
    t->outputs[v] = outputs;
}

static tile tile_make(const nn_linear *layer, const int32_t *multiplier, nn_epilogue epilogue, size_t first,
                      size_t vectors)
{
    tile t = {.c_in = layer->c_in, .c_out = layer->c_out, .epilogue = epilogue};
    t.weight = (const int16_t *)((const char *)layer->packed + SPARSE_HEADER_BYTES) + first * layer->c_in;
    size_t v = 0;
    for (; v + 1 < vectors; v += 2, first += PAIR) {
        const __mmask32 outputs = lanes_below(layer->c_out - first);
        const vector_pair bias = load_pair(layer->bias + first, outputs), m = load_pair(multiplier + first, outputs);
        tile_set(&t, v, bias.low, m.low, outputs);
        tile_set(&t, v + 1, bias.high, m.high, 0);
    }
    if (v < vectors) {
        const __mmask16 outputs = (__mmask16)lanes_below(layer->c_out - first);
        tile_set(&t, v, _mm512_maskz_loadu_epi32(outputs, layer->bias + first),
                 _mm512_maskz_loadu_epi32(outputs, multiplier + first), outputs);
    }
    return t;
}

static void linear_dense(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                         const int16_t *residual, nn_epilogue epilogue)
{
    const size_t n_all = vectors_of(layer->c_out, LANES);
    for (size_t done = 0, vectors; done < n_all; done += vectors) {
        vectors = tile_vectors(n_all - done, TILE_VECTORS);
        const size_t first = done * LANES;
        const tile t = tile_make(layer, multiplier, epilogue, first, vectors);
        const int16_t *const from = residual_at(residual, first);
        switch (vectors) {
        case 4: all_blocks(&t, x, n, y + first, from, 4); break;
        case 3: all_blocks(&t, x, n, y + first, from, 3); break;
        case 2: all_blocks(&t, x, n, y + first, from, 2); break;
        default: all_blocks(&t, x, n, y + first, from, 1);
        }
    }
}

/* ------------------------------------------------------------------------------------------ sparse linear
 *
 * Sixteen outputs at a time, because blocks have no more, so every product loads its own input: as many loads as
 * products, of which Zen 5 does two a cycle each. Sixteen positions at a time, so that a block's weights are used often;
 * their inputs are gathered block by block first, (c_in / 4, 16, 4), and then lie at fixed distances from each other. */

enum { SPARSE_POSITIONS = 16, GATHERED = SPARSE_POSITIONS * SPARSE_INPUTS };

/* n positions; what the others hold does not matter. */
static void gather(const int16_t *x, size_t n, size_t c_in, int16_t *to)
{
    for (size_t p = 0; p < n; p++)
        for (size_t ic = 0; ic < c_in; ic += SPARSE_INPUTS)
            memcpy(to + ic * SPARSE_POSITIONS + p * SPARSE_INPUTS, x + p * c_in + ic, SPARSE_INPUTS * sizeof *to);
}

/* Blocks first .. end - 1, the group's, at sixteen gathered positions, of which n exist. */
static void sparse_group(const tile *t, const sparse_view *view, size_t first, size_t end, const int16_t *gathered, size_t n,
                         int16_t *y, const int16_t *residual)
{
    __m512i acc[SPARSE_POSITIONS];
    for (size_t p = 0; p < SPARSE_POSITIONS; p++)
        acc[p] = t->bias[0];
    for (size_t b = first; b < end; b++) {
        const int16_t *const weight = view->weight + b * (SPARSE_OUTPUTS * SPARSE_INPUTS);
        const int16_t *const from = gathered + (size_t)view->input[b] * SPARSE_POSITIONS;
        const __m512i low = _mm512_loadu_si512(weight), high = _mm512_loadu_si512(weight + 2 * LANES);
        for (size_t p = 0; p < SPARSE_POSITIONS; p++)
            acc[p] = _mm512_dpwssd_epi32(acc[p], low, broadcast_pair(from + p * SPARSE_INPUTS));
        for (size_t p = 0; p < SPARSE_POSITIONS; p++)
            acc[p] = _mm512_dpwssd_epi32(acc[p], high, broadcast_pair(from + p * SPARSE_INPUTS + 2));
    }
    for (size_t p = 0; p < n; p++)
        finish_odd(t, acc[p], 0, y + p * t->c_out, residual_at(residual, p * t->c_out));
}

static size_t scratch_bytes_avx512(const nn_linear *layer, size_t n)
{
    (void)n;
    return layer->c_in / SPARSE_INPUTS * GATHERED * sizeof(int16_t);
}

static void linear_sparse(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                          const int16_t *residual, nn_epilogue epilogue, int16_t *gathered)
{
    const sparse_view view = sparse_find(layer, layer->packed);
    for (size_t i = 0; i < n; i += SPARSE_POSITIONS) {
        const size_t here = n - i < SPARSE_POSITIONS ? n - i : SPARSE_POSITIONS;
        gather(x + i * layer->c_in, here, layer->c_in, gathered);
        for (size_t g = 0; g < sparse_groups(layer); g++) {
            const tile t = tile_make(layer, multiplier, epilogue, g * LANES, 1);
            const size_t at = i * layer->c_out + g * LANES;
            sparse_group(&t, &view, view.first[g], view.first[g + 1], gathered, here, y + at,
                         residual_at(residual, at));
        }
    }
}

static void linear_s16_avx512(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                              const int16_t *residual, nn_epilogue epilogue, void *scratch)
{
    if (((const sparse_form *)layer->packed)->is_sparse)
        linear_sparse(layer, multiplier, x, n, y, residual, epilogue, scratch);
    else
        linear_dense(layer, multiplier, x, n, y, residual, epilogue);
}

/* ------------------------------------------------------------------------------------------ depthwise
 *
 * Thirty-two channels at a time, from left to right. Taps go in pairs through vpdpwssd: interleaving two gives
 * (a0 b0 a1 b1 ...), a vector_pair. A column makes two pairs, which serve all outputs that look at it:
 *
 *     top     rows 0 and 1 of this column
 *     bottom  row 2 of the column before and of this one
 *
 * Column x of the output takes the tops of columns x - 1, x, x + 1, the bottom of x, and the second half of that of x + 1. */

typedef struct column {
    vector_pair top, bottom;
    __m512i row_2;
} column;

typedef struct group {
    vector_pair top[3], bottom[2], bias;
    multipliers low, high;
    __mmask32 channels; /* those that exist */
} group;

static __m512i load_weights(const nn_depthwise *layer, size_t tap, size_t ch, __mmask32 channels)
{
    return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(channels, layer->weight + tap * layer->c + ch));
}

static group group_load(const nn_depthwise *layer, size_t ch)
{
    group g = {.channels = lanes_below(layer->c - ch)};
    __m512i tap[9];
    for (size_t i = 0; i < 9; i++)
        tap[i] = load_weights(layer, i, ch, g.channels);
    for (size_t kx = 0; kx < 3; kx++)
        g.top[kx] = interleave(tap[kx], tap[3 + kx]);
    g.bottom[0] = interleave(tap[6], tap[7]);
    g.bottom[1] = interleave(_mm512_setzero_si512(), tap[8]);

    const vector_pair m = load_pair(layer->multiplier + ch, g.channels);
    g.bias = load_pair(layer->bias + ch, g.channels);
    g.low = multipliers_make(m.low);
    g.high = multipliers_make(m.high);
    return g;
}

/* Rows as the kernel gets them, and which part of them is worked on. */
typedef struct window {
    const int16_t *rows[3]; /* NULL: zeros */
    size_t c, width, ch;
    __mmask32 channels;
} window;

ALWAYS_INLINE __m512i load_tap(const window *w, size_t ky, size_t x)
{
    return w->rows[ky] ? _mm512_maskz_loadu_epi16(w->channels, w->rows[ky] + x * w->c + w->ch) : _mm512_setzero_si512();
}

/* Column x, zeros outside; row_2 is that of the column before. */
ALWAYS_INLINE column column_load(const window *w, size_t x, __m512i row_2)
{
    __m512i tap[3] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    if (x < w->width) /* -1 wraps to a number no width reaches */
        for (size_t ky = 0; ky < 3; ky++)
            tap[ky] = load_tap(w, ky, x);
    return (column){interleave(tap[0], tap[1]), interleave(row_2, tap[2]), tap[2]};
}

ALWAYS_INLINE void add_products(vector_pair *acc, vector_pair x, vector_pair weight)
{
    acc->low = _mm512_dpwssd_epi32(acc->low, x.low, weight.low);
    acc->high = _mm512_dpwssd_epi32(acc->high, x.high, weight.high);
}

ALWAYS_INLINE __m512i filter_3x3(const group *g, column left, column middle, column right)
{
    vector_pair acc = g->bias;
    add_products(&acc, left.top, g->top[0]);
    add_products(&acc, middle.top, g->top[1]);
    add_products(&acc, right.top, g->top[2]);
    add_products(&acc, middle.bottom, g->bottom[0]);
    add_products(&acc, right.bottom, g->bottom[1]);
    return _mm512_packs_epi32(add_missing(requantize(acc.low, &g->low), acc.low, &g->low),
                              add_missing(requantize(acc.high, &g->high), acc.high, &g->high));
}

/* Outputs first, first + step, ... below `end`, for the channels of g. step is a constant where this is inlined. */
ALWAYS_INLINE void filter_columns(const group *g, const window *w, size_t first, size_t end, size_t step, int16_t *y)
{
    column left = column_load(w, first - 1, _mm512_setzero_si512()), middle = column_load(w, first, left.row_2);
    for (size_t ox = first; ox < end; ox += step, y += w->c) {
        const column right = column_load(w, ox + 1, middle.row_2);
        _mm512_mask_storeu_epi16(y, g->channels, filter_3x3(g, left, middle, right));
        left = step == 1 ? middle : right;
        middle = step == 1 ? right : column_load(w, ox + 2, right.row_2);
    }
}

static void depthwise_s16_avx512(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t first,
                                 size_t step, int16_t *y)
{
    const size_t c = layer->c, strip = depthwise_strip_outputs(c);
    window w = {{rows[0], rows[1], rows[2]}, .c = c, .width = width};
    for (size_t begin = first; begin < width; begin += strip * step, y += strip * c) {
        const size_t end = begin + strip * step < width ? begin + strip * step : width;
        for (w.ch = 0; w.ch < c; w.ch += PAIR) {
            const group g = group_load(layer, w.ch);
            w.channels = g.channels;
            if (step == 1)
                filter_columns(&g, &w, begin, end, 1, y + w.ch);
            else
                filter_columns(&g, &w, begin, end, 2, y + w.ch);
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
