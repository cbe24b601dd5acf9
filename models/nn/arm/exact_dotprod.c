/* exact_dotprod.c - exact-zone layers for AArch64 with dot products. The same integers as nn/ref/exact_c.c.
 *
 * sdot is four times acc += the products of four pairs of int8. Weights of most layers are int8; an activation is taken
 * apart into x = 256 high + low + 128 with high and low in -128..127, and so
 *
 *     sum w x = 256 sum w high + sum w low + 128 sum w
 *
 * The last term joins the bias when the layer is packed. The terms alone may exceed 32 bits, but sums modulo 2^32 are
 * enough: linear_check() says that the whole fits. Two instructions make 16 products where smlal needs four, and most
 * cores do two sdot in the time of one smlal.
 *
 * Layers whose weights need 16 bits go to smlal, as do 3x3 filters: no four of their operands share an output. */
#include <string.h>

#include "models/nn/arm/neon.h"

/* ------------------------------------------------------------------------------------------ packing
 *
 * Packed: `tile_bias` for all outputs (bias and 128 times the sum of weights), then tiles of 8 outputs; in a tile
 * inputs four by four, in those output by output:
 *
 *     w[0][0..3] w[1][0..3] w[2][0..3] w[3][0..3]     one vector: 4 outputs x 4 inputs
 *
 * c_in counts as the next multiple of 16, filled up with weights of zero. */

enum { VECTOR = 4, TILE_VECTORS = 2, TILE_OUTPUTS = VECTOR * TILE_VECTORS, BLOCK_POSITIONS = 4, INPUTS = 16 };

static bool fits_int8(const nn_linear *layer)
{
    for (size_t i = 0; i < layer->c_out * layer->c_in; i++)
        if (layer->weight[i] != (int8_t)layer->weight[i])
            return false;
    return true;
}

static size_t padded(size_t c_in)
{
    return (c_in + INPUTS - 1) / INPUTS * INPUTS;
}

/* What the packed form begins with. */
typedef struct header {
    int32_t is_int8; /* else what follows is pack_neon()'s */
    int32_t unused[15];
} header;

static size_t dot_bytes(const nn_linear *layer)
{
    return layer->c_out * (sizeof(int32_t) + padded(layer->c_in));
}

static size_t packed_bytes_dotprod(const nn_linear *layer)
{
    const size_t as_neon = packed_bytes_neon(layer), as_dot = dot_bytes(layer);
    return (sizeof(header) + (as_dot > as_neon ? as_dot : as_neon) + 63) / 64 * 64;
}

static int8_t weight_at(const nn_linear *layer, size_t oc, size_t ic)
{
    return ic < layer->c_in ? (int8_t)layer->weight[oc * layer->c_in + ic] : 0;
}

static void pack_bias(const nn_linear *layer, int32_t *bias)
{
    for (size_t oc = 0; oc < layer->c_out; oc++) {
        int32_t sum = 0;
        for (size_t ic = 0; ic < layer->c_in; ic++)
            sum += layer->weight[oc * layer->c_in + ic];
        bias[oc] = (int32_t)((uint32_t)layer->bias[oc] + 128 * (uint32_t)sum);
    }
}

static void pack_dotprod(const nn_linear *layer, void *packed)
{
    header *const h = packed;
    *h = (header){ .is_int8 = fits_int8(layer) };
    if (!h->is_int8) {
        pack_neon(layer, h + 1);
        return;
    }
    int32_t *const bias = (int32_t *)(h + 1);
    int8_t *to = (int8_t *)(bias + layer->c_out);
    pack_bias(layer, bias);
    for (size_t first = 0; first < layer->c_out; first += TILE_OUTPUTS)
        for (size_t ic = 0; ic < padded(layer->c_in); ic += 4)
            for (size_t oc = first; oc < first + TILE_OUTPUTS; oc++)
                for (size_t i = 0; i < 4; i++)
                    *to++ = weight_at(layer, oc, ic + i);
}

/* ------------------------------------------------------------------------------------------ activations
 *
 * Taken apart once a call, for all tiles: for every 16 inputs of a position the 16 high parts, then the 16 low ones. */

static size_t scratch_bytes_dotprod(const nn_linear *layer, size_t n)
{
    return (n * padded(layer->c_in) * 2 + 63) / 64 * 64;
}

static void take_apart(int16x8_t a, int16x8_t b, int8_t *to)
{
    const int8x16_t first = vreinterpretq_s8_s16(a), second = vreinterpretq_s8_s16(b);
    const int8x16_t low = vuzp1q_s8(first, second);
    vst1q_s8(to, vuzp2q_s8(first, second));
    vst1q_s8(to + INPUTS, veorq_s8(low, vdupq_n_s8(INT8_MIN))); /* 0..255 less 128 */
}

static void take_apart_all(const int16_t *x, size_t n, size_t c_in, int8_t *to)
{
    for (size_t i = 0; i < n; i++)
        for (size_t ic = 0; ic < c_in; ic += INPUTS, to += 2 * INPUTS) {
            const int16_t *const from = x + i * c_in + ic;
            take_apart(vld1q_s16(from), ic + 8 < c_in ? vld1q_s16(from + 8) : vdupq_n_s16(0), to);
        }
}

/* ------------------------------------------------------------------------------------------ linear */

