#include "models/hyper_synthesis.h"

#include "models/shuffle.h"

static void linear(const hyper_synthesis *hs, const nn_linear *layer, const int16_t *x, size_t n, int16_t *y)
{
    hs->model->kernels->linear(layer, layer->multiplier, x, n, y, NULL, NN_PLAIN, hs->scratch);
}

/* wide: (width, 4 Z) -> two rows of (2 width, Z) into the stream. */
static void push_shuffled(block_stream *to, const int16_t *wide, size_t width, size_t c)
{
    for (size_t dy = 0; dy < 2; dy++) {
        shuffle_row(wide, width, 2, dy, 2 * c * sizeof *wide, block_stream_row(to));
        block_stream_push(to);
    }
}

static void on_row32(void *user, size_t row, const int16_t *x)
{
    hyper_synthesis *hs = user;
    (void)row;
    linear(hs, &hs->model->hs.up, x, hs->b32.width, hs->wide32);
    push_shuffled(&hs->b16, hs->wide32, hs->b32.width, hs->model->z);
}

/* The grid of z covers that of y and up to three rows and columns more, which end here. */
static void on_row16(void *user, size_t row, const int16_t *x)
{
    hyper_synthesis *hs = user;
    if (row >= hs->h)
        return;
    linear(hs, &hs->model->hs.out, x, hs->w, block_stream_row(&hs->prior));
    block_stream_push(&hs->prior);
}

static void on_parameters(void *user, size_t row, const int16_t *p)
{
    hyper_synthesis *hs = user;
    linear(hs, &hs->model->hs.scale, p, hs->w, hs->s_row);
    hs->emit(hs->user, row, p, hs->s_row);
}

void hyper_synthesis_init(hyper_synthesis *hs, const ghm_model *model, size_t w, void *scratch, arena *memory,
                          void (*emit)(void *user, size_t row, const int16_t *p, const int16_t *s), void *user)
{
    const size_t zw = (w + 3) / 4;
    const hyper_synthesis_weights *net = &model->hs;

    *hs = (hyper_synthesis){ .model = model, .w = w, .scratch = scratch, .emit = emit, .user = user };
    hs->wide64 = arena_alloc(memory, zw * 4 * model->z, sizeof *hs->wide64);
    hs->wide32 = arena_alloc(memory, 2 * zw * 4 * model->z, sizeof *hs->wide32);
    hs->s_row = arena_alloc(memory, w * model->m, sizeof *hs->s_row);
    block_stream_init(&hs->b32, &net->b32, model->kernels, 2 * zw, scratch, memory, on_row32, hs);
    block_stream_init(&hs->b16, &net->b16, model->kernels, 4 * zw, scratch, memory, on_row16, hs);
    block_stream_init(&hs->prior, &net->prior, model->kernels, w, scratch, memory, on_parameters, hs);
}

void hyper_synthesis_run(hyper_synthesis *hs, const int16_t *z_hat, size_t h)
{
    const size_t zh = (h + 3) / 4, zw = hs->b32.width / 2, z = hs->model->z;

    hs->h = h;
    block_stream_start(&hs->b32);
    block_stream_start(&hs->b16);
    block_stream_start(&hs->prior);
    for (size_t row = 0; row < zh; row++) {
        linear(hs, &hs->model->hs.in, z_hat + row * zw * z, zw, hs->wide64);
        push_shuffled(&hs->b32, hs->wide64, zw, z);
    }
    block_stream_flush(&hs->b32);
    block_stream_flush(&hs->b16);
    block_stream_flush(&hs->prior);
}
