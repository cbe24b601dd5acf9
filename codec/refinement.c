#include "refinement.h"

#include "colour.h"
#include "models/analysis.h"
#include "models/synthesis.h"

enum {
    TILE_COLUMNS = 32, /* of y, at most: memory grows with them, and with fewer work on their borders */
    Q6_OF_Q3 = 8       /* pixels of the analysis are Q3, those of the synthesis Q6 */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The error of a step is taken to be worth the same in every channel, the mean: so does the trellis. */
static void set_rates(refinement *r, const quality_tables *quality)
{
    const size_t m = r->model->m;
    const float one = (float)(1 << r->model->frac_y), step_unit = one * 0x1p-20f;
    float energy = 0; /* of a step */
    for (size_t c = 0; c < m; c++) {
        const float step = (float)quality->step_q20[c] * step_unit;
        energy += r->layers.base_energy[c] * step * step / (float)m;
    }
    for (size_t c = 0; c < m && energy > 0; c++) {
        const float rate = one / quality->gain_y[c];
        r->error_rate[c] = rate * (float)quality->step_q20[c] * step_unit / energy;
        r->price_rate[c] = rate / 2; /* the other slope is half of its own, too */
    }
}

void refinement_init(refinement *r, const ghm_model *model, const quality_tables *quality, size_t max_h, size_t w, int n_threads,
                     arena *memory)
{
    const size_t n = (size_t)n_threads, widest = smaller(TILE_COLUMNS + 4 * synthesis_halo(model), w);

    *r = (refinement){ .model = model, .w = w, .n_tiles = (w + TILE_COLUMNS - 1) / TILE_COLUMNS };
    adjoint_layers_init(&r->layers, model, quality->gs_in_multiplier, memory);
    r->error_rate = arena_alloc(memory, model->m, sizeof *r->error_rate);
    r->price_rate = arena_alloc(memory, model->m, sizeof *r->price_rate);
    r->adjoints = arena_alloc(memory, n, sizeof *r->adjoints);
    r->pixels = arena_alloc(memory, n, sizeof *r->pixels);
    for (size_t i = 0; r->adjoints && r->pixels && i < n; i++) {
        synthesis_adjoint_init(&r->adjoints[i], &r->layers, max_h, widest, memory);
        r->pixels[i] = arena_alloc(memory, widest * MODEL_Y_STRIDE * 3, sizeof **r->pixels);
    }
    if (r->layers.base_energy && r->error_rate && r->price_rate)
        set_rates(r, quality);
}

float refinement_pace(int round, int n_rounds)
{
    return 0.13f * (float)(n_rounds - round) / (float)n_rounds;
}

/* ---------------------------------------------------------------------------------------------- a tile */

/* `by` more on both sides, of 0 .. n. */
static quarter_span widen(quarter_span s, size_t by, size_t n)
{
    return (quarter_span){ s.first > by ? s.first - by : 0, smaller(s.last + by, n) };
}

static bool contains(quarter_span s, size_t i)
{
    return i >= s.first && i < s.last;
}

/* Columns of a band whose targets move; whose pixels' errors move them; that these pixels depend on. Of rows those move, and have
 * errors, that no other band's pixels or rows concern; all are seen. */
typedef struct tile {
    quarter_span rows, columns, error_columns, seen_columns;
} tile;

static tile tile_of(const refinement *r, const refinement_band *band, size_t i)
{
    const size_t halo = synthesis_halo(r->model), cut = band->goes_on_below ? halo : 0;
    tile t = { .columns = { r->w * i / r->n_tiles, r->w * (i + 1) / r->n_tiles } };
    t.rows = (quarter_span){ band->goes_on_above ? halo : 0, band->h > cut ? band->h - cut : 0 };
    t.error_columns = widen(t.columns, halo, r->w);
    t.seen_columns = widen(t.error_columns, halo, r->w);
    return t;
}

static float clamp(float v)
{
    const float low = -128 * 64, high = 127 * 64;
    return v < low ? low : v > high ? high : v;
}

/* 4 pixels of a row, (4, 3): what would be shown, less 128, -> how far it is off `wanted`. Grey is the mean of three. */
static void take_errors(float *samples, const int16_t *wanted, size_t n, bool grey)
{
    for (size_t k = 0; k < 3 * n; k += 3) {
        float error[3];
        for (size_t c = 0; c < 3; c++)
            error[c] = clamp(samples[k + c]) - (float)(wanted[k + c] * Q6_OF_Q3);
        const float mean = (error[0] + error[1] + error[2]) / 3;
        for (size_t c = 0; c < 3; c++)
            samples[k + c] = grey ? mean : error[c];
    }
    for (size_t k = 3 * n; k < QUARTER_ROW_SAMPLES; k++) /* beyond the picture's right edge */
        samples[k] = 0;
}

/* One row of pixels, `row` of the band. samples: of its first position at 1/4 that is seen, whose row dy it is. */
static void errors_of_row(const refinement *r, const refinement_band *band, const tile *t, size_t row, size_t dy, float *samples,
                          int16_t *pixels)
{
    const size_t y_row = row / MODEL_Y_STRIDE, left = t->seen_columns.first * MODEL_Y_STRIDE, width = band->rows->width;
    const bool concerns = contains(t->rows, y_row) && row < band->n_pixels;
    const bool grey = !band->rows->planes[1];
    if (concerns)
        analysis_read_pixels(band->rows, band->first_pixel + row - band->top, left,
                             smaller(t->seen_columns.last * MODEL_Y_STRIDE, width) - left, pixels);
    samples += dy * QUARTER_ROW_SAMPLES;
    for (size_t x = left; x < t->seen_columns.last * MODEL_Y_STRIDE; x += QUARTER_SIDE, samples += QUARTER_CHANNELS) {
        const size_t column = x / MODEL_Y_STRIDE, at = y_row * r->w + column;
        const bool shown = concerns && contains(t->error_columns, column) && x < width && !(band->idle && band->idle[at]);
        take_errors(samples, pixels + 3 * (x - left), shown ? smaller(QUARTER_SIDE, width - x) : 0, grey);
    }
}

static void move_targets(const refinement *r, const refinement_band *band, const tile *t, const float *slope)
{
    const size_t m = r->model->m, w = t->seen_columns.last - t->seen_columns.first;
    for (size_t row = t->rows.first; row < t->rows.last; row++)
        for (size_t column = t->columns.first; column < t->columns.last; column++) {
            const size_t at = (row * r->w + column) * m;
            const float *error_slope = slope + (row * w + column - t->seen_columns.first) * m;
            for (size_t c = 0; c < m; c++)
                band->target[at + c] -= band->pace * (r->error_rate[c] * error_slope[c] + r->price_rate[c] * band->price_slope[at + c]);
        }
}

void refinement_run(const refinement *r, const refinement_band *band, size_t i, int worker)
{
    const tile t = tile_of(r, band, i);
    const size_t m = r->model->m, w = t.seen_columns.last - t.seen_columns.first;
    synthesis_adjoint *adjoint = &r->adjoints[worker];
    float *samples = synthesis_adjoint_forward(adjoint, band->y_hat + t.seen_columns.first * m, r->w * m, band->h, w);
    for (size_t row = 0; row < band->h * MODEL_Y_STRIDE; row++)
        errors_of_row(r, band, &t, row, row % QUARTER_SIDE, samples + row / QUARTER_SIDE * w * QUARTERS * QUARTER_CHANNELS,
                      r->pixels[worker]);
    move_targets(r, band, &t, synthesis_adjoint_backward(adjoint));
}
