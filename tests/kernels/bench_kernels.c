/* bench_kernels.c - multiply-adds a second of every backend at the shapes the networks use. Printed, never judged. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel_test.h"

typedef struct shape {
    size_t n, c_in, c_out;
    weight_style style;
} shape;

static const shape shapes[] = {
    {48, 320, 176, WEIGHTS_INT8},  {48, 176, 176, WEIGHTS_INT8}, {48, 176, 288, WEIGHTS_INT8},
    {48, 288, 176, WEIGHTS_INT8},  {48, 480, 160, WEIGHTS_INT8}, {48, 320, 768, WEIGHTS_INT16},
    {96, 80, 144, WEIGHTS_INT8},   {96, 144, 80, WEIGHTS_INT8},  {192, 32, 64, WEIGHTS_INT8},
    {192, 64, 32, WEIGHTS_INT8},   {192, 32, 48, WEIGHTS_INT8},  {192, 48, 48, WEIGHTS_INT8},
    {192, 48, 96, WEIGHTS_INT8},   {192, 96, 48, WEIGHTS_INT8},  {192, 64, 64, WEIGHTS_INT8},
    {192, 64, 128, WEIGHTS_INT8},  {192, 128, 64, WEIGHTS_INT8}, {192, 48, 64, WEIGHTS_INT8},
    {192, 64, 48, WEIGHTS_INT8},   {192, 96, 96, WEIGHTS_INT8},   {192, 96, 192, WEIGHTS_INT8}, {192, 192, 96, WEIGHTS_INT8},
    {192, 224, 224, WEIGHTS_INT8}, {192, 224, 448, WEIGHTS_INT8}, {192, 448, 224, WEIGHTS_INT8},
    {192, 48, 224, WEIGHTS_INT8},  {192, 224, 48, WEIGHTS_INT8},
};
static const size_t depthwise_channels[] = {32, 48, 64, 80, 96, 176, 192, 224};
enum { DEPTHWISE_WIDTH = 48 };

static double seconds(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The best of some runs of a few milliseconds, in GMAC/s; work(user) does n_mac multiply-adds. */
static double measure(void (*work)(void *user), void *user, double n_mac)
{
    enum { N_RUNS = 15 };
    const int n_calls = 1 + (int)(5e7 / n_mac);
    double best = 1e9;
    work(user);
    for (int run = 0; run < N_RUNS; run++) {
        const double start = seconds();
        for (int i = 0; i < n_calls; i++)
            work(user);
        const double elapsed = (seconds() - start) / n_calls;
        best = elapsed < best ? elapsed : best;
    }
    return n_mac / best * 1e-9;
}

/* As in a trained network: activations well inside int16, and results that rarely saturate. */
static void make_typical(int16_t *x, size_t n_x, const int32_t *multiplier, size_t c_out, int shift)
{
    for (size_t i = 0; i < n_x; i++)
        x[i] = (int16_t)random_between(-8000, 8000);
    for (size_t oc = 0; oc < c_out; oc++)
        ((int32_t *)multiplier)[oc] = INT32_MAX >> shift; /* allocated by random_linear() or random_depthwise() */
}

typedef struct exact_work {
    const nn_kernels *kernels;
    nn_linear linear;
    nn_depthwise depthwise;
    size_t n;
    int16_t *x, *y;
    void *scratch;
} exact_work;

static void run_linear(void *user)
{
    const exact_work *const w = user;
    w->kernels->linear(&w->linear, w->linear.multiplier, w->x, w->n, w->y, NULL, NN_LEAKY_RELU, w->scratch);
}

static void run_depthwise(void *user)
{
    const exact_work *const w = user;
    const int16_t *const rows[3] = {w->x, w->x, w->x};
    w->kernels->depthwise(&w->depthwise, rows, w->n, 0, 1, w->y);
}

/* The backends at a shape, with some of its blocks of weights zero. */
static void bench_linear(const shape *s, unsigned zero_percent, const nn_kernels *const backends[], size_t n_backends)
{
    exact_work w = {.linear = random_linear(s->c_out, s->c_in, s->style), .n = s->n};
    w.x = allocate(s->n * s->c_in * sizeof *w.x);
    w.y = allocate(s->n * s->c_out * sizeof *w.y);
    make_typical(w.x, s->n * s->c_in, w.linear.multiplier, s->c_out, 11);
    zero_blocks((int16_t *)w.linear.weight, s->c_out, s->c_in, zero_percent); /* allocated by random_linear() */
    printf("linear    n %3zu %4zu -> %3zu  ", s->n, s->c_in, s->c_out);
    for (size_t b = 0; b < n_backends; b++) {
        w.kernels = backends[b];
        w.linear.packed = allocate_align64(w.kernels->packed_bytes(&w.linear));
        w.kernels->pack(&w.linear, w.linear.packed);
        w.scratch = allocate_align64(w.kernels->scratch_bytes(&w.linear, s->n));
        printf("%8.1f", measure(run_linear, &w, (double)(s->n * s->c_in * s->c_out)));
        free(w.scratch);
        free(w.linear.packed);
    }
    printf("\n");
    free(w.x);
    free(w.y);
    free_linear(&w.linear);
}

