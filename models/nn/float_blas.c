/* float_blas.c - the layers of the tolerant zone: OpenBLAS sgemm and plain C that compilers vectorize. */
#include <cblas.h>
#include <string.h>

#include "models/nn/layers.h"

/* y: (n, c). Bias and activation in one pass over what sgemm left. */
static void add_bias(float *y, size_t n, const float *bias, size_t c)
{
    for (size_t i = 0; i < n; i++, y += c)
        for (size_t oc = 0; oc < c; oc++)
            y[oc] += bias[oc];
}

static void add_bias_leaky_relu(float *y, size_t n, const float *bias, size_t c)
{
    for (size_t i = 0; i < n; i++, y += c)
        for (size_t oc = 0; oc < c; oc++) {
            const float v = y[oc] + bias[oc];
            y[oc] = v >= 0 ? v : v * 0.125f;
        }
}

/* The weights are used as they are stored. */
static size_t packed_bytes_f32_blas(const nn_linear_f32 *layer)
{
    (void)layer;
    return 0;
}

static void pack_f32_blas(const nn_linear_f32 *layer, float *packed)
{
    (void)layer;
    (void)packed;
}

static void linear_f32_blas(const nn_linear_f32 *layer, const float *x, size_t n, float *y, const float *residual,
                            nn_epilogue epilogue)
{
    const blasint c_in = (blasint)layer->c_in, c_out = (blasint)layer->c_out;
    const float keep = epilogue == NN_RESIDUAL ? 1.0f : 0.0f; /* sgemm adds to the residual when it finds it in y */

    if (epilogue == NN_RESIDUAL && residual != y)
        memcpy(y, residual, n * layer->c_out * sizeof *y);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)n, c_out, c_in, 1.0f, x, c_in, layer->weight, c_in,
                keep, y, c_out);
    if (epilogue == NN_LEAKY_RELU)
        add_bias_leaky_relu(y, n, layer->bias, layer->c_out);
    else
        add_bias(y, n, layer->bias, layer->c_out);
}

/* y += weight * x, channel by channel. */
static void add_tap(float *restrict y, const float *restrict weight, const float *restrict x, size_t c)
{
    for (size_t ch = 0; ch < c; ch++)
        y[ch] += weight[ch] * x[ch];
}

/* The same for a tap and its two neighbours to the right; weight: (3, c), x: (3, c). */
static void add_three_taps(float *restrict y, const float *restrict weight, const float *restrict x, size_t c)
{
    for (size_t ch = 0; ch < c; ch++)
        y[ch] += weight[ch] * x[ch] + weight[c + ch] * x[c + ch] + weight[2 * c + ch] * x[2 * c + ch];
}

static void depthwise_f32_c(const nn_depthwise_f32 *layer, const float *const rows[3], size_t width, float *y)
{
    const size_t c = layer->c;
    for (size_t ox = 0; ox < width; ox++, y += c) {
        memcpy(y, layer->bias, c * sizeof *y);
        for (size_t ky = 0; ky < 3; ky++) {
            const float *const weight = layer->weight + ky * 3 * c;
            if (!rows[ky])
                continue;
            if (ox > 0 && ox + 1 < width) {
                add_three_taps(y, weight, rows[ky] + (ox - 1) * c, c);
                continue;
            }
            for (size_t kx = 0; kx < 3; kx++) {
                const size_t column = ox + kx - 1; /* -1 wraps to a number no width reaches */
                if (column < width)
                    add_tap(y, weight + kx * c, rows[ky] + column * c, c);
            }
        }
    }
}

const nn_float_kernels nn_float_kernels_blas = {
    .name = "blas",
    .packed_bytes = packed_bytes_f32_blas,
    .pack = pack_f32_blas,
    .linear = linear_f32_blas,
    .depthwise = depthwise_f32_c,
};

void nn_blas_single_thread(void)
{
    openblas_set_num_threads(1);
}
