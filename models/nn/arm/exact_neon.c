/* exact_neon.c - exact-zone layers for any AArch64. The same integers as nn/ref/exact_c.c.
 *
 * The work is done by smlal: four times acc += weight * x, int16 in, int32 out. linear_check() bounds the sum of the
 * magnitudes of the bias and all products of an output by 2^31 - 1, so no partial sum wraps, whatever the order. */
#include <string.h>

#include "models/nn/arm/neon.h"

/* ------------------------------------------------------------------------------------------ linear
 *
 * Packed weights: tiles of 16 outputs (the last may have 8); in a tile input by input, in an input output by output. A
 * block of 4 positions by one tile is summed in 16 of the 32 registers; 4 others hold eight inputs of each position, which
 * smlal takes lane by lane. */

enum { VECTOR = 8, TILE_VECTORS = 2, TILE_OUTPUTS = VECTOR * TILE_VECTORS, BLOCK_POSITIONS = 4, INPUTS = 8 };

/* What a block needs to know; the pointers are those of the tile's first output. */
typedef struct tile {
    size_t c_in, c_out;
    const int16_t *weight; /* packed */
    const int32_t *bias, *multiplier;
    nn_epilogue epilogue;
} tile;

size_t packed_bytes_neon(const nn_linear *layer)
{
    return layer->c_out * layer->c_in * sizeof(int16_t);
}

static size_t tile_outputs(size_t c_out, size_t first)
{
    return c_out - first < TILE_OUTPUTS ? c_out - first : TILE_OUTPUTS;
}

void pack_neon(const nn_linear *layer, void *packed)
{
    int16_t *to = packed;
    for (size_t first = 0; first < layer->c_out; first += TILE_OUTPUTS)
        for (size_t ic = 0; ic < layer->c_in; ic++)
            for (size_t oc = first; oc < first + tile_outputs(layer->c_out, first); oc++)
                *to++ = layer->weight[oc * layer->c_in + ic];
}

/* The sums of eight outputs. */
typedef struct sums {
    int32x4_t low, high;
} sums;

/* acc[p][v] += input `lane` of the eight in x[p]; a macro because an instruction names its lane. */
#define ADD_INPUT(lane)                                                                                     \
    for (size_t v = 0; v < vectors; v++) {                                                                  \
        const int16x8_t w = vld1q_s16(weight + ((lane) * vectors + v) * VECTOR);                            \
        for (size_t p = 0; p < positions; p++) {                                                            \
            acc[p][v].low = vmlal_laneq_s16(acc[p][v].low, vget_low_s16(w), x_8[p], (lane));                \
            acc[p][v].high = vmlal_high_laneq_s16(acc[p][v].high, w, x_8[p], (lane));                       \
        }                                                                                                   \
    }

/* positions and vectors are constants where this is inlined, and so below. */
ALWAYS_INLINE void add_inputs(sums acc[BLOCK_POSITIONS][TILE_VECTORS], const int16_t *weight, const int16_t *x,
                              size_t c_in, size_t positions, size_t vectors)
{
    int16x8_t x_8[BLOCK_POSITIONS];
    for (size_t p = 0; p < positions; p++)
        x_8[p] = vld1q_s16(x + p * c_in);
    ADD_INPUT(0)
    ADD_INPUT(1)
    ADD_INPUT(2)
    ADD_INPUT(3)
    ADD_INPUT(4)
    ADD_INPUT(5)
    ADD_INPUT(6)
    ADD_INPUT(7)
}

