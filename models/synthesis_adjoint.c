#include "models/synthesis_adjoint.h"

#include <string.h>

#include "models/shuffle.h"

static const float leaky_slope = 0.125f;

/* ---------------------------------------------------------------------------------------------- layers */

static float real_of(int32_t multiplier)
{
    return (float)multiplier * 0x1p-31f;
}

static void pack(const nn_float_kernels *kernels, nn_linear_f32 *layer, arena *memory)
{
    layer->packed = arena_alloc(memory, kernels->packed_bytes(layer), 1);
    if (layer->packed)
        kernels->pack(layer, layer->packed);
    layer->weight = NULL;
}

/* room: for the weights of any layer. */
static adjoint_linear make_linear(const adjoint_layers *layers, const nn_linear *from, const int32_t *multiplier, float *room,
                                  arena *memory)
{
    const size_t c_out = from->c_out, c_in = from->c_in;
    float *bias = arena_alloc(memory, c_out, sizeof *bias);
    adjoint_linear l = { .forward = { .c_out = c_out, .c_in = c_in, .weight = room, .bias = bias },
                         .backward = { .c_out = c_in, .c_in = c_out, .weight = room } };
    l.backward.bias = arena_alloc(memory, c_in, sizeof *bias);
    if (!room || !bias)
        return l;
    for (size_t o = 0; o < c_out; o++) {
        bias[o] = (float)from->bias[o] * real_of(multiplier[o]);
        for (size_t i = 0; i < c_in; i++)
            room[o * c_in + i] = (float)from->weight[o * c_in + i] * real_of(multiplier[o]);
    }
    pack(layers->model->float_kernels, &l.forward, memory);
    for (size_t o = 0; o < c_out; o++)
        for (size_t i = 0; i < c_in; i++)
            room[i * c_out + o] = (float)from->weight[o * c_in + i] * real_of(multiplier[o]);
    pack(layers->model->float_kernels, &l.backward, memory);
    return l;
}

