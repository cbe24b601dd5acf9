#include "models/context.h"

#include <string.h>

size_t context_inputs(const ghm_model *model, size_t pass)
{
    size_t n = model->p;
    for (size_t s = 0; s < model->n_slices; s++)
        if (model->passes[pass].known[s])
            n += model->slice_channels[s];
    return n;
}

static void linear(const context_model *cm, const nn_linear *layer, const int16_t *x, size_t n, int16_t *y)
{
    cm->model->kernels->linear(layer, layer->multiplier, x, n, y, NULL, NN_PLAIN, cm->scratch);
}

static void on_row(void *user, size_t row, const int16_t *x)
{
    context_model *cm = user;
    const context_pass *pass = &cm->model->passes[cm->pass];
    linear(cm, &pass->out, x, checkerboard_count(row, cm->w, pass->phase), cm->mean);
    cm->emit(cm->user, row, cm->mean);
}

/* One position's input: the known slices of y_hat in order, then p. Returns the end of what was written. */
static int16_t *gather(const ghm_model *model, const context_pass *pass, const int16_t *y_hat, const int16_t *p, int16_t *to)
{
    for (size_t s = 0; s < model->n_slices; s++)
        if (pass->known[s]) {
            memcpy(to, y_hat + model->slice_first[s], model->slice_channels[s] * sizeof *to);
            to += model->slice_channels[s];
        }
    memcpy(to, p, model->p * sizeof *to);
    return to + model->p;
}

/* Pass 0 has no context yet: p alone, where it codes. */
static void run_first_pass(context_model *cm, const int16_t *p, size_t h)
{
    const ghm_model *model = cm->model;
    for (size_t row = 0; row < h; row++) {
        checkerboard_gather(cm->input, p + row * cm->w * model->p, cm->w, model->p * sizeof *p, row, model->passes[0].phase);
        on_row(cm, row, cm->input);
    }
}

void context_run_pass(context_model *cm, size_t k, const int16_t *y_hat, const int16_t *p, size_t h)
{
    const ghm_model *model = cm->model;
    const context_pass *pass = &model->passes[k];
    block_stream *stream = &cm->streams[k];

    cm->pass = k;
    if (k == 0) {
        run_first_pass(cm, p, h);
        return;
    }
    block_stream_start(stream);
    for (size_t row = 0; row < h; row++) {
        int16_t *to = cm->input;
        for (size_t i = row * cm->w; i < (row + 1) * cm->w; i++)
            to = gather(model, pass, y_hat + i * model->m, p + i * model->p, to);
        linear(cm, &pass->in, cm->input, cm->w, block_stream_row(stream));
        block_stream_push(stream);
    }
    block_stream_flush(stream);
}

void context_init(context_model *cm, const ghm_model *model, size_t w, void *scratch, arena *memory,
                  void (*emit)(void *user, size_t row, const int16_t *mean), void *user)
{
    size_t inputs = model->p, channels = 0;
    for (size_t k = 0; k < model->n_passes; k++) {
        const size_t n = k > 0 ? context_inputs(model, k) : 0;
        inputs = n > inputs ? n : inputs;
        channels = model->passes[k].n > channels ? model->passes[k].n : channels;
    }
    *cm = (context_model){ .model = model, .w = w, .scratch = scratch, .emit = emit, .user = user };
    cm->input = arena_alloc(memory, w * inputs, sizeof *cm->input);
    cm->mean = arena_alloc(memory, w * channels, sizeof *cm->mean);
    cm->streams = arena_alloc(memory, model->n_passes, sizeof *cm->streams);
    for (size_t k = 1; cm->streams && k < model->n_passes; k++) {
        block_stream *s = &cm->streams[k];
        block_stream_init(s, &model->passes[k].b, model->kernels, w, scratch, memory, on_row, cm);
        s->half = true;
        s->phase = model->passes[k].phase;
    }
}
