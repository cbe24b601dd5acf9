/* kernel_test.c - see kernel_test.h. */
#include "kernel_test.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends.h"
#include "models/nn/kernels.h"

enum { GUARD_BYTES = 64, GUARD_VALUE = 0xA5 };

static uint64_t seed, state;

void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("FAILED: ");
    vprintf(format, args);
    printf("\nrepeat with GHM_TEST_SEED=%" PRIu64 "\n", seed);
    va_end(args);
    exit(1);
}

void random_init(void)
{
    const char *const given = getenv("GHM_TEST_SEED");
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    state = seed;
    printf("GHM_TEST_SEED=%" PRIu64 "\n", seed);
}

bool small_test(void)
{
    return getenv("GHM_TEST_SMALL") != NULL;
}

/* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
static uint64_t random_u64(void)
{
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t random_below(uint64_t n)
{
    return random_u64() % n;
}

int64_t random_between(int64_t low, int64_t high)
{
    return low + (int64_t)random_below((uint64_t)(high - low) + 1);
}

float random_float(void)
{
    return (float)random_between(-1000000, 1000000) * 1e-6f;
}

void *allocate(size_t size)
{
    void *const p = malloc(size);
    if (!p)
        fail("out of memory");
    return p;
}

void *allocate_align64(size_t size)
{
    if (size == 0)
        return NULL;
    void *const p = aligned_alloc(64, size);
    if (!p)
        fail("out of memory");
    return p;
}

guarded guarded_new(size_t size)
{
    guarded g = {.block = allocate(size + 2 * GUARD_BYTES), .size = size};
    memset(g.block, GUARD_VALUE, size + 2 * GUARD_BYTES);
    g.data = g.block + GUARD_BYTES - 2;
    return g;
}

void guarded_check(const guarded *g, const char *what)
{
    const unsigned char *const data = g->data, *const end = g->block + g->size + 2 * GUARD_BYTES;
    for (const unsigned char *p = g->block; p < end; p++)
        if ((p < data || p >= data + g->size) && *p != GUARD_VALUE)
            fail("%s wrote %td bytes from the start of %zu it was given", what, p - data, g->size);
}

void guarded_free(guarded *g)
{
    free(g->block);
}

size_t available_backends(const nn_kernels *backends[MAX_BACKENDS])
{
    size_t n = 0;
    for (size_t i = 0; i < N_TEST_BACKENDS; i++) {
        const nn_kernels *const kernels = nn_kernels_get(test_backends[i]);
        if (kernels)
            backends[n++] = kernels;
    }
    return n;
}

size_t available_float_kernels(const nn_float_kernels *kernels[MAX_BACKENDS])
{
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(test_backends); i++) {
        const nn_float_kernels *const found = nn_float_kernels_get(test_backends[i]);
        if (found)
            kernels[n++] = found;
    }
    return n;
}

/* What linear_check() allows the magnitudes of an output's weights to sum to, with a bias of up to 32767. */
enum { WEIGHT_SUM_MAX = 65535, BIAS_AT_BOUND = 32767 };

static int sign_of(int64_t v)
{
    return v < 0 ? -1 : 1;
}

/* The rest of the bound goes to the first weights that have room. */
static void fill_to_bound(int16_t *weight, size_t c_in)
{
    int32_t left = WEIGHT_SUM_MAX;
    for (size_t ic = 0; ic < c_in; ic++)
        left -= abs(weight[ic]);
    for (size_t ic = 0; ic < c_in && left > 0; ic++) {
        const int room = INT16_MAX - abs(weight[ic]);
        const int more = left < room ? left : room;
        weight[ic] = (int16_t)(weight[ic] + sign_of(weight[ic]) * more);
        left -= more;
    }
}

