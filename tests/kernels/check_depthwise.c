/* check_depthwise.c - depthwise layers of the exact zone: every backend against the equation, borders included. */
#include <stdlib.h>
#include <string.h>

#include "kernel_test.h"

static const size_t channels[] = {8, 16, 24, 40, 48, 80, 176, 320};
static const size_t widths[] = {1, 2, 3, 5, 8, 17};

typedef struct call {
    const nn_depthwise *layer;
    const int16_t *const *rows;
    size_t width, first, step;
} call;

/* The input at a column that may lie outside. */
static int64_t input_at(const call *c, size_t ky, int64_t column, size_t ch)
{
    if (!c->rows[ky] || column < 0 || column >= (int64_t)c->width)
        return 0;
    return c->rows[ky][(size_t)column * c->layer->c + ch];
}

static int64_t expected_output(const call *c, size_t ox, size_t ch)
{
    const nn_depthwise *const layer = c->layer;
    int64_t acc = layer->bias[ch];
    for (size_t ky = 0; ky < 3; ky++)
        for (size_t kx = 0; kx < 3; kx++)
            acc += layer->weight[(ky * 3 + kx) * layer->c + ch] * input_at(c, ky, (int64_t)(ox + kx) - 1, ch);
    const int64_t scaled = acc * layer->multiplier[ch] + (1 << 30), one = (int64_t)1 << 31;
    const int64_t v = scaled / one - (scaled % one < 0);
    return v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v;
}

static void check_call(const call *c, const nn_kernels *kernels)
{
    const size_t n_columns = c->first < c->width ? (c->width - c->first + c->step - 1) / c->step : 0;
    guarded out = guarded_new(n_columns * c->layer->c * sizeof(int16_t));
    const int16_t *y = out.data;

    kernels->depthwise(c->layer, c->rows, c->width, c->first, c->step, out.data);
    guarded_check(&out, kernels->name);
    for (size_t ox = c->first; ox < c->width; ox += c->step, y += c->layer->c)
        for (size_t ch = 0; ch < c->layer->c; ch++)
            if (y[ch] != expected_output(c, ox, ch))
                fail("depthwise %s, %zu channels, width %zu, first %zu, step %zu, rows %d%d%d: column %zu, channel %zu "
                     "is %d, not %d", kernels->name, c->layer->c, c->width, c->first, c->step, c->rows[0] != NULL,
                     c->rows[1] != NULL, c->rows[2] != NULL, ox, ch, y[ch], (int)expected_output(c, ox, ch));
    guarded_free(&out);
}

/* Every set of missing rows, every phase and step. The rows end where their memory ends, and are not aligned. */
static void check_width(const nn_depthwise *layer, size_t width)
{
    const nn_kernels *backends[MAX_BACKENDS];
    const size_t n_backends = available_backends(backends), size = width * layer->c;
    int16_t *memory[3];
    for (size_t ky = 0; ky < 3; ky++) {
        memory[ky] = allocate((size + 1) * sizeof *memory[ky]);
        random_activations(memory[ky] + 1, size);
    }
    for (size_t present = 0; present < 8; present++) {
        const int16_t *rows[3];
        for (size_t ky = 0; ky < 3; ky++)
            rows[ky] = present >> ky & 1 ? memory[ky] + 1 : NULL;
        for (size_t phase = 0; phase < 4; phase++)
            for (size_t b = 0; b < n_backends; b++)
                check_call(&(call){layer, rows, width, phase & 1, 1 + phase / 2}, backends[b]);
    }
    for (size_t ky = 0; ky < 3; ky++)
        free(memory[ky]);
}

void check_depthwise(void)
{
    for (size_t i = 0; i < COUNT_OF(channels); i++) {
        nn_depthwise layer = random_depthwise(channels[i]);
        if (!depthwise_check(&layer))
            fail("a depthwise test layer is beyond the bound");
        for (size_t w = 0; w < COUNT_OF(widths); w++)
            check_width(&layer, widths[w]);
        free_depthwise(&layer);
    }
}
