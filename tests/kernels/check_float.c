/* check_float.c - the layers of the tolerant zone against double precision. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_test.h"

/* A float sum of n terms, in whatever order, errs by at most about n * FLT_EPSILON times the sum of their magnitudes. */
static double tolerance(size_t n_terms, double magnitude)
{
    return (double)(n_terms + 2) * FLT_EPSILON * magnitude;
}

static float *random_floats(size_t n)
{
    float *const v = allocate(n * sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = random_float();
    return v;
}

typedef struct sum {
    double value, magnitude;
    size_t n;
} sum;

static void add_term(sum *s, double term)
{
    s->value += term;
    s->magnitude += fabs(term);
    s->n++;
}

static void compare(const char *what, float got, double expected, const sum *s)
{
    if (!(fabs(got - expected) <= tolerance(s->n, s->magnitude)))
        fail("%s: %.9g instead of %.9g", what, got, expected);
}

static sum linear_sum(const nn_linear_f32 *layer, const float *x, size_t oc)
{
    sum s = {0, 0, 0};
    add_term(&s, layer->bias[oc]);
    for (size_t ic = 0; ic < layer->c_in; ic++)
        add_term(&s, (double)layer->weight[oc * layer->c_in + ic] * x[ic]);
    return s;
}

static void check_linear_call(const nn_float_kernels *kernels, const nn_linear_f32 *layer, const float *x, size_t n, const float *residual,
                              nn_epilogue epilogue, bool in_place)
{
    const size_t size = n * layer->c_out;
    float *const y = allocate(size * sizeof *y);
    if (in_place)
        memcpy(y, residual, size * sizeof *y);
    kernels->linear(layer, x, n, y, epilogue != NN_RESIDUAL ? NULL : in_place ? y : residual, epilogue);
    for (size_t at = 0; at < size; at++) {
        sum s = linear_sum(layer, x + at / layer->c_out * layer->c_in, at % layer->c_out);
        if (epilogue == NN_RESIDUAL)
            add_term(&s, residual[at]);
        compare("linear_f32", y[at], epilogue == NN_LEAKY_RELU && s.value < 0 ? s.value / 8 : s.value, &s);
    }
    free(y);
}

static void check_shape(const nn_float_kernels *kernels, size_t n, size_t c_in, size_t c_out)
{
    float *const weight = random_floats(c_out * c_in), *const bias = random_floats(c_out);
    float *const x = random_floats(n * c_in), *const residual = random_floats(n * c_out);
    nn_linear_f32 layer = {c_out, c_in, weight, bias, NULL};
    layer.packed = allocate_align64(kernels->packed_bytes(&layer));
    kernels->pack(&layer, layer.packed);
    check_linear_call(kernels, &layer, x, n, NULL, NN_PLAIN, false);
    check_linear_call(kernels, &layer, x, n, NULL, NN_LEAKY_RELU, false);
    check_linear_call(kernels, &layer, x, n, residual, NN_RESIDUAL, false);
    check_linear_call(kernels, &layer, x, n, residual, NN_RESIDUAL, true);
    free(weight);
    free(bias);
    free(x);
    free(residual);
    free(layer.packed);
}

void check_linear_f32(void)
{
    static const size_t shapes[][3] = {{1, 8, 8}, {3, 80, 24}, {7, 192, 176}, {6, 96, 48}, {48, 176, 704}, {50, 704, 176}};
    const nn_float_kernels *kernels[MAX_BACKENDS];
    const size_t n_kernels = available_float_kernels(kernels);
    for (size_t k = 0; k < n_kernels; k++)
        for (size_t i = 0; i < COUNT_OF(shapes); i++)
            check_shape(kernels[k], shapes[i][0], shapes[i][1], shapes[i][2]);
}

static sum depthwise_sum(const nn_depthwise_f32 *layer, const float *const rows[3], size_t width, size_t ox, size_t ch)
{
    sum s = {0, 0, 0};
    add_term(&s, layer->bias[ch]);
    for (size_t ky = 0; ky < 3; ky++)
        for (size_t kx = 0; kx < 3; kx++)
            if (rows[ky] && ox + kx >= 1 && ox + kx <= width)
                add_term(&s, (double)layer->weight[(ky * 3 + kx) * layer->c + ch] *
                                 rows[ky][(ox + kx - 1) * layer->c + ch]);
    return s;
}

static void check_depthwise_width(const nn_float_kernels *kernels, const nn_depthwise_f32 *layer, size_t width)
{
    const size_t size = width * layer->c;
    float *const memory[3] = {random_floats(size), random_floats(size), random_floats(size)};
    float *const y = allocate(size * sizeof *y);
    for (size_t present = 0; present < 8; present++) {
        const float *rows[3];
        for (size_t ky = 0; ky < 3; ky++)
            rows[ky] = present >> ky & 1 ? memory[ky] : NULL;
        kernels->depthwise(layer, rows, width, y);
        for (size_t at = 0; at < size; at++) {
            const sum s = depthwise_sum(layer, rows, width, at / layer->c, at % layer->c);
            compare("depthwise_f32", y[at], s.value, &s);
        }
    }
    for (size_t ky = 0; ky < 3; ky++)
        free(memory[ky]);
    free(y);
}

void check_depthwise_f32(void)
{
    static const size_t channels[] = {8, 24, 176}, widths[] = {1, 2, 3, 5, 8, 17, 40};
    const nn_float_kernels *kernels[MAX_BACKENDS];
    const size_t n_kernels = available_float_kernels(kernels);
    for (size_t i = 0; i < COUNT_OF(channels); i++) {
        float *const weight = random_floats(9 * channels[i]), *const bias = random_floats(channels[i]);
        for (size_t k = 0; k < n_kernels; k++)
            for (size_t w = 0; w < COUNT_OF(widths); w++)
                check_depthwise_width(kernels[k], &(nn_depthwise_f32){channels[i], weight, bias}, widths[w]);
        free(weight);
        free(bias);
    }
}