static void make_depthwise(const nn_depthwise *from, adjoint_block *to, arena *memory)
{
    const size_t c = from->c;
    float *weight = arena_alloc(memory, 9 * c, sizeof *weight), *turned = arena_alloc(memory, 9 * c, sizeof *turned);
    float *bias = arena_alloc(memory, c, sizeof *bias), *zeros = arena_alloc(memory, c, sizeof *zeros);
    to->forward = (nn_depthwise_f32){ c, weight, bias };
    to->backward = (nn_depthwise_f32){ c, turned, zeros };
    if (!weight || !turned || !bias)
        return;
    for (size_t i = 0; i < c; i++) {
        bias[i] = (float)from->bias[i] * real_of(from->multiplier[i]);
        for (size_t tap = 0; tap < 9; tap++)
            weight[tap * c + i] = turned[(8 - tap) * c + i] = (float)from->weight[tap * c + i] * real_of(from->multiplier[i]);
    }
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t most_weights(const synthesis_weights *gs)
{
    return larger(BASE_CHANNELS * gs->base.c_in, gs->b4.c * larger(larger(gs->b4.c, gs->b4.hidden), QUARTER_CHANNELS));
}

void adjoint_layers_init(adjoint_layers *layers, const ghm_model *model, const int32_t *in_multiplier, arena *memory)
{
    const synthesis_weights *gs = &model->gs;
    const nn_linear *base = &gs->base;
    arena temporary = { .source = memory->source };
    float *room = arena_alloc(&temporary, most_weights(gs), sizeof *room);

    *layers = (adjoint_layers){ .model = model };
    layers->base = make_linear(layers, base, base->multiplier, room, memory);
    layers->base_energy = arena_alloc(memory, model->m, sizeof *layers->base_energy);
    for (size_t i = 0; room && layers->base_energy && i < base->c_in * base->c_out; i++)
        layers->base_energy[i / base->c_out] += room[i] * room[i]; /* the transpose of gs.base */
    if (model_has_synthesis_filter(model)) {
        layers->in = make_linear(layers, &gs->in, in_multiplier, room, memory);
        layers->out = make_linear(layers, &gs->out, gs->out.multiplier, room, memory);
        layers->blocks = arena_alloc(memory, gs->b4.n, sizeof *layers->blocks);
    }
    for (size_t i = 0; layers->blocks && i < gs->b4.n; i++) {
        const block *from = &gs->b4.blocks[i];
        adjoint_block *to = &layers->blocks[i];
        to->w1 = make_linear(layers, &from->w1, from->w1.multiplier, room, memory);
        to->w2 = make_linear(layers, &from->w2, from->w2.multiplier, room, memory);
        to->w3 = make_linear(layers, &from->w3, from->w3.multiplier, room, memory);
        to->w4 = make_linear(layers, &from->w4, from->w4.multiplier, room, memory);
        make_depthwise(&from->dw, to, memory);
    }
    if (!room && memory->failed_bytes == 0)
        memory->failed_bytes = temporary.failed_bytes;
    arena_free(&temporary);
}

/* ---------------------------------------------------------------------------------------------- passes */

void synthesis_adjoint_init(synthesis_adjoint *s, const adjoint_layers *layers, size_t max_h, size_t max_w, arena *memory)
{
    const ghm_model *model = layers->model;
    const block_list *b4 = &model->gs.b4;
    const size_t width = QUARTERS * max_w, n = QUARTERS * max_h * width;

    *s = (synthesis_adjoint){ .layers = layers };
    s->samples = arena_alloc(memory, n * QUARTER_CHANNELS, sizeof *s->samples);
    s->y = arena_alloc(memory, max_w * model->m, sizeof *s->y);
    s->folded = arena_alloc(memory, max_w * BASE_CHANNELS, sizeof *s->folded);
    s->slope = arena_alloc(memory, max_h * max_w * model->m, sizeof *s->slope);
    if (!model_has_synthesis_filter(model))
        return;
    s->features = arena_alloc(memory, n * b4->c, sizeof *s->features);
    s->ahead = arena_alloc(memory, n * b4->c, sizeof *s->ahead);
    s->row = arena_alloc(memory, width * b4->c, sizeof *s->row);
    s->wide = arena_alloc(memory, width * b4->hidden, sizeof *s->wide);
    s->signs = arena_alloc(memory, b4->n * n * (b4->c + b4->hidden) / 8, 1); /* channels come in eights */
}

static void linear(const synthesis_adjoint *s, const nn_linear_f32 *layer, const float *x, size_t n, float *y, const float *residual)
{
    s->layers->model->float_kernels->linear(layer, x, n, y, residual, residual ? NN_RESIDUAL : NN_PLAIN);
}

/* The same of all positions of the grid, (4 h, 4 w), row by row to stay in the caches. */
static void linear_rows(const synthesis_adjoint *s, const nn_linear_f32 *layer, const float *x, float *y, bool add)
{
    const size_t width = QUARTERS * s->w;
    for (size_t row = 0; row < QUARTERS * s->h; row++, x += width * layer->c_in, y += width * layer->c_out)
        linear(s, layer, x, width, y, add ? y : NULL);
}

/* y = leaky(W x + b), and the signs of its n * c_out values. */
static void leaky_linear(const synthesis_adjoint *s, const nn_linear_f32 *layer, const float *x, size_t n, float *y, uint8_t *signs)
{
    s->layers->model->float_kernels->linear(layer, x, n, y, NULL, NN_LEAKY_RELU);
    for (size_t i = 0; i < n * layer->c_out; i += 8) {
        unsigned byte = 0;
        for (size_t k = 0; k < 8; k++)
            byte |= (unsigned)(y[i + k] > 0) << k;
        signs[i / 8] = (uint8_t)byte;
    }
}

/* Back through the leaky part: in place. Four signs at a time, as compilers make a vector of that. */
static void unleak(float *gradient, size_t n, const uint8_t *signs)
{
    float slopes[16][4];
    for (size_t bits = 0; bits < 16; bits++)
        for (size_t k = 0; k < 4; k++)
            slopes[bits][k] = bits >> k & 1 ? 1.0f : leaky_slope;
    for (size_t i = 0; i < n; i += 8)
        for (size_t k = 0; k < 4; k++) {
            gradient[i + k] *= slopes[signs[i / 8] & 15][k];
            gradient[i + 4 + k] *= slopes[signs[i / 8] >> 4][k];
        }
}

/* Row `row` of the grid behind a 3x3 filter of s->ahead, -> s->row. */
static void filter_row(const synthesis_adjoint *s, const nn_depthwise_f32 *filter, size_t row)
{
    const size_t width = QUARTERS * s->w, values = width * filter->c;
    const float *const at = s->ahead + row * values;
    const float *const rows[3] = { row > 0 ? at - values : NULL, at, row + 1 < QUARTERS * s->h ? at + values : NULL };
    s->layers->model->float_kernels->depthwise(filter, rows, width, s->row);
}

/* Signs of the rows of block i: of w1 first, then of w3. */
static uint8_t *signs_of(const synthesis_adjoint *s, size_t i, bool of_w3)
{
    const block_list *b4 = &s->layers->model->gs.b4;
    const size_t n = QUARTERS * s->h * QUARTERS * s->w / 8;
    return s->signs + n * (i * (b4->c + b4->hidden) + (of_w3 ? b4->c : 0));
}

static void run_block(const synthesis_adjoint *s, size_t i)
{
    const adjoint_block *b = &s->layers->blocks[i];
    const block_list *b4 = &s->layers->model->gs.b4;
    const size_t width = QUARTERS * s->w, c = width * b4->c, hidden = width * b4->hidden;

    for (size_t row = 0; row < QUARTERS * s->h; row++)
        leaky_linear(s, &b->w1.forward, s->features + row * c, width, s->ahead + row * c, signs_of(s, i, false) + row * c / 8);
    for (size_t row = 0; row < QUARTERS * s->h; row++) {
        float *x = s->features + row * c;
        filter_row(s, &b->forward, row);
        linear(s, &b->w2.forward, s->row, width, x, x);
        leaky_linear(s, &b->w3.forward, x, width, s->wide, signs_of(s, i, true) + row * hidden / 8);
        linear(s, &b->w4.forward, s->wide, width, x, x);
    }
}

/* s->features: from the gradient by the outputs of a block to that by its inputs. */
static void run_block_back(const synthesis_adjoint *s, size_t i)
{
    const adjoint_block *b = &s->layers->blocks[i];
    const block_list *b4 = &s->layers->model->gs.b4;
    const size_t width = QUARTERS * s->w, c = width * b4->c, hidden = width * b4->hidden;

    for (size_t row = 0; row < QUARTERS * s->h; row++) {
        float *g = s->features + row * c;
        linear(s, &b->w4.backward, g, width, s->wide, NULL);
        unleak(s->wide, hidden, signs_of(s, i, true) + row * hidden / 8);
        linear(s, &b->w3.backward, s->wide, width, g, g);
        linear(s, &b->w2.backward, g, width, s->ahead + row * c, NULL);
    }
    for (size_t row = 0; row < QUARTERS * s->h; row++) {
        float *g = s->features + row * c;
        filter_row(s, &b->backward, row);
        unleak(s->row, c, signs_of(s, i, false) + row * c / 8);
        linear(s, &b->w1.backward, s->row, width, g, g);
    }
}

float *synthesis_adjoint_forward(synthesis_adjoint *s, const int16_t *y_hat, size_t stride, size_t h, size_t w)
{
    const adjoint_layers *layers = s->layers;
    const size_t m = layers->model->m, width = QUARTERS * w;

    s->h = h;
    s->w = w;
    for (size_t row4 = 0; row4 < QUARTERS * h; row4++) {
        if (row4 % QUARTERS == 0) {
            for (size_t i = 0; i < w * m; i++)
                s->y[i] = y_hat[row4 / QUARTERS * stride + i];
            linear(s, &layers->base.forward, s->y, w, s->folded, NULL);
        }
        shuffle_row(s->folded, w, QUARTERS, row4 % QUARTERS, QUARTERS * QUARTER_CHANNELS * sizeof(float),
                    s->samples + row4 * width * QUARTER_CHANNELS);
    }
    if (!model_has_synthesis_filter(layers->model))
        return s->samples;
    linear_rows(s, &layers->in.forward, s->samples, s->features, false);
    for (size_t i = 0; i < layers->model->gs.b4.n; i++)
        run_block(s, i);
    linear_rows(s, &layers->out.forward, s->features, s->samples, true);
    return s->samples;
}

const float *synthesis_adjoint_backward(synthesis_adjoint *s)
{
    const adjoint_layers *layers = s->layers;
    const size_t width = QUARTERS * s->w;

    if (model_has_synthesis_filter(layers->model)) {
        linear_rows(s, &layers->out.backward, s->samples, s->features, false);
        for (size_t i = layers->model->gs.b4.n; i-- > 0;)
            run_block_back(s, i);
        linear_rows(s, &layers->in.backward, s->features, s->samples, true);
    }
    for (size_t row4 = 0; row4 < QUARTERS * s->h; row4++) {
        unshuffle_row(s->samples + row4 * width * QUARTER_CHANNELS, s->w, QUARTERS, row4 % QUARTERS,
                      QUARTERS * QUARTER_CHANNELS * sizeof(float), s->folded);
        if (row4 % QUARTERS == QUARTERS - 1)
            linear(s, &layers->base.backward, s->folded, s->w, s->slope + row4 / QUARTERS * s->w * layers->model->m, NULL);
    }
    return s->slope;
}
