#include "models/analysis.h"

#include <string.h>

#include "models/shuffle.h"

enum { FRAC = 3, MID = 128 << FRAC, WHITE = 255 << FRAC }; /* the filter makes of pixels what Q6 would not hold */

static void linear(const analysis *ga, const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                   const int16_t *residual, nn_epilogue epilogue)
{
    ga->model->kernels->linear(layer, multiplier, x, n, y, residual, epilogue, ga->scratch);
}

/* Blocks look one row up and down each. */
static size_t reach4(const ghm_model *model)
{
    return model_has_analysis_filter(model) ? model->ga.b4.n : 0;
}

size_t analysis_halo(const ghm_model *model)
{
    return quarter_halo(reach4(model));
}

size_t analysis_widest(const ghm_model *model)
{
    return quarter_strip_widest(&model->ga.b4);
}

static size_t rows_of_y(const ghm_image *image)
{
    return (image->height + MODEL_Y_STRIDE - 1) / MODEL_Y_STRIDE;
}

/* 8 bits, exactly; deeper samples are rounded to Q3. */
static int16_t of_8_bits(uint8_t sample)
{
    return (int16_t)(sample * (1 << FRAC) - MID);
}

static void read_deep_row(const ghm_image *image, const uint8_t *row, size_t n, int16_t *to)
{
    const uint32_t white = (1u << image->bit_depth) - 1;
    for (size_t px = 0; px < n; px++) {
        const uint32_t v = *(const uint16_t *)(const void *)(row + px * image->pixel_stride);
        to[px * 3] = (int16_t)((int32_t)((v * WHITE + white / 2) / white) - MID);
    }
}

/* Interleaved 8-bit RGB, the usual case, is one run. */
void analysis_read_pixels(const ghm_image *image, size_t py, size_t px, size_t n, int16_t *to)
{
    const uint8_t *rows[3];
    for (size_t c = 0; c < 3; c++)
        rows[c] = (image->planes[1] ? image->planes[c] : image->planes[0]) + py * image->row_stride + px * image->pixel_stride;
    if (image->bit_depth > 8) {
        for (size_t c = 0; c < 3; c++)
            read_deep_row(image, rows[c], n, to + c);
        return;
    }
    if (image->pixel_stride == 3 && rows[1] == rows[0] + 1 && rows[2] == rows[0] + 2) {
        for (size_t i = 0; i < 3 * n; i++)
            to[i] = of_8_bits(rows[0][i]);
        return;
    }
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < n; i++)
            to[i * 3 + c] = of_8_bits(rows[c][i * image->pixel_stride]);
}

/* Row row4 of the grid at 1/4, (4 held, 48). */
static int16_t *ring_row(const analysis *ga, size_t row4)
{
    return ga->ring + row4 % (reach4(ga->model) + 1) * quarter_strip_held(&ga->strip) * QUARTERS * QUARTER_CHANNELS;
}

/* The pixels of row row4 of the grid, edges repeated -> x: (4 held, 48). */
static void read_row4(analysis *ga, size_t row4, int16_t *x)
{
    const ghm_image *image = ga->image;
    const size_t left = ga->strip.held.first * MODEL_Y_STRIDE, width = quarter_strip_held(&ga->strip) * MODEL_Y_STRIDE;
    const size_t n = left + width < image->width ? width : image->width - left;
    for (size_t dy = 0; dy < QUARTER_SIDE; dy++) {
        const size_t py = row4 * QUARTER_SIDE + dy < image->height ? row4 * QUARTER_SIDE + dy : image->height - 1;
        analysis_read_pixels(ga->rows, py - ga->top, left, n, ga->pixels);
        for (size_t px = n; px < width; px++)
            memcpy(ga->pixels + px * 3, ga->pixels + (px - 1) * 3, 3 * sizeof *x);
        unshuffle_row(ga->pixels, quarter_strip_held(&ga->strip) * QUARTERS, QUARTER_SIDE, dy, QUARTER_ROW_SAMPLES * sizeof *x, x);
    }
}