/* Pruned layers: multiply-adds are counted as if none were skipped. */
static void bench_sparse(const nn_kernels *const backends[], size_t n_backends)
{
    static const shape some[] = {{192, 320, 768, WEIGHTS_INT8}, {192, 64, 128, WEIGHTS_INT8}, {192, 64, 64, WEIGHTS_INT8}};
    for (unsigned percent = 0; percent <= 80; percent += 20) {
        printf("%u %% of the blocks zero\n", percent);
        for (size_t i = 0; i < COUNT_OF(some); i++)
            bench_linear(some + i, percent, backends, n_backends);
    }
}

static void bench_depthwise(size_t c, const nn_kernels *const backends[], size_t n_backends)
{
    exact_work w = {.depthwise = random_depthwise(c), .n = DEPTHWISE_WIDTH};
    w.x = allocate(w.n * c * sizeof *w.x);
    w.y = allocate(w.n * c * sizeof *w.y);
    make_typical(w.x, w.n * c, w.depthwise.multiplier, c, 8);
    printf("depthwise n %3zu %4zu         ", w.n, c);
    for (size_t b = 0; b < n_backends; b++) {
        w.kernels = backends[b];
        printf("%8.1f", measure(run_depthwise, &w, (double)(9 * w.n * c)));
    }
    printf("\n");
    free(w.x);
    free(w.y);
    free_depthwise(&w.depthwise);
}

typedef struct float_work {
    const nn_float_kernels *kernels;
    nn_linear_f32 linear;
    nn_depthwise_f32 depthwise;
    size_t n;
    const float *x;
    float *y;
} float_work;

static void run_linear_f32(void *user)
{
    const float_work *const w = user;
    w->kernels->linear(&w->linear, w->x, w->n, w->y, NULL, NN_LEAKY_RELU);
}

static void run_depthwise_f32(void *user)
{
    const float_work *const w = user;
    const float *const rows[3] = {w->x, w->x, w->x};
    w->kernels->depthwise(&w->depthwise, rows, w->n, w->y);
}

/* Values do not matter here: one array of small numbers serves as weights, packed or not, biases and inputs. */
static void bench_float(void)
{
    enum { N_VALUES = 256 * 1024 };
    float *const values = allocate(N_VALUES * sizeof *values), *const y = allocate(N_VALUES * sizeof *y);
    for (size_t i = 0; i < N_VALUES; i++)
        values[i] = random_float();
    const nn_float_kernels *kernels[MAX_BACKENDS];
    const size_t n_kernels = available_float_kernels(kernels);
    printf("\nGMAC/s in float               ");
    for (size_t k = 0; k < n_kernels; k++)
        printf("%8s", kernels[k]->name);
    printf("\n");
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        const shape *const s = shapes + i;
        printf("linear    n %3zu %4zu -> %3zu  ", s->n, s->c_in, s->c_out);
        for (size_t k = 0; k < n_kernels; k++) {
            float_work w = {kernels[k], .linear = {s->c_out, s->c_in, values, values, values}, .n = s->n, .x = values, .y = y};
            printf("%8.1f", measure(run_linear_f32, &w, (double)(s->n * s->c_in * s->c_out)));
        }
        printf("\n");
    }
    for (size_t i = 0; i < COUNT_OF(depthwise_channels); i++) {
        const size_t c = depthwise_channels[i];
        printf("depthwise n %3d %4zu         ", DEPTHWISE_WIDTH, c);
        for (size_t k = 0; k < n_kernels; k++) {
            float_work w = {kernels[k], .depthwise = {c, values, values}, .n = DEPTHWISE_WIDTH, .x = values, .y = y};
            printf("%8.1f", measure(run_depthwise_f32, &w, (double)(9 * w.n * c)));
        }
        printf("\n");
    }
    free(values);
    free(y);
}

void bench_kernels(void)
{
    const nn_kernels *backends[MAX_BACKENDS];
    const size_t n_backends = available_backends(backends);
    printf("GMAC/s                        ");
    for (size_t b = 0; b < n_backends; b++)
        printf("%8s", backends[b]->name);
    printf("\n");
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        bench_linear(shapes + i, 0, backends, n_backends);
    for (size_t i = 0; i < COUNT_OF(depthwise_channels); i++)
        bench_depthwise(depthwise_channels[i], backends, n_backends);
    bench_sparse(backends, n_backends);
    bench_float();
}
