#include "models/analysis.h"

#include <string.h>

#include "models/shuffle.h"

enum { PIXELS = MODEL_Y_STRIDE, BASE_CHANNELS = 3 * 16 * 16, IN_CHANNELS = 3 * 8 * 8 };

static void linear(const ghm_model *model, const nn_linear_f32 *layer, const float *x, size_t n, float *y,
                   const float *residual, nn_epilogue epilogue)
{
    model->float_kernels->linear(layer, x, n, y, residual, epilogue);
}

static size_t rows_of_y(const ghm_image *image)
{
    return (image->height + PIXELS - 1) / PIXELS;
}

static void read_deep_row(const ghm_image *image, const uint8_t *row, float *to)
{
    const float white = (float)((1u << image->bit_depth) - 1);
    for (size_t px = 0; px < image->width; px++)
        to[px * 3] = (float)*(const uint16_t *)(const void *)(row + px * image->pixel_stride) / white;
}

/* Row py of the image -> (width, 3), 0..1; grey is three times the same. Interleaved 8-bit RGB, the usual case, is one run. */
static void read_pixel_row(const ghm_image *image, size_t py, float *to)
{
    const uint8_t *rows[3];
    for (size_t c = 0; c < 3; c++)
        rows[c] = (image->planes[1] ? image->planes[c] : image->planes[0]) + py * image->row_stride;
    if (image->bit_depth > 8) {
        for (size_t c = 0; c < 3; c++)
            read_deep_row(image, rows[c], to + c);
        return;
    }
    if (image->pixel_stride == 3 && rows[1] == rows[0] + 1 && rows[2] == rows[0] + 2) {
        for (size_t i = 0; i < 3 * (size_t)image->width; i++)
            to[i] = (float)rows[0][i] / 255.0f;
        return;
    }
    for (size_t c = 0; c < 3; c++)
        for (size_t px = 0; px < image->width; px++)
            to[px * 3 + c] = (float)rows[c][px * image->pixel_stride] / 255.0f;
}

/* Read the 16 rows of pixels of row `row` of y into ga->x. */
static void read_pixels(analysis *ga, size_t row)
{
    const ghm_image *image = ga->image;
    const size_t width = ga->w * PIXELS, last = image->width - 1;
    for (size_t dy = 0; dy < PIXELS; dy++) {
        const size_t py = row * PIXELS + dy < image->height ? row * PIXELS + dy : image->height - 1;
        float *to = ga->x + dy * width * 3;
        read_pixel_row(ga->rows, py - ga->top, to);
        for (size_t px = image->width; px < width; px++)
            memcpy(to + px * 3, to + last * 3, 3 * sizeof *to);
    }
}

/* ga.base of row `row`, whose pixels have been read, into its place in y. */
static void compute_base(analysis *ga, size_t row)
{
    for (size_t dy = 0; dy < PIXELS; dy++)
        unshuffle_row(ga->x + dy * ga->w * PIXELS * 3, ga->w, PIXELS, dy, PIXELS * 3 * sizeof *ga->x, ga->folded);
    linear(ga->model, &ga->model->ga.base, ga->folded, ga->w, ga->y + (row - ga->first) * ga->w * ga->model->m, NULL,
           NN_PLAIN);
}

/* A finished row of b16 is the residual of y; its base is there already. */
static void on_row16(void *user, size_t row16, const float *x)
{
    analysis *ga = user;
    const size_t row = ga->origin + row16;
    if (row < ga->first || row >= ga->last)
        return;
    float *y = ga->y + (row - ga->first) * ga->w * ga->model->m;
    linear(ga->model, &ga->model->ga.out, x, ga->w, y, y, NN_RESIDUAL);
}

static void on_row8(void *user, size_t row8, const float *x)
{
    analysis *ga = user;
    unshuffle_row(x, ga->w, 2, row8 % 2, 2 * ga->model->e8 * sizeof *x, ga->pair);
    if (row8 % 2 == 1) {
        linear(ga->model, &ga->model->ga.down, ga->pair, ga->w, block_stream_f32_row(&ga->b16), NULL, NN_PLAIN);
        block_stream_f32_push(&ga->b16);
    }
}

void analysis_init(analysis *ga, const ghm_model *model, const float *gain_e8, const ghm_image *image, arena *memory)
{
    const size_t w = (image->width + PIXELS - 1) / PIXELS;

    *ga = (analysis){ .model = model, .w = w, .gain_e8 = gain_e8, .image = image, .rows = image };
    ga->x = arena_alloc(memory, w * BASE_CHANNELS, sizeof *ga->x);
    ga->folded = arena_alloc(memory, w * BASE_CHANNELS, sizeof *ga->folded);
    if (!model_has_residual_analysis(model))
        return;
    ga->pair = arena_alloc(memory, w * 4 * model->e8, sizeof *ga->pair);
    block_stream_f32_init(&ga->b8, &model->ga.b8, model->float_kernels, 2 * w, memory, on_row8, ga);
    block_stream_f32_init(&ga->b16, &model->ga.b16, model->float_kernels, w, memory, on_row16, ga);
}

