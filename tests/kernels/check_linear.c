/* check_linear.c - linear layers of the exact zone: every backend against C, C against the equations of layers.h. */
#include <stdlib.h>
#include <string.h>

#include "kernel_test.h"

static const size_t channels[] = {8, 16, 24, 40, 48, 80, 128, 160, 176, 320, 480, 768};
static const size_t counts[] = {1, 2, 3, 5, 6, 7, 11, 12, 13, 15, 17, 31, 48, 100};

static const int32_t largest_multiplier = INT32_MAX, negative_multiplier = -1;

static nn_linear one_output(const int16_t weight[8], const int32_t *bias)
{
    return (nn_linear){1, 8, weight, bias, &largest_multiplier, NULL};
}

void check_bounds(void)
{
    const int16_t at_bound[8] = {32767, -32767, 1}, beyond[8] = {32767, -32767, 2}, lowest[8] = {-32768};
    const int8_t taps[9] = {-128, -128, -128, -128, -128, -128, -128, -128, -128};
    const int32_t bias[] = {32767, -32767, 32768, INT32_MIN};
    const int32_t depthwise_bias[] = {INT32_MAX - 9 * 128 * 32768, INT32_MAX - 9 * 128 * 32768 + 1};

    for (size_t i = 0; i < COUNT_OF(bias); i++) {
        const nn_linear within = one_output(at_bound, bias + i), over = one_output(beyond, bias + i);
        if (linear_check(&within) != (i < 2) || linear_check(&over))
            fail("linear_check: bias %d", (int)bias[i]);
    }
    const nn_linear with_lowest = one_output(lowest, bias);
    if (linear_check(&with_lowest))
        fail("linear_check accepts a weight of -32768");
    nn_linear with_negative = one_output(at_bound, bias);
    with_negative.multiplier = &negative_multiplier;
    if (linear_check(&with_negative) || depthwise_check(&(nn_depthwise){1, taps, depthwise_bias, &negative_multiplier}))
        fail("a negative multiplier is accepted");
    for (size_t i = 0; i < COUNT_OF(depthwise_bias); i++)
        if (depthwise_check(&(nn_depthwise){1, taps, depthwise_bias + i, &largest_multiplier}) != (i == 0))
            fail("depthwise_check: bias %d", (int)depthwise_bias[i]);
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t saturate(int64_t v)
{
    return v < -32768 ? -32768 : v > 32767 ? 32767 : v;
}

/* One output from the equations, with divisions where the kernels shift. */
static int64_t expected_output(const nn_linear *layer, const int16_t *x, int64_t residual, nn_epilogue epilogue,
                               size_t oc)
{
    int64_t acc = layer->bias[oc];
    for (size_t ic = 0; ic < layer->c_in; ic++)
        acc += (int64_t)layer->weight[oc * layer->c_in + ic] * x[ic];
    const int64_t v = floor_divide(acc * layer->multiplier[oc] + (1 << 30), (int64_t)1 << 31);
    if (epilogue == NN_RESIDUAL)
        return saturate(residual + v);
    if (epilogue == NN_LEAKY_RELU && saturate(v) < 0)
        return floor_divide(saturate(v) + 4, 8);
    return saturate(v);
}

/* One call to check. */
typedef struct call {
    const nn_linear *layer;
    const int16_t *x, *residual;
    size_t n;
    nn_epilogue epilogue;
    bool in_place; /* the residual is passed in y */
} call;

/* Run the call on one backend and leave its outputs in y. */
static void run(const call *c, const nn_kernels *kernels, void *packed, const guarded *y)
{
    nn_linear layer = *c->layer;
    layer.packed = packed;
    void *const scratch = allocate_align64(kernels->scratch_bytes(&layer, c->n));
    const int16_t *const residual = c->epilogue != NN_RESIDUAL ? NULL : c->in_place ? y->data : c->residual;

    memset(y->data, 0x5A, y->size);
    if (c->in_place)
        memcpy(y->data, c->residual, y->size);
    kernels->linear(&layer, layer.multiplier, c->x, c->n, y->data, residual, c->epilogue, scratch);
    guarded_check(y, kernels->name);
    free(scratch);
}

static void fail_at(const call *c, const char *name, size_t at, int got, int expected)
{
    fail("linear %s %zu -> %zu, n %zu, epilogue %d%s: position %zu, output %zu is %d, not %d", name, c->layer->c_in,
         c->layer->c_out, c->n, (int)c->epilogue, c->in_place ? " in place" : "", at / c->layer->c_out,
         at % c->layer->c_out, got, expected);
}

/* The definition itself, at outputs drawn by chance. */
static void check_definition(const call *c, const int16_t *y)
{
    enum { N_DRAWN = 16 };
    for (int i = 0; i < N_DRAWN; i++) {
        const size_t at = random_below(c->n * c->layer->c_out), position = at / c->layer->c_out;
        const int64_t expected = expected_output(c->layer, c->x + position * c->layer->c_in, c->residual[at],
                                                 c->epilogue, at % c->layer->c_out);
        if (y[at] != expected)
            fail_at(c, "c against the equations", at, y[at], (int)expected);
    }
}

static void check_call(const call *c, const nn_kernels *const backends[], void *const packed[], size_t n_backends)
{
    const size_t size = c->n * c->layer->c_out;
    guarded expected = guarded_new(size * sizeof(int16_t)), y = guarded_new(size * sizeof(int16_t));
    const int16_t *const expected_data = expected.data, *const y_data = y.data;

    run(c, backends[0], packed[0], &expected);
    check_definition(c, expected_data);
    for (size_t b = 1; b < n_backends; b++) {
        run(c, backends[b], packed[b], &y);
        for (size_t at = 0; at < size; at++)
            if (y_data[at] != expected_data[at])
                fail_at(c, backends[b]->name, at, y_data[at], expected_data[at]);
    }
    guarded_free(&expected);
    guarded_free(&y);
}

/* Inputs of one position that bring one output as far from zero as any can: to the bound, when the weights are at it. */
static void drive_to_extreme(const nn_linear *layer, int16_t *x)
{
    const int16_t *const weight = layer->weight + random_below(layer->c_out) * layer->c_in;
    const bool up = random_below(2);
    for (size_t ic = 0; ic < layer->c_in; ic++)
        x[ic] = (weight[ic] < 0) == up ? INT16_MIN : INT16_MAX;
}

/* All epilogues for n positions. The inputs end where their memory ends, for sanitizers to see a read too far. */
static void check_count(const nn_linear *layer, size_t n, const nn_kernels *const backends[], void *const packed[],
                        size_t n_backends)
{
    const size_t n_x = n * layer->c_in, n_y = n * layer->c_out;
    int16_t *const x = allocate((n_x + 1) * sizeof *x), *const x_before = allocate(n_x * sizeof *x);
    int16_t *const residual = allocate(n_y * sizeof *residual);
    random_activations(x + 1, n_x); /* one past: aligned to two bytes only */
    drive_to_extreme(layer, x + 1 + random_below(n) * layer->c_in);
    memcpy(x_before, x + 1, n_x * sizeof *x);
    random_activations(residual, n_y);

    check_call(&(call){layer, x + 1, residual, n, NN_PLAIN, false}, backends, packed, n_backends);
    check_call(&(call){layer, x + 1, residual, n, NN_LEAKY_RELU, false}, backends, packed, n_backends);
    check_call(&(call){layer, x + 1, residual, n, NN_RESIDUAL, false}, backends, packed, n_backends);
    check_call(&(call){layer, x + 1, residual, n, NN_RESIDUAL, true}, backends, packed, n_backends);
    if (memcmp(x_before, x + 1, n_x * sizeof *x) != 0)
        fail("linear changed its input");
    free(x);
    free(x_before);
    free(residual);
}

static void check_shape(size_t c_in, size_t c_out, weight_style style)
{
    const nn_kernels *backends[MAX_BACKENDS];
    void *packed[MAX_BACKENDS];
    const size_t n_backends = available_backends(backends);
    nn_linear layer = random_linear(c_out, c_in, style);

    if (!linear_check(&layer))
        fail("a test layer %zu -> %zu, weight style %d, is beyond the bound", c_in, c_out, (int)style);
    for (size_t b = 0; b < n_backends; b++) {
        packed[b] = allocate_align64(backends[b]->packed_bytes(&layer));
        backends[b]->pack(&layer, packed[b]);
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        check_count(&layer, counts[i], backends, packed, n_backends);
    for (size_t b = 0; b < n_backends; b++)
        free(packed[b]);
    free_linear(&layer);
}

void check_linear(void)
{
    for (size_t i = 0; i < COUNT_OF(channels); i++)
        for (size_t o = 0; o < COUNT_OF(channels); o++)
            if (!small_test() || random_below(6) == 0)
                check_shape(channels[i], channels[o], (weight_style)random_below(N_WEIGHT_STYLES));
    for (int style = 0; style < N_WEIGHT_STYLES; style++)
        check_shape(40, 24, (weight_style)style);
    for (int i = 0; i < (small_test() ? 4 : 40); i++)
        check_shape(channels[random_below(7)], channels[random_below(9)], WEIGHTS_SPARSE);
}