/* x: (4 n, 48), row row4 of the grid as the filter leaves it, into the row of y that it belongs to; the last of its four completes it. */
static void fold_row4(analysis *ga, size_t row4, const int16_t *x)
{
    const nn_linear *base = &ga->model->ga.base;
    const size_t row = row4 / QUARTERS, dy = row4 % QUARTERS;
    const quarter_strip *strip = &ga->strip;
    unshuffle_row(x, strip->n, QUARTERS, dy, QUARTERS * QUARTER_CHANNELS * sizeof *x, ga->folded);
    if (dy == QUARTERS - 1)
        linear(ga, base, base->multiplier, ga->folded, strip->n,
               ga->y + ((row - ga->first) * ga->w + strip->first) * ga->model->m, NULL, NN_PLAIN);
}

/* A row of the filter, complete but for ga.out. */
static void on_row4(void *user, size_t row, const int16_t *f)
{
    analysis *ga = user;
    const nn_linear *out = &ga->model->ga.out;
    const size_t row4 = ga->origin4 + row;
    if (row4 < QUARTERS * ga->first || row4 >= QUARTERS * ga->last)
        return; /* the halo ends here */
    int16_t *x = ring_row(ga, row4) + quarter_strip_before(&ga->strip) * QUARTER_CHANNELS;
    linear(ga, out, out->multiplier, f + quarter_strip_surplus(&ga->strip) * ga->model->e4, QUARTERS * ga->strip.n, x, x,
           NN_RESIDUAL);
    fold_row4(ga, row4, x);
}

void analysis_init(analysis *ga, const ghm_model *model, const int32_t *in_multiplier, const ghm_image *image, size_t first,
                   size_t last, arena *memory)
{
    const size_t w = (image->width + MODEL_Y_STRIDE - 1) / MODEL_Y_STRIDE;
    const quarter_strip strip = quarter_strip_of(first, last, w, reach4(model));
    const size_t held = quarter_strip_held(&strip), row4 = QUARTERS * held * QUARTER_CHANNELS;

    *ga = (analysis){ .model = model, .w = w, .strip = strip, .in_multiplier = in_multiplier, .image = image, .rows = image };
    ga->scratch = arena_alloc(memory, model_analysis_scratch_bytes(model, QUARTERS * held), 1);
    ga->pixels = arena_alloc(memory, held * MODEL_Y_STRIDE * 3, sizeof *ga->pixels);
    ga->ring = arena_alloc(memory, (reach4(model) + 1) * row4, sizeof *ga->ring);
    ga->folded = arena_alloc(memory, strip.n * BASE_CHANNELS, sizeof *ga->folded);
    if (model_has_analysis_filter(model)) {
        block_stream_init(&ga->b4, &model->ga.b4, model->kernels, strip.seen.last - strip.seen.first, ga->scratch,
                          memory, on_row4, ga);
        block_stream_cut(&ga->b4, strip.cut_left, strip.cut_right);
    }
}

void analysis_set_rows(analysis *ga, const ghm_image *rows, size_t top)
{
    ga->rows = rows;
    ga->top = top;
}

/* Read row row4 of the grid, and on through the filter. */
static void push_row4(analysis *ga, size_t row4)
{
    const quarter_strip *strip = &ga->strip;
    const size_t ahead = strip->seen.first - QUARTERS * strip->held.first; /* held for whole columns of y only */
    int16_t *x = ring_row(ga, row4);
    read_row4(ga, row4, x);
    if (!model_has_analysis_filter(ga->model)) {
        fold_row4(ga, row4, x);
        return;
    }
    linear(ga, &ga->model->ga.in, ga->in_multiplier, x + ahead * QUARTER_CHANNELS, strip->seen.last - strip->seen.first,
           block_stream_row(&ga->b4), NULL, NN_PLAIN);
    block_stream_push(&ga->b4);
}

static void start(analysis *ga, size_t row4)
{
    ga->origin4 = ga->next4 = row4;
    if (model_has_analysis_filter(ga->model))
        block_stream_start(&ga->b4);
}

void analysis_run(analysis *ga, size_t first, size_t last, int16_t *y)
{
    const size_t h = rows_of_y(ga->image);
    const quarter_span rows4 = quarter_span_of(first, last, h, reach4(ga->model));
    const bool fresh = !ga->goes_on || first != ga->last;

    ga->first = first;
    ga->last = last;
    ga->y = y;
    if (fresh)
        start(ga, rows4.first);
    for (; ga->next4 < rows4.last; ga->next4++)
        push_row4(ga, ga->next4);
    ga->goes_on = rows4.last < QUARTERS * h;
    if (!ga->goes_on && model_has_analysis_filter(ga->model))
        block_stream_flush(&ga->b4); /* elsewhere the rows still held back belong to the halo */
}