/* What a block needs to know; the pointers are those of the tile's first output. */
typedef struct tile {
    size_t c_in, c_out; /* c_in: padded */
    const int8_t *weight;
    const int32_t *bias, *multiplier;
    nn_epilogue epilogue;
} tile;

/* The sums of four outputs with the high and the low parts. */
typedef struct sums {
    int32x4_t high, low;
} sums;

/* acc[p][v] += the four inputs of `lane`; a macro because an instruction names its lane. */
#define ADD_INPUTS(lane)                                                                                    \
    for (size_t v = 0; v < TILE_VECTORS; v++) {                                                             \
        const int8x16_t w = vld1q_s8(weight + ((lane) * TILE_VECTORS + v) * 16);                            \
        for (size_t p = 0; p < positions; p++) {                                                            \
            acc[p][v].high = vdotq_laneq_s32(acc[p][v].high, w, high[p], (lane));                           \
            acc[p][v].low = vdotq_laneq_s32(acc[p][v].low, w, low[p], (lane));                              \
        }                                                                                                   \
    }

/* Sixteen inputs. positions is a constant where this is inlined, and so below. */
ALWAYS_INLINE void add_inputs(sums acc[BLOCK_POSITIONS][TILE_VECTORS], const int8_t *weight, const int8_t *x, size_t c_in,
                              size_t positions)
{
    int8x16_t high[BLOCK_POSITIONS], low[BLOCK_POSITIONS];
    for (size_t p = 0; p < positions; p++) {
        high[p] = vld1q_s8(x + p * 2 * c_in);
        low[p] = vld1q_s8(x + p * 2 * c_in + INPUTS);
    }
    ADD_INPUTS(0)
    ADD_INPUTS(1)
    ADD_INPUTS(2)
    ADD_INPUTS(3)
}

/* Modulo 2^32, which C promises of unsigned numbers only. */
ALWAYS_INLINE int32x4_t whole(sums s)
{
    const uint32x4_t high = vreinterpretq_u32_s32(s.high), low = vreinterpretq_u32_s32(s.low);
    return vreinterpretq_s32_u32(vaddq_u32(vshlq_n_u32(high, 8), low));
}

ALWAYS_INLINE void block(const tile *t, const int8_t *x, int16_t *y, const int16_t *residual, size_t positions)
{
    sums acc[BLOCK_POSITIONS][TILE_VECTORS];
    for (size_t v = 0; v < TILE_VECTORS; v++)
        for (size_t p = 0; p < positions; p++)
            acc[p][v] = (sums){ vdupq_n_s32(0), vld1q_s32(t->bias + v * VECTOR) };
    const int8_t *weight = t->weight;
    for (size_t ic = 0; ic < t->c_in; ic += INPUTS, weight += INPUTS * TILE_OUTPUTS)
        add_inputs(acc, weight, x + 2 * ic, t->c_in, positions);
    for (size_t p = 0; p < positions; p++)
        vst1q_s16(y + p * t->c_out, finish_8(whole(acc[p][0]), whole(acc[p][1]), t->multiplier,
                                             residual_at(residual, p * t->c_out), t->epilogue));
}

/* n positions of one tile, taken apart; what is left after the blocks goes one by one. */
static void all_blocks(const tile *t, const int8_t *x, size_t n, int16_t *y, const int16_t *residual)
{
    size_t i = 0;
    for (; i + BLOCK_POSITIONS <= n; i += BLOCK_POSITIONS)
        block(t, x + i * 2 * t->c_in, y + i * t->c_out, residual_at(residual, i * t->c_out), BLOCK_POSITIONS);
    for (; i < n; i++)
        block(t, x + i * 2 * t->c_in, y + i * t->c_out, residual_at(residual, i * t->c_out), 1);
}

static void linear_s8_dotprod(const nn_linear *layer, const header *packed, const int32_t *multiplier, const int16_t *x,
                              size_t n, int16_t *y, const int16_t *residual, nn_epilogue epilogue, int8_t *scratch)
{
    const size_t c_in = padded(layer->c_in), c_out = layer->c_out;
    const int32_t *const bias = (const int32_t *)(packed + 1);
    const int8_t *const weight = (const int8_t *)(bias + c_out);
    take_apart_all(x, n, layer->c_in, scratch);
    for (size_t first = 0; first < c_out; first += TILE_OUTPUTS) {
        const tile t = { .c_in = c_in, .c_out = c_out, .weight = weight + first * c_in, .bias = bias + first,
                         .multiplier = multiplier + first, .epilogue = epilogue };
        all_blocks(&t, scratch, n, y + first, residual_at(residual, first));
    }
}

static void linear_s16_dotprod(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                               const int16_t *residual, nn_epilogue epilogue, void *scratch)
{
    const header *const packed = layer->packed;
    if (packed->is_int8) {
        linear_s8_dotprod(layer, packed, multiplier, x, n, y, residual, epilogue, scratch);
        return;
    }
    nn_linear as_neon = *layer;
    as_neon.packed = (void *)(packed + 1);
    linear_s16_neon(&as_neon, multiplier, x, n, y, residual, epilogue, scratch);
}

const nn_kernels nn_kernels_dotprod = {
    .name = "dotprod",
    .packed_bytes = packed_bytes_dotprod,
    .pack = pack_dotprod,
    .scratch_bytes = scratch_bytes_dotprod,
    .linear = linear_s16_dotprod,
    .depthwise = depthwise_s16_neon,
};
