/* float_body.h - the layers of the tolerant zone, once per instruction set. The including file defines
 *   LANES, TILE_VECTORS (3 or 4), BLOCK_POSITIONS
 *   NAME(function), ISA_NAME     a name with the instruction set's suffix, and the instruction set's own
 *   vec, vec_set1(v), vec_load(p)
 *   vec_load_n(p, n), vec_store_n(p, v, n)   the first n lanes only; n is LANES, or 8 where LANES is 16
 *   vec_mul(a, b), vec_add(a, b), vec_max(a, b), vec_fma(a, b, c)    a * b + c, rounded once where it can be
 *
 * Linear: packed weights are tiles of at most TILE_VECTORS vectors of outputs, in a tile input by input, with zeros for
 * the outputs that fill up the last vector. A block of positions by one tile is summed in registers; the tile stays in
 * the nearest caches while the positions go by. */
#include <string.h>

#include "models/nn/layers.h"
#include "models/nn/tiles.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static size_t NAME(packed_bytes_f32)(const nn_linear_f32 *layer)
{
    return vectors_of(layer->c_out, LANES) * LANES * layer->c_in * sizeof(float);
}

static void NAME(pack_f32)(const nn_linear_f32 *layer, float *to)
{
    const size_t n = vectors_of(layer->c_out, LANES);
    for (size_t first = 0, vectors; first < n; first += vectors) {
        vectors = tile_vectors(n - first, TILE_VECTORS);
        const size_t outputs = vectors * LANES;
        for (size_t i = 0; i < outputs; i++)
            for (size_t ic = 0, oc = first * LANES + i; ic < layer->c_in; ic++)
                to[ic * outputs + i] = oc < layer->c_out ? layer->weight[oc * layer->c_in + ic] : 0;
        to += outputs * layer->c_in;
    }
}

/* What a block needs to know; the pointers are those of the tile's first output. */
typedef struct tile {
    size_t c_in, c_out;
    size_t n_last; /* outputs in the last vector */
    const float *weight, *bias;
    nn_epilogue epilogue;
} tile;

/* Lanes that vector i of a tile uses. */
ALWAYS_INLINE size_t lanes_of(const tile *t, size_t i, size_t vectors)
{
    return i + 1 < vectors ? LANES : t->n_last;
}

/* One position's outputs of a tile from their sums. */
ALWAYS_INLINE void finish(const tile *t, const vec acc[TILE_VECTORS], float *y, const float *residual, size_t vectors)
{
    for (size_t i = 0; i < vectors; i++) {
        const size_t lanes = lanes_of(t, i, vectors);
        vec v = acc[i];
        if (t->epilogue == NN_LEAKY_RELU)
            v = vec_max(v, vec_mul(v, vec_set1(0.125f)));
        if (t->epilogue == NN_RESIDUAL)
            v = vec_add(v, vec_load_n(residual + LANES * i, lanes));
        vec_store_n(y + LANES * i, v, lanes);
    }
}

/* positions and vectors are constants where this is inlined. */
ALWAYS_INLINE void block(const tile *t, const float *x, float *y, const float *residual, size_t positions, size_t vectors)
{
    vec acc[BLOCK_POSITIONS][TILE_VECTORS];
    for (size_t v = 0; v < vectors; v++) {
        const vec bias = vec_load_n(t->bias + LANES * v, lanes_of(t, v, vectors));
        for (size_t p = 0; p < positions; p++)
            acc[p][v] = bias;
    }
    const float *weight = t->weight;
    for (size_t ic = 0; ic < t->c_in; ic++, weight += LANES * vectors) {
        vec w[TILE_VECTORS];
        for (size_t v = 0; v < vectors; v++)
            w[v] = vec_load(weight + LANES * v);
        for (size_t p = 0; p < positions; p++) {
            const vec input = vec_set1(x[p * t->c_in + ic]);
            for (size_t v = 0; v < vectors; v++)
                acc[p][v] = vec_fma(input, w[v], acc[p][v]);
        }
    }
    for (size_t p = 0; p < positions; p++)
        finish(t, acc[p], y + p * t->c_out, residual ? residual + p * t->c_out : NULL, vectors);
}

/* n positions of one tile; what is left after the blocks goes one by one. */
ALWAYS_INLINE void all_blocks(const tile *t, const float *x, size_t n, float *y, const float *residual, size_t vectors)
{
    size_t i = 0;
    for (; i + BLOCK_POSITIONS <= n; i += BLOCK_POSITIONS)
        block(t, x + i * t->c_in, y + i * t->c_out, residual ? residual + i * t->c_out : NULL, BLOCK_POSITIONS, vectors);
    for (; i < n; i++)
        block(t, x + i * t->c_in, y + i * t->c_out, residual ? residual + i * t->c_out : NULL, 1, vectors);
}

