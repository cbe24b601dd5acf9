/* exact_blas.c - exact-zone layers by OpenBLAS dgemm: whole numbers in floating point.
 *
 * Why this is exact. Weights and activations are integers below 2^15 in magnitude, so every product is an integer below
 * 2^30, and linear_check() bounds the sum of the magnitudes of all products of an output by 2^31. The partial sum of any
 * subset, in any order, fused or not, is then an integer of at most 2^31 < 2^53: a double holds it exactly, nothing is
 * ever rounded, and the result does not depend on the library's blocking, instruction set or number of threads. */
#include "models/nn/blas.h"
#include "models/nn/exact.h"

/* Positions computed at once: enough to occupy dgemm, few enough that its operands stay in the second-level cache. */
enum { CHUNK_POSITIONS = 64 };

static size_t chunk_of(size_t n)
{
    return n < CHUNK_POSITIONS ? n : CHUNK_POSITIONS;
}

static size_t packed_bytes_blas(const nn_linear *layer)
{
    return layer->c_out * layer->c_in * sizeof(double);
}

static void to_double(const int16_t *from, size_t n, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
}

static void pack_blas(const nn_linear *layer, void *packed)
{
    to_double(layer->weight, layer->c_out * layer->c_in, packed);
}

static size_t scratch_bytes_blas(const nn_linear *layer, size_t n)
{
    return chunk_of(n) * (layer->c_in + layer->c_out) * sizeof(double);
}

/* sums, y, residual: (n, c_out). */
static void finish_chunk(const nn_linear *layer, const int32_t *multiplier, const double *sums, size_t n, int16_t *y,
                         const int16_t *residual, nn_epilogue epilogue)
{
    for (size_t i = 0; i < n; i++)
        for (size_t oc = 0; oc < layer->c_out; oc++) {
            const size_t at = i * layer->c_out + oc;
            y[at] = exact_finish(layer->bias[oc] + (int32_t)sums[at], multiplier[oc], residual_at(residual, at),
                                 epilogue);
        }
}

static void linear_s16_blas(const nn_linear *layer, const int32_t *multiplier, const int16_t *x, size_t n, int16_t *y,
                            const int16_t *residual, nn_epilogue epilogue, void *scratch)
{
    const size_t c_in = layer->c_in, c_out = layer->c_out;
    blas_dgemm *const dgemm = blas_load_dgemm(); /* not NULL: nn_kernels_get() has asked */
    double *const sums = scratch; /* (chunk, c_out) */
    double *const x_chunk = sums + chunk_of(n) * c_out;

    for (size_t at = 0; at < n; at += CHUNK_POSITIONS) {
        const size_t chunk = chunk_of(n - at);
        to_double(x + at * c_in, chunk * c_in, x_chunk);
        dgemm(BLAS_ROW_MAJOR, BLAS_NO_TRANS, BLAS_TRANS, (int)chunk, (int)c_out, (int)c_in, 1.0, x_chunk, (int)c_in,
              layer->packed, (int)c_in, 0.0, sums, (int)c_out);
        finish_chunk(layer, multiplier, sums, chunk, y + at * c_out, residual_at(residual, at * c_out), epilogue);
    }
}

const nn_kernels nn_kernels_blas = {
    .name = "blas",
    .packed_bytes = packed_bytes_blas,
    .pack = pack_blas,
    .scratch_bytes = scratch_bytes_blas,
    .linear = linear_s16_blas,
    .depthwise = depthwise_s16_c,
};
