/* exact_c.c - the exact-zone layers in portable C: the definition of every result.
 *
 * No sum here can overflow, in any order: linear_check() and depthwise_check() bound |bias| plus the sum of all
 * |weight * x|, and every partial sum is within that bound. */
#include "models/nn/exact.h"

/* A plain dot product, which compilers turn into multiply-add instructions where the machine has them. */
static int32_t dot_s16(const int16_t *weight, const int16_t *x, size_t n)
{
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight[i] * x[i];
    return sum;
}

static void linear_s16_c(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                         const int16_t *residual, nn_epilogue epilogue, void *scratch)
{
    (void)scratch;
    /* Outputs outside, positions inside: one row of weights is used n times while it is in the nearest cache. */
    for (size_t oc = 0; oc < layer->c_out; oc++)
        for (size_t i = 0; i < n; i++) {
            const size_t at = i * layer->c_out + oc;
            const int32_t acc =
                layer->bias[oc] + dot_s16(layer->weight + oc * layer->c_in, x + i * layer->c_in, layer->c_in);
            y[at] = exact_finish(acc, multiplier[oc], residual_at(residual, at), epilogue);
        }
}

/* Channels are a multiple of 8, and a group of 8 is what compilers can keep in vectors. */
enum { GROUP = 8 };

/* Outputs ch .. ch + 7 of column ox: the nine taps around it. */
static void filter_3x3(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t ox, size_t ch,
                       int16_t *y)
{
    const size_t c = layer->c;
    int32_t acc[GROUP];
    for (size_t i = 0; i < GROUP; i++)
        acc[i] = layer->bias[ch + i];
    for (size_t ky = 0; ky < 3; ky++)
        for (size_t kx = 0; kx < 3; kx++) {
            const size_t column = ox + kx - 1; /* -1 wraps to a number no width reaches */
            if (!rows[ky] || column >= width)
                continue;
            const int8_t *const weight = layer->weight + (ky * 3 + kx) * c + ch;
            const int16_t *const x = rows[ky] + column * c + ch;
            for (size_t i = 0; i < GROUP; i++)
                acc[i] += weight[i] * x[i];
        }
    for (size_t i = 0; i < GROUP; i++)
        y[i] = exact_finish(acc[i], layer->multiplier[ch + i], NULL, NN_PLAIN);
}

void depthwise_s16_c(const nn_depthwise *layer, const int16_t *const rows[3], size_t width, size_t first, size_t step,
                     int16_t *y)
{
    for (size_t ox = first; ox < width; ox += step, y += layer->c)
        for (size_t ch = 0; ch < layer->c; ch += GROUP)
            filter_3x3(layer, rows, width, ox, ch, y + ch);
}

/* The weights are used as they are stored. */
static size_t packed_bytes_c(const nn_linear *layer)
{
    (void)layer;
    return 0;
}

static void pack_c(const nn_linear *layer, void *packed)
{
    (void)layer;
    (void)packed;
}

size_t no_scratch_bytes(const nn_linear *layer, size_t n)
{
    (void)layer;
    (void)n;
    return 0;
}

const nn_kernels nn_kernels_c = {
    .name = "c",
    .packed_bytes = packed_bytes_c,
    .pack = pack_c,
    .scratch_bytes = no_scratch_bytes,
    .linear = linear_s16_c,
    .depthwise = depthwise_s16_c,
};
