#include "models/synthesis.h"

#include "models/shuffle.h"

enum { MID = 128 << 6, WHITE = 255 << 6 }; /* Q6; the networks compute pixels less MID */

size_t synthesis_halo(const ghm_model *model)
{
    return quarter_halo(model_has_synthesis_filter(model) ? model->gs.b4.n : 0);
}

static bool has_filter(const synthesis *gs)
{
    return gs->in_multiplier && model_has_synthesis_filter(gs->model);
}

/* Blocks look one row up and down each. */
static size_t reach4(const synthesis *gs)
{
    return has_filter(gs) ? gs->model->gs.b4.n : 0;
}

size_t synthesis_widest(const ghm_model *model)
{
    return quarter_strip_widest(&model->gs.b4);
}

/* Row row4 of the grid at 1/4, (4 held, 48). */
static int16_t *ring_row(const synthesis *gs, size_t row4)
{
    return gs->ring + row4 % (reach4(gs) + 1) * quarter_strip_held(&gs->strip) * QUARTERS * QUARTER_CHANNELS;
}

/* x: (4 n, 48) -> gs->pixels, its row dy. */
static void clamp_row(const synthesis *gs, const int16_t *x, size_t dy)
{
    int16_t *out = gs->pixels;
    for (size_t i = 0; i < QUARTERS * gs->strip.n; i++, x += QUARTER_CHANNELS, out += QUARTER_ROW_SAMPLES)
        for (size_t k = 0; k < QUARTER_ROW_SAMPLES; k++) {
            const int v = x[dy * QUARTER_ROW_SAMPLES + k] + gs->middle[k % 3];
            out[k] = (int16_t)(v < 0 ? 0 : v > WHITE ? WHITE : v);
        }
}

