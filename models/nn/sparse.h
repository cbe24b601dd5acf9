/* sparse.h - linear layers with blocks of zeros, as pruning leaves them: 16 outputs x 4 inputs. A kernel packs a layer
 * sparsely, with the blocks of zeros left out, when there are enough of them; callers notice nothing.
 *
 * Packed form: a header, then either a dense form of the kernel's own or
 *
 *     uint32_t first[n_groups + 1]    blocks of group g, outputs 16 g and on: first[g] .. first[g + 1] - 1
 *     uint16_t input[n_blocks]        their first inputs
 *     weights                         from the next multiple of 64 bytes, as the kernel wants them
 */
#ifndef GHM_NN_SPARSE_H
#define GHM_NN_SPARSE_H

#include "models/nn/layers.h"

enum { SPARSE_OUTPUTS = 16, SPARSE_INPUTS = 4, SPARSE_HEADER_BYTES = 64 };

/* The header. */
typedef struct sparse_form {
    size_t n_blocks;
    bool is_sparse;
} sparse_form;

/* The sparse form, found. */
typedef struct sparse_view {
    const uint32_t *first;
    const uint16_t *input;
    const int16_t *weight;
} sparse_view;

static inline size_t sparse_groups(const nn_linear *layer)
{
    return (layer->c_out + SPARSE_OUTPUTS - 1) / SPARSE_OUTPUTS;
}

/* Outputs of group g that exist. */
static inline size_t sparse_outputs(const nn_linear *layer, size_t g)
{
    const size_t left = layer->c_out - g * SPARSE_OUTPUTS;
    return left < SPARSE_OUTPUTS ? left : SPARSE_OUTPUTS;
}

/* Whether any weight of group g differs from zero at inputs ic .. ic + 3. */
static inline bool sparse_has_block(const nn_linear *layer, size_t g, size_t ic)
{
    for (size_t oc = g * SPARSE_OUTPUTS, i = 0; i < sparse_outputs(layer, g); i++)
        for (size_t k = 0; k < SPARSE_INPUTS; k++)
            if (layer->weight[(oc + i) * layer->c_in + ic + k] != 0)
                return true;
    return false;
}

/* Look through the weights. The layer is sparse when at least `percent` of its blocks are zero; else n_blocks are all. */
static inline sparse_form sparse_form_of(const nn_linear *layer, size_t percent)
{
    const size_t n_all = sparse_groups(layer) * (layer->c_in / SPARSE_INPUTS);
    sparse_form form = {0, false};
    for (size_t g = 0; g < sparse_groups(layer); g++)
        for (size_t ic = 0; ic < layer->c_in; ic += SPARSE_INPUTS)
            form.n_blocks += sparse_has_block(layer, g, ic);
    form.is_sparse = (n_all - form.n_blocks) * 100 >= percent * n_all;
    if (!form.is_sparse)
        form.n_blocks = n_all;
    return form;
}

/* Bytes of the sparse form ahead of its weights, header included. */
static inline size_t sparse_index_bytes(const nn_linear *layer, size_t n_blocks)
{
    const size_t bytes = (sparse_groups(layer) + 1) * sizeof(uint32_t) + n_blocks * sizeof(uint16_t);
    return SPARSE_HEADER_BYTES + (bytes + 63) / 64 * 64;
}

static inline sparse_view sparse_find(const nn_linear *layer, const void *packed)
{
    const sparse_form *const form = packed;
    const char *const bytes = packed;
    const uint32_t *const first = (const uint32_t *)(bytes + SPARSE_HEADER_BYTES);
    return (sparse_view){first, (const uint16_t *)(first + sparse_groups(layer) + 1),
                         (const int16_t *)(bytes + sparse_index_bytes(layer, form->n_blocks))};
}

/* Write header and index of the form; returns where the weights of the blocks go, in order of groups and inputs. */
static inline int16_t *sparse_write_index(const nn_linear *layer, sparse_form form, void *packed)
{
    *(sparse_form *)packed = form;
    const sparse_view view = sparse_find(layer, packed);
    uint32_t *const first = (uint32_t *)view.first, n = 0;
    uint16_t *const input = (uint16_t *)view.input;
    for (size_t g = 0; g < sparse_groups(layer); g++) {
        first[g] = n;
        for (size_t ic = 0; ic < layer->c_in; ic += SPARSE_INPUTS)
            if (!form.is_sparse || sparse_has_block(layer, g, ic))
                input[n++] = (uint16_t)ic;
    }
    first[sparse_groups(layer)] = n;
    return (int16_t *)view.weight;
}

#endif