/* Two rows of the grid at 1/8 for the row of y whose pixels have been read. */
static void push_row(analysis *ga)
{
    const size_t w8 = 2 * ga->w, e8 = ga->model->e8;
    for (size_t half = 0; half < 2; half++) {
        for (size_t dy = 0; dy < 8; dy++)
            unshuffle_row(ga->x + (half * 8 + dy) * w8 * 24, w8, 8, dy, 24 * sizeof *ga->x, ga->folded);
        for (size_t i = 0; i < w8 * IN_CHANNELS; i++)
            ga->folded[i] -= 0.5f;
        float *to = block_stream_f32_row(&ga->b8);
        linear(ga->model, &ga->model->ga.in, ga->folded, w8, to, NULL, NN_PLAIN);
        for (size_t i = 0; i < w8; i++)
            for (size_t c = 0; c < e8; c++)
                to[i * e8 + c] *= ga->gain_e8[c];
        block_stream_f32_push(&ga->b8);
    }
}

size_t analysis_halo(const ghm_model *model)
{
    return model_has_residual_analysis(model) ? model->ga.b16.n + (model->ga.b8.n + 1) / 2 : 0;
}

void analysis_set_rows(analysis *ga, const ghm_image *rows, size_t top)
{
    ga->rows = rows;
    ga->top = top;
}

void analysis_run(analysis *ga, size_t first, size_t last, float *y)
{
    const bool residual = model_has_residual_analysis(ga->model);
    const size_t halo = analysis_halo(ga->model), h = rows_of_y(ga->image);
    const size_t end = last + halo < h ? last + halo : h;

    ga->origin = first > halo ? first - halo : 0;
    ga->first = first;
    ga->last = last;
    ga->y = y;
    if (residual) {
        block_stream_f32_start(&ga->b8);
        block_stream_f32_start(&ga->b16);
    }
    for (size_t row = ga->origin; row < end; row++) {
        read_pixels(ga, row);
        if (row >= first && row < last)
            compute_base(ga, row);
        if (residual)
            push_row(ga);
    }
    if (residual && end == h) { /* elsewhere the rows still held back belong to the halo */
        block_stream_f32_flush(&ga->b8);
        block_stream_f32_flush(&ga->b16);
    }
}

static void hyper_on_row32(void *user, size_t row, const float *x)
{
    hyper_analysis *ha = user;
    const size_t zw = ha->b32.width / 2, z = ha->model->z;
    unshuffle_row(x, zw, 2, row % 2, 2 * z * sizeof *x, ha->wide64);
    if (row % 2 == 1)
        linear(ha->model, &ha->model->ha.down64, ha->wide64, zw, ha->z + row / 2 * zw * z, NULL, NN_PLAIN);
}

static void hyper_on_row16(void *user, size_t row, const float *x)
{
    hyper_analysis *ha = user;
    unshuffle_row(x, ha->b32.width, 2, row % 2, 2 * ha->model->z * sizeof *x, ha->wide32);
    if (row % 2 == 1) {
        linear(ha->model, &ha->model->ha.down32, ha->wide32, ha->b32.width, block_stream_f32_row(&ha->b32), NULL, NN_PLAIN);
        block_stream_f32_push(&ha->b32);
    }
}

void hyper_analysis_init(hyper_analysis *ha, const ghm_model *model, size_t w, arena *memory)
{
    const size_t zw = (w + 3) / 4;

    *ha = (hyper_analysis){ .model = model, .w = w };
    ha->row16 = arena_alloc(memory, 4 * zw * model->m, sizeof *ha->row16);
    ha->wide32 = arena_alloc(memory, 2 * zw * 4 * model->z, sizeof *ha->wide32);
    ha->wide64 = arena_alloc(memory, zw * 4 * model->z, sizeof *ha->wide64);
    block_stream_f32_init(&ha->b16, &model->ha.b16, model->float_kernels, 4 * zw, memory, hyper_on_row16, ha);
    block_stream_f32_init(&ha->b32, &model->ha.b32, model->float_kernels, 2 * zw, memory, hyper_on_row32, ha);
}

void hyper_analysis_run(hyper_analysis *ha, const float *y, size_t h, float *z)
{
    const size_t row_size = ha->w * ha->model->m;

    ha->z = z;
    block_stream_f32_start(&ha->b16);
    block_stream_f32_start(&ha->b32);
    for (size_t row = 0; row < (h + 3) / 4 * 4; row++) {
        if (row < h)
            memcpy(ha->row16, y + row * row_size, row_size * sizeof *y);
        else
            memset(ha->row16, 0, row_size * sizeof *y);
        linear(ha->model, &ha->model->ha.in, ha->row16, ha->b16.width, block_stream_f32_row(&ha->b16), NULL, NN_PLAIN);
        block_stream_f32_push(&ha->b16);
    }
    block_stream_f32_flush(&ha->b16);
    block_stream_f32_flush(&ha->b32);
}