/* x: (4 n, 48), row row4 of the grid. */
static void emit_rows(const synthesis *gs, size_t row4, const int16_t *x)
{
    for (size_t dy = 0; dy < QUARTER_SIDE; dy++) {
        clamp_row(gs, x, dy);
        gs->emit(gs->user, row4 * QUARTER_SIDE + dy, gs->strip.first * MODEL_Y_STRIDE, gs->strip.n * MODEL_Y_STRIDE,
                 gs->pixels);
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
    int16_t *base = ring_row(gs, row4) + quarter_strip_before(&gs->strip) * QUARTER_CHANNELS;
    gs->model->kernels->linear(out, out->multiplier, x + quarter_strip_surplus(&gs->strip) * gs->model->d4,
                               QUARTERS * gs->strip.n, base, base, NN_RESIDUAL, gs->scratch);
    emit_rows(gs, row4, base);
}

void synthesis_init(synthesis *gs, const ghm_model *model, const int32_t *in_multiplier, size_t first, size_t last, size_t w,
                    arena *memory)
{
    *gs = (synthesis){ .model = model, .w = w, .in_multiplier = in_multiplier, .middle = { MID, MID, MID } };
    gs->strip = quarter_strip_of(first, last, w, reach4(gs));
    const size_t held = quarter_strip_held(&gs->strip), row4 = QUARTERS * held * QUARTER_CHANNELS;
    gs->scratch = arena_alloc(memory, model_scratch_bytes(model, QUARTERS * held), 1);
    gs->base = arena_alloc(memory, held * BASE_CHANNELS, sizeof *gs->base);
    gs->ring = arena_alloc(memory, (reach4(gs) + 1) * row4, sizeof *gs->ring);
    gs->pixels = arena_alloc(memory, gs->strip.n * MODEL_Y_STRIDE * 3, sizeof *gs->pixels);
    if (has_filter(gs)) {
        block_stream_init(&gs->b4, &model->gs.b4, model->kernels, gs->strip.seen.last - gs->strip.seen.first, gs->scratch,
                          memory, on_row4, gs);
        block_stream_cut(&gs->b4, gs->strip.cut_left, gs->strip.cut_right);
    }
}

/* gs->base, a row of y, -> its row row4 of the grid at 1/4, and on through the filter. */
static void push_row4(synthesis *gs, size_t row4)
{
    const nn_linear *in = &gs->model->gs.in;
    const quarter_strip *strip = &gs->strip;
    int16_t *x = ring_row(gs, row4);
    shuffle_row(gs->base, quarter_strip_held(strip), QUARTERS, row4 % QUARTERS, QUARTERS * QUARTER_CHANNELS * sizeof *x, x);
    if (!has_filter(gs)) {
        emit_rows(gs, row4, x);
        return;
    }
    const size_t ahead = strip->seen.first - QUARTERS * strip->held.first; /* held for whole columns of y only */
    gs->model->kernels->linear(in, gs->in_multiplier, x + ahead * QUARTER_CHANNELS, strip->seen.last - strip->seen.first,
                               block_stream_row(&gs->b4), NULL, NN_PLAIN, gs->scratch);
    block_stream_push(&gs->b4);
}

/* Row `row` of y, its pixels ahead of the filter. */
static void make_base(synthesis *gs, const int16_t *y_hat, size_t origin, size_t row)
{
    const nn_linear *base = &gs->model->gs.base;
    const int16_t *x = y_hat + ((row - origin) * gs->w + gs->strip.held.first) * gs->model->m;
    gs->model->kernels->linear(base, base->multiplier, x, quarter_strip_held(&gs->strip), gs->base, NULL, NN_PLAIN,
                               gs->scratch);
}

static void start(synthesis *gs, size_t row4)
{
    gs->origin4 = gs->next4 = row4;
    if (has_filter(gs))
        block_stream_start(&gs->b4);
}

void synthesis_run(synthesis *gs, const int16_t *y_hat, size_t origin, size_t first, size_t last, size_t h,
                   synthesis_emit *emit, void *user)
{
    const quarter_span rows4 = quarter_span_of(first, last, h, reach4(gs));
    const bool fresh = !gs->goes_on || first != gs->last;

    gs->first = first;
    gs->last = last;
    gs->emit = emit;
    gs->user = user;
    if (fresh)
        start(gs, rows4.first);
    for (size_t begin = gs->next4; gs->next4 < rows4.last; gs->next4++) {
        if ((fresh && gs->next4 == begin) || gs->next4 % QUARTERS == 0)
            make_base(gs, y_hat, origin, gs->next4 / QUARTERS);
        push_row4(gs, gs->next4);
    }
    gs->goes_on = rows4.last < QUARTERS * h;
    if (!gs->goes_on && has_filter(gs))
        block_stream_flush(&gs->b4); /* elsewhere the rows still held back belong to the halo */
}

/* ---------------------------------------------------------------------------------------------- previews */

void synthesis_correct(synthesis *gs, const int16_t *correction)
{
    for (size_t c = 0; c < 3; c++)
        gs->middle[c] = (int16_t)(MID + correction[c]);
}

/* Sums over the pixels of the one position of y that no edge of a small picture reaches. */
typedef struct centre_sums {
    size_t at; /* row and column of y */
    int32_t rgb[3];
} centre_sums;

static void add_centre(void *user, size_t pixel_row, size_t first_pixel, size_t n, const int16_t *rgb)
{
    centre_sums *sums = user;
    (void)first_pixel, (void)n; /* all of them: one strip */
    if (pixel_row / MODEL_Y_STRIDE != sums->at)
        return;
    for (size_t i = 0; i < 3 * MODEL_Y_STRIDE; i++)
        sums->rgb[i % 3] += rgb[3 * MODEL_Y_STRIDE * sums->at + i];
}

static centre_sums sum_centre(const ghm_model *model, const int32_t *in_multiplier, size_t side, const int16_t *y_hat,
                              arena *memory)
{
    centre_sums sums = { .at = side / 2 };
    synthesis gs;
    synthesis_init(&gs, model, in_multiplier, 0, side, side, memory);
    if (arena_status(memory, NULL) == GHM_OK)
        synthesis_run(&gs, y_hat, 0, 0, side, side, add_centre, &sums);
    return sums;
}

void synthesis_correction(const ghm_model *model, const int32_t *in_multiplier, arena *memory, int16_t correction[3])
{
    enum { PIXELS = MODEL_Y_STRIDE * MODEL_Y_STRIDE };
    const size_t side = 2 * synthesis_halo(model) + 1;
    const int16_t *y_hat = arena_alloc(memory, side * side * model->m, sizeof *y_hat);
    const centre_sums filtered = sum_centre(model, in_multiplier, side, y_hat, memory);
    const centre_sums base = sum_centre(model, NULL, side, y_hat, memory);
    for (size_t c = 0; c < 3; c++)
        correction[c] = (int16_t)((filtered.rgb[c] - base.rgb[c] + PIXELS / 2) >> 8); /* by PIXELS */
}
