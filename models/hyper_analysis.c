#include "models/hyper_analysis.h"

#include <string.h>

#include "models/shuffle.h"

static void linear(const ghm_model *model, const nn_linear_f32 *layer, const float *x, size_t n, float *y)
{
    model->float_kernels->linear(layer, x, n, y, NULL, NN_PLAIN);
}

static void hyper_on_row32(void *user, size_t row, const float *x)
{
    hyper_analysis *ha = user;
    const size_t zw = ha->b32.width / 2, z = ha->model->z;
    unshuffle_row(x, zw, 2, row % 2, 2 * z * sizeof *x, ha->wide64);
    if (row % 2 == 1)
        linear(ha->model, &ha->model->ha.down64, ha->wide64, zw, ha->z + row / 2 * zw * z);
}

static void hyper_on_row16(void *user, size_t row, const float *x)
{
    hyper_analysis *ha = user;
    unshuffle_row(x, ha->b32.width, 2, row % 2, 2 * ha->model->z * sizeof *x, ha->wide32);
    if (row % 2 == 1) {
        linear(ha->model, &ha->model->ha.down32, ha->wide32, ha->b32.width, block_stream_f32_row(&ha->b32));
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

/* n values of y -> ha->row16, as real numbers. */
static void read_row16(hyper_analysis *ha, const int16_t *y, size_t n)
{
    const float unit = 1.0f / (float)(1 << ha->model->frac_y);
    for (size_t i = 0; i < n; i++)
        ha->row16[i] = (float)y[i] * unit;
}

void hyper_analysis_run(hyper_analysis *ha, const int16_t *y, size_t h, float *z)
{
    const size_t row_size = ha->w * ha->model->m;

    ha->z = z;
    block_stream_f32_start(&ha->b16);
    block_stream_f32_start(&ha->b32);
    for (size_t row = 0; row < (h + 3) / 4 * 4; row++) {
        if (row < h)
            read_row16(ha, y + row * row_size, row_size);
        else
            memset(ha->row16, 0, row_size * sizeof *ha->row16);
        linear(ha->model, &ha->model->ha.in, ha->row16, ha->b16.width, block_stream_f32_row(&ha->b16));
        block_stream_f32_push(&ha->b16);
    }
    block_stream_f32_flush(&ha->b16);
    block_stream_f32_flush(&ha->b32);
}
