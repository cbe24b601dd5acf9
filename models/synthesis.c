#include "models/synthesis.h"

#include "models/shuffle.h"

enum {
    QUARTERS = 4,                       /* rows and columns of the grid at 1/4 in a position of y */
    SIDE = MODEL_Y_STRIDE / QUARTERS,   /* pixels in a position at 1/4 */
    ROW_SAMPLES = 3 * SIDE,             /* of one row of pixels in it */
    CHANNELS = SIDE * ROW_SAMPLES,
    BASE_CHANNELS = QUARTERS * QUARTERS * CHANNELS,
    MID = 128 << 6, WHITE = 255 << 6    /* Q6; the networks compute pixels less MID */
};

/* Blocks look one row up and down each. */
static size_t reach4(const ghm_model *model)
{
    return model_has_residual_synthesis(model) ? model->gs.b4.n : 0;
}

size_t synthesis_halo(const ghm_model *model)
{
    return (reach4(model) + QUARTERS - 1) / QUARTERS;
}

/* Row row4 of the grid at 1/4, (4 w, 48). */
static int16_t *ring_row(const synthesis *gs, size_t row4)
{
    return gs->ring + row4 % (reach4(gs->model) + 1) * gs->w * QUARTERS * CHANNELS;
}

/* x: (4 w, 48) -> gs->pixels, its row dy. */
static void clamp_row(const synthesis *gs, const int16_t *x, size_t dy)
{
    int16_t *out = gs->pixels;
    for (size_t i = 0; i < QUARTERS * gs->w; i++, x += CHANNELS, out += ROW_SAMPLES)
        for (size_t k = 0; k < ROW_SAMPLES; k++) {
            const int v = x[dy * ROW_SAMPLES + k] + MID;
            out[k] = (int16_t)(v < 0 ? 0 : v > WHITE ? WHITE : v);
        }
}

static void emit_rows(const synthesis *gs, size_t row4, const int16_t *x)
{
    for (size_t dy = 0; dy < SIDE; dy++) {
        clamp_row(gs, x, dy);
        gs->emit(gs->user, row4 * SIDE + dy, gs->pixels);
    }
}

/* A row of the filter, complete but for gs.out. */
static void on_row4(void *user, size_t row, const int16_t *x)
{
    synthesis *gs = user;
    const nn_linear *out = &gs->model->gs.out;
    const size_t row4 = gs->origin4 + row;
    if (row4 < QUARTERS * gs->first || row4 >= QUARTERS * gs->last)
        return; /* the halo ends here */
    int16_t *base = ring_row(gs, row4);
    gs->model->kernels->linear(out, out->multiplier, x, QUARTERS * gs->w, base, base, NN_RESIDUAL, gs->scratch);
    emit_rows(gs, row4, base);
}

void synthesis_init(synthesis *gs, const ghm_model *model, const int32_t *in_multiplier, size_t w, void *scratch,
                    arena *memory)
{
    const size_t row4 = QUARTERS * w * CHANNELS;
    *gs = (synthesis){ .model = model, .w = w, .in_multiplier = in_multiplier, .scratch = scratch };
    gs->base = arena_alloc(memory, w * BASE_CHANNELS, sizeof *gs->base);
    gs->ring = arena_alloc(memory, (reach4(model) + 1) * row4, sizeof *gs->ring);
    gs->pixels = arena_alloc(memory, w * MODEL_Y_STRIDE * 3, sizeof *gs->pixels);
    if (model_has_residual_synthesis(model))
        block_stream_init(&gs->b4, &model->gs.b4, model->kernels, QUARTERS * w, scratch, memory, on_row4, gs);
}

/* gs->base, a row of y, -> its row row4 of the grid at 1/4, and on through the filter. */
static void push_row4(synthesis *gs, size_t row4)
{
    const nn_linear *in = &gs->model->gs.in;
    int16_t *x = ring_row(gs, row4);
    shuffle_row(gs->base, gs->w, QUARTERS, row4 % QUARTERS, QUARTERS * CHANNELS * sizeof *x, x);
    if (!model_has_residual_synthesis(gs->model)) {
        emit_rows(gs, row4, x);
        return;
    }
    gs->model->kernels->linear(in, gs->in_multiplier, x, QUARTERS * gs->w, block_stream_row(&gs->b4), NULL, NN_PLAIN,
                               gs->scratch);
    block_stream_push(&gs->b4);
}

void synthesis_run(synthesis *gs, const int16_t *y_hat, size_t origin, size_t first, size_t last, size_t h,
                   void (*emit)(void *user, size_t pixel_row, const int16_t *rgb), void *user)
{
    const nn_linear *base = &gs->model->gs.base;
    const size_t reach = reach4(gs->model);
    const size_t begin4 = QUARTERS * first > reach ? QUARTERS * first - reach : 0;
    const size_t end4 = last < h && QUARTERS * last + reach < QUARTERS * h ? QUARTERS * last + reach : QUARTERS * h;

    gs->origin4 = begin4;
    gs->first = first;
    gs->last = last;
    gs->emit = emit;
    gs->user = user;
    if (model_has_residual_synthesis(gs->model))
        block_stream_start(&gs->b4);
    for (size_t row4 = begin4; row4 < end4; row4++) {
        if (row4 == begin4 || row4 % QUARTERS == 0)
            gs->model->kernels->linear(base, base->multiplier, y_hat + (row4 / QUARTERS - origin) * gs->w * gs->model->m,
                                       gs->w, gs->base, NULL, NN_PLAIN, gs->scratch);
        push_row4(gs, row4);
    }
    if (model_has_residual_synthesis(gs->model) && end4 == QUARTERS * h)
        block_stream_flush(&gs->b4); /* elsewhere the rows still held back belong to the halo */
}
