#include "models/synthesis.h"

#include "models/shuffle.h"

enum {
    WHITE = 255 << 6, /* in Q6 */
    ROW_OF_POSITION = 3 * MODEL_Y_STRIDE, /* samples of one row of pixels in a position of y */
    BASE_CHANNELS = MODEL_Y_STRIDE * ROW_OF_POSITION,
    OUT_CHANNELS = 3 * 4 * 4
};

static void linear(const synthesis *gs, const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n,
                   int16_t *y)
{
    gs->model->kernels->linear(layer, multiplier, x, n, y, NULL, NN_PLAIN, gs->scratch);
}

size_t synthesis_halo(const ghm_model *model)
{
    return model->gs.b16.n + (model->gs.b8.n + 1) / 2;
}

/* Base and residual make one row of pixels, all Q6. residual: (4 w, 48), base: (w, 768). */
static void add_row(const synthesis *gs, size_t dy16, size_t dy4)
{
    for (size_t x = 0; x < gs->w; x++) {
        int16_t residual[ROW_OF_POSITION]; /* side by side, for compilers to work on vectors */
        for (size_t x4 = 0; x4 < 4; x4++)
            memcpy(residual + x4 * ROW_OF_POSITION / 4, gs->residual + (4 * x + x4) * OUT_CHANNELS + dy4 * OUT_CHANNELS / 4,
                   sizeof residual / 4);
        const int16_t *base = gs->base + x * BASE_CHANNELS + dy16 * ROW_OF_POSITION;
        int16_t *out = gs->pixels + x * ROW_OF_POSITION;
        for (size_t i = 0; i < ROW_OF_POSITION; i++) {
            const int v = base[i] + residual[i];
            out[i] = (int16_t)(v < 0 ? 0 : v > WHITE ? WHITE : v);
        }
    }
}

static void compute_base(synthesis *gs, size_t row)
{
    const nn_linear *layer = &gs->model->gs.base;
    linear(gs, layer, layer->multiplier, gs->y_hat + (row - gs->origin) * gs->w * gs->model->m, gs->w, gs->base);
    gs->base_row = row;
}

/* The four rows of pixels of quarter `quarter` of a row of y, whose base and residual are there. */
static void emit_quarter(synthesis *gs, size_t row, size_t quarter)
{
    for (size_t dy4 = 0; dy4 < 4; dy4++) {
        const size_t dy16 = quarter * 4 + dy4;
        add_row(gs, dy16, dy4);
        gs->emit(gs->user, row * MODEL_Y_STRIDE + dy16, gs->pixels);
    }
}

/* A row of the grid at 1/4, complete but for gs.out; row 0 is row gs->origin's first. */
static void on_row4(void *user, size_t row4, const int16_t *x)
{
    synthesis *gs = user;
    const size_t row = gs->origin + row4 / 4; /* of y */
    if (row < gs->first || row >= gs->last)
        return;
    if (gs->base_row != row)
        compute_base(gs, row);
    linear(gs, &gs->model->gs.out, gs->model->gs.out.multiplier, x, 4 * gs->w, gs->residual);
    emit_quarter(gs, row, row4 % 4);
}

static void on_row8(void *user, size_t row8, const int16_t *x)
{
    synthesis *gs = user;
    const size_t row = gs->origin + row8 / 2;
    linear(gs, &gs->model->gs.up4, gs->model->gs.up4.multiplier, x, 2 * gs->w, gs->wide8);
    for (size_t dy = 0; dy < 2; dy++) {
        shuffle_row(gs->wide8, 2 * gs->w, 2, dy, 2 * gs->model->d4 * sizeof *gs->wide8, block_stream_row(&gs->b4));
        if (row < gs->first || row >= gs->last)
            gs->b4.row_out++; /* rows of the halo end here */
        else
            block_stream_push(&gs->b4);
    }
}

static void on_row16(void *user, size_t row, const int16_t *x)
{
    synthesis *gs = user;
    (void)row;
    linear(gs, &gs->model->gs.up8, gs->up8_multiplier, x, gs->w, gs->wide16);
    for (size_t dy = 0; dy < 2; dy++) {
        shuffle_row(gs->wide16, gs->w, 2, dy, 2 * gs->model->d8 * sizeof *gs->wide16, block_stream_row(&gs->b8));
        block_stream_push(&gs->b8);
    }
}

void synthesis_init(synthesis *gs, const ghm_model *model, const int32_t *up8_multiplier, size_t w, void *scratch,
                    arena *memory)
{
    const synthesis_weights *net = &model->gs;
    const nn_kernels *k = model->kernels;

    *gs = (synthesis){ .model = model, .w = w, .up8_multiplier = up8_multiplier, .scratch = scratch };
    gs->wide16 = arena_alloc(memory, w * 4 * model->d8, sizeof *gs->wide16);
    gs->wide8 = arena_alloc(memory, 2 * w * 4 * model->d4, sizeof *gs->wide8);
    gs->residual = arena_alloc(memory, 4 * w * OUT_CHANNELS, sizeof *gs->residual);
    gs->base = arena_alloc(memory, w * BASE_CHANNELS, sizeof *gs->base);
    gs->pixels = arena_alloc(memory, w * ROW_OF_POSITION, sizeof *gs->pixels);
    if (!model_has_residual_synthesis(model))
        return;
    block_stream_init(&gs->b16, &net->b16, k, w, scratch, memory, on_row16, gs);
    block_stream_init(&gs->b8, &net->b8, k, 2 * w, scratch, memory, on_row8, gs);
    block_stream_init(&gs->b4, &net->b4, k, 4 * w, scratch, memory, on_row4, gs);
}

/* Push the rows of y up to `end` through the networks; the pixels come out in on_row4(). */
static void run_residual(synthesis *gs, size_t end, bool at_bottom)
{
    const nn_linear *in = &gs->model->gs.in;
    block_stream_start(&gs->b16);
    block_stream_start(&gs->b8);
    block_stream_start(&gs->b4);
    for (size_t row = gs->origin; row < end; row++) {
        linear(gs, in, in->multiplier, gs->y_hat + (row - gs->origin) * gs->w * gs->model->m, gs->w,
               block_stream_row(&gs->b16));
        block_stream_push(&gs->b16);
    }
    if (at_bottom) { /* elsewhere the rows still held back belong to the halo */
        block_stream_flush(&gs->b16);
        block_stream_flush(&gs->b8);
        block_stream_flush(&gs->b4);
    }
}

/* Without a residual branch: gs->residual stays zero. */
static void run_base(synthesis *gs)
{
    for (size_t row = gs->first; row < gs->last; row++) {
        compute_base(gs, row);
        for (size_t quarter = 0; quarter < 4; quarter++)
            emit_quarter(gs, row, quarter);
    }
}

void synthesis_run(synthesis *gs, const int16_t *y_hat, size_t origin, size_t first, size_t last, size_t h,
                   void (*emit)(void *user, size_t pixel_row, const int16_t *rgb), void *user)
{
    const size_t halo = synthesis_halo(gs->model), row_size = gs->w * gs->model->m;
    const size_t begin = first > halo ? first - halo : 0;
    const size_t end = last + halo < h ? last + halo : h;

    gs->y_hat = y_hat + (begin - origin) * row_size;
    gs->origin = begin;
    gs->first = first;
    gs->last = last;
    gs->base_row = SIZE_MAX;
    gs->emit = emit;
    gs->user = user;
    if (model_has_residual_synthesis(gs->model))
        run_residual(gs, end, end == h);
    else
        run_base(gs);
}