ALWAYS_INLINE void block(const tile *t, const int16_t *x, int16_t *y, const int16_t *residual, size_t positions,
                         size_t vectors)
{
    sums acc[BLOCK_POSITIONS][TILE_VECTORS];
    for (size_t v = 0; v < vectors; v++)
        for (size_t p = 0; p < positions; p++)
            acc[p][v] = (sums){ vld1q_s32(t->bias + v * VECTOR), vld1q_s32(t->bias + v * VECTOR + 4) };
    const int16_t *weight = t->weight;
    for (size_t ic = 0; ic < t->c_in; ic += INPUTS, weight += INPUTS * VECTOR * vectors)
        add_inputs(acc, weight, x + ic, t->c_in, positions, vectors);
    for (size_t p = 0; p < positions; p++)
        for (size_t v = 0; v < vectors; v++) {
            const size_t at = p * t->c_out + v * VECTOR;
            vst1q_s16(y + at, finish_8(acc[p][v].low, acc[p][v].high, t->multiplier + v * VECTOR,
                                       residual_at(residual, at), t->epilogue));
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

void linear_s16_neon(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                     const int16_t *residual, nn_epilogue epilogue, void *scratch)
{
    (void)scratch;
    for (size_t first = 0; first < layer->c_out; first += TILE_OUTPUTS) {
        const tile t = { .c_in = layer->c_in, .c_out = layer->c_out, .epilogue = epilogue,
                         .weight = (const int16_t *)layer->packed + first * layer->c_in, .bias = layer->bias + first,
                         .multiplier = multiplier + first };
        const int16_t *const from = residual_at(residual, first);
        if (tile_outputs(layer->c_out, first) == TILE_OUTPUTS)
            all_blocks(&t, x, n, y + first, from, 2);
        else
            all_blocks(&t, x, n, y + first, from, 1);
    }
}

/* ------------------------------------------------------------------------------------------ depthwise
 *
 * Eight channels at a time, their nine weights in registers. */

typedef struct group {
    int16x8_t weight[9];
    int32x4_t bias_low, bias_high;
    const int32_t *multiplier;
} group;

static group group_load(const nn_depthwise *layer, size_t ch)
{
    group g = { .bias_low = vld1q_s32(layer->bias + ch), .bias_high = vld1q_s32(layer->bias + ch + 4),
                .multiplier = layer->multiplier + ch };
    for (size_t tap = 0; tap < 9; tap++)
        g.weight[tap] = vmovl_s8(vld1_s8(layer->weight + tap * layer->c + ch));
    return g;
}

/* Column ox of the channels of g, which start at rows[..][ch]. `inside`, no tap outside, is a constant. */
ALWAYS_INLINE int16x8_t filter_3x3(const group *g, const int16_t *const rows[3], size_t c, size_t width, size_t ox,
                                   size_t ch, bool inside)
{
    int32x4_t low = g->bias_low, high = g->bias_high;
    for (size_t ky = 0; ky < 3; ky++)
        for (size_t kx = 0; kx < 3; kx++) {
            const size_t column = ox + kx - 1; /* -1 wraps to a number no width reaches */
            if (!inside && (!rows[ky] || column >= width))
                continue;
            const int16x8_t x = vld1q_s16(rows[ky] + column * c + ch), w = g->weight[ky * 3 + kx];
            low = vmlal_s16(low, vget_low_s16(w), vget_low_s16(x));
            high = vmlal_high_s16(high, w, x);
        }
    return finish_8(low, high, g->multiplier, NULL, NN_PLAIN);
}

void depthwise_s16_neon(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t first, size_t step,
                        int16_t *y)
{
    const size_t c = layer->c;
    const bool all_rows = rows[0] && rows[1] && rows[2];
    for (size_t ch = 0; ch < c; ch += VECTOR) {
        const group g = group_load(layer, ch);
        int16_t *out = y + ch;
        for (size_t ox = first; ox < width; ox += step, out += c) {
            if (all_rows && ox > 0 && ox + 1 < width)
                vst1q_s16(out, filter_3x3(&g, rows, c, width, ox, ch, true));
            else
                vst1q_s16(out, filter_3x3(&g, rows, c, width, ox, ch, false));
        }
    }
}

const nn_kernels nn_kernels_neon = {
    .name = "neon",
    .packed_bytes = packed_bytes_neon,
    .pack = pack_neon,
    .scratch_bytes = no_scratch_bytes,
    .linear = linear_s16_neon,
    .depthwise = depthwise_s16_neon,
};