static void NAME(linear_f32)(const nn_linear_f32 *layer, const float *x, size_t n, float *y, const float *residual,
                             nn_epilogue epilogue)
{
    const size_t n_all = vectors_of(layer->c_out, LANES);
    for (size_t done = 0, vectors; done < n_all; done += vectors) {
        vectors = tile_vectors(n_all - done, TILE_VECTORS);
        const size_t first = done * LANES, left = layer->c_out - first;
        const tile t = {.c_in = layer->c_in, .c_out = layer->c_out, .epilogue = epilogue,
                        .n_last = left < vectors * LANES ? left - (vectors - 1) * LANES : LANES,
                        .weight = layer->packed + first * layer->c_in, .bias = layer->bias + first};
        const float *const from = residual ? residual + first : NULL;
        switch (vectors) {
#if TILE_VECTORS == 4
        case 4: all_blocks(&t, x, n, y + first, from, 4); break;
#endif
        case 3: all_blocks(&t, x, n, y + first, from, 3); break;
        case 2: all_blocks(&t, x, n, y + first, from, 2); break;
        default: all_blocks(&t, x, n, y + first, from, 1);
        }
    }
}

/* ------------------------------------------------------------------------------------------ depthwise
 *
 * Where all taps are inside, a column loaded once serves the three outputs it is a neighbour of, and the weights of a vector of
 * channels stay in registers; in strips, for the next channels to find the columns in the nearest cache. */

/* All channels of column ox; taps may be outside. */
static void NAME(filter_column)(const nn_depthwise_f32 *layer, const float *const rows[3], size_t width, size_t ox, float *y)
{
    const size_t c = layer->c;
    for (size_t ch = 0; ch < c; ch += LANES) {
        const size_t lanes = c - ch < LANES ? c - ch : LANES;
        vec acc = vec_load_n(layer->bias + ch, lanes);
        for (size_t ky = 0; ky < 3; ky++)
            for (size_t kx = 0; kx < 3; kx++) {
                const size_t column = ox + kx - 1; /* -1 wraps to a number no width reaches */
                if (rows[ky] && column < width)
                    acc = vec_fma(vec_load_n(layer->weight + (ky * 3 + kx) * c + ch, lanes),
                                  vec_load_n(rows[ky] + column * c + ch, lanes), acc);
            }
        vec_store_n(y + ch, acc, lanes);
    }
}

/* The sum of an output, and what column kx of the three it sees adds to it. */
ALWAYS_INLINE vec add_column(vec acc, vec weight[3][3], const vec column[3], size_t kx)
{
    for (size_t ky = 0; ky < 3; ky++)
        acc = vec_fma(weight[ky][kx], column[ky], acc);
    return acc;
}

/* Channels ch .. ch + lanes - 1 of columns first .. last - 1, all taps inside. */
ALWAYS_INLINE void filter_strip(const nn_depthwise_f32 *layer, const float *const rows[3], size_t first, size_t last, size_t ch,
                                size_t lanes, float *y)
{
    const size_t c = layer->c;
    const vec bias = vec_load_n(layer->bias + ch, lanes);
    vec weight[3][3], column[3];
    for (size_t k = 0; k < 9; k++)
        weight[k / 3][k % 3] = vec_load_n(layer->weight + k * c + ch, lanes);
    vec before = bias, at = bias; /* sums of the outputs before and at column i */
    for (size_t i = first - 1; i <= last; i++) {
        for (size_t ky = 0; ky < 3; ky++)
            column[ky] = vec_load_n(rows[ky] + i * c + ch, lanes);
        before = add_column(before, weight, column, 2);
        if (i > first)
            vec_store_n(y + (i - 1) * c + ch, before, lanes);
        before = add_column(at, weight, column, 1);
        at = add_column(bias, weight, column, 0);
    }
}

/* Columns 1 .. width - 2, rows all there. */
static void NAME(filter_inside)(const nn_depthwise_f32 *layer, const float *const rows[3], size_t width, float *y)
{
    const size_t c = layer->c, strip = depthwise_strip_outputs(c) / 2; /* that is for int16 */
    for (size_t first = 1, last; first + 1 < width; first = last) {
        last = first + strip < width - 1 ? first + strip : width - 1;
        size_t ch = 0;
        for (; ch + LANES <= c; ch += LANES)
            filter_strip(layer, rows, first, last, ch, LANES, y);
        if (ch < c)
            filter_strip(layer, rows, first, last, ch, c - ch, y);
    }
}

static void NAME(depthwise_f32)(const nn_depthwise_f32 *layer, const float *const rows[3], size_t width, float *y)
{
    const bool all_rows = rows[0] && rows[1] && rows[2];
    if (all_rows)
        NAME(filter_inside)(layer, rows, width, y);
    for (size_t ox = 0; ox < width; ox++)
        if (!all_rows || ox == 0 || ox == width - 1)
            NAME(filter_column)(layer, rows, width, ox, y + ox * layer->c);
}

const nn_float_kernels NAME(nn_float_kernels) = {
    .name = ISA_NAME,
    .packed_bytes = NAME(packed_bytes_f32),
    .pack = NAME(pack_f32),
    .linear = NAME(linear_f32),
    .depthwise = NAME(depthwise_f32),
};