static void random_weights(int16_t *weight, size_t c_in, weight_style style)
{
    const int64_t max_int16 = WEIGHT_SUM_MAX / (int64_t)c_in;
    const int16_t extreme = random_below(2) ? 127 : -127;
    for (size_t ic = 0; ic < c_in; ic++)
        switch (style) {
        case WEIGHTS_INT8:
        case WEIGHTS_SPARSE: weight[ic] = (int16_t)random_between(-127, 127); break;
        case WEIGHTS_INT8_MAX: weight[ic] = c_in * 127 <= WEIGHT_SUM_MAX ? extreme : (int16_t)(extreme / 2); break;
        default: weight[ic] = (int16_t)random_between(-max_int16, max_int16);
        }
    if (style == WEIGHTS_INT16_BOUND)
        fill_to_bound(weight, c_in);
}

void zero_blocks(int16_t *weight, size_t c_out, size_t c_in, uint64_t percent)
{
    for (size_t first = 0; first < c_out; first += 16)
        for (size_t ic = 0; ic < c_in; ic += 4)
            if (random_below(100) < percent)
                for (size_t oc = first; oc < first + 16 && oc < c_out; oc++)
                    memset(weight + oc * c_in + ic, 0, 4 * sizeof *weight);
}

static int32_t random_multiplier(void)
{
    switch (random_below(8)) {
    case 0: return 0;
    case 1: return INT32_MAX;
    case 2: return (int32_t)random_between(0, INT32_MAX);
    case 3: return 1 << random_between(12, 30); /* half of the results, and fewer, are ties */
    default: return (int32_t)random_between(0, INT32_MAX) >> random_between(8, 20);
    }
}

nn_linear random_linear(size_t c_out, size_t c_in, weight_style style)
{
    int16_t *const weight = allocate(c_out * c_in * sizeof *weight);
    int32_t *const bias = allocate(c_out * sizeof *bias);
    int32_t *const multiplier = allocate(c_out * sizeof *multiplier);
    for (size_t oc = 0; oc < c_out; oc++) {
        random_weights(weight + oc * c_in, c_in, style);
        bias[oc] = (int32_t)random_between(-BIAS_AT_BOUND, BIAS_AT_BOUND);
        if (style == WEIGHTS_INT16_BOUND)
            bias[oc] = BIAS_AT_BOUND * sign_of(bias[oc]);
        multiplier[oc] = random_multiplier();
    }
    if (style == WEIGHTS_SPARSE)
        zero_blocks(weight, c_out, c_in, random_below(101));
    return (nn_linear){c_out, c_in, weight, bias, multiplier, NULL};
}

void free_linear(nn_linear *layer)
{
    free((void *)layer->weight);
    free((void *)layer->bias);
    free((void *)layer->multiplier);
}

nn_depthwise random_depthwise(size_t c)
{
    const int64_t bias_max = INT32_MAX - 9 * 128 * 32768;
    int8_t *const weight = allocate(9 * c);
    int32_t *const bias = allocate(c * sizeof *bias);
    int32_t *const multiplier = allocate(c * sizeof *multiplier);
    for (size_t i = 0; i < 9 * c; i++)
        weight[i] = (int8_t)(random_below(4) ? random_between(-128, 127) : -128);
    for (size_t ch = 0; ch < c; ch++) {
        bias[ch] = (int32_t)(random_below(4) ? random_between(-100000, 100000) : random_between(-bias_max, bias_max));
        multiplier[ch] = random_multiplier();
    }
    return (nn_depthwise){c, weight, bias, multiplier};
}

void free_depthwise(nn_depthwise *layer)
{
    free((void *)layer->weight);
    free((void *)layer->bias);
    free((void *)layer->multiplier);
}

void random_activations(int16_t *x, size_t n)
{
    const uint64_t style = random_below(8);
    for (size_t i = 0; i < n; i++)
        switch (style) {
        case 0: x[i] = INT16_MIN; break;
        case 1: x[i] = INT16_MAX; break;
        case 2: x[i] = random_below(2) ? INT16_MIN : INT16_MAX; break;
        default: x[i] = (int16_t)random_between(INT16_MIN, INT16_MAX);
        }
}
