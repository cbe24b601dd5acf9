/* model.h - one weight file (WEIGHTS.md), checked, unpacked and bound to the kernels of one backend. Read-only once
 * opened, shared by any number of threads. Names of members follow the names of layers in WEIGHTS.md section 4. */
#ifndef GHM_MODELS_MODEL_H
#define GHM_MODELS_MODEL_H

#include <gingham/gingham.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "entropy/cdf.h"
#include "entropy/checkerboard.h"
#include "entropy/factorized_prior.h"
#include "models/nn/layers.h"

enum {
    MODEL_MAX_ANCHORS = 64,
    MODEL_MAX_SLICES = 16,
    MODEL_MAX_PASSES = 2 * MODEL_MAX_SLICES,
    MODEL_MAX_BLOCKS = 16,
    MODEL_Y_STRIDE = 16, /* pixels to a position of y */
    MODEL_Z_STRIDE = 64  /* pixels to a position of z */
};

/* A block: x += w2(dw(leaky(w1 x))), then x += w4(leaky(w3 x)). */
typedef struct block {
    nn_linear w1, w2, w3, w4;
    nn_depthwise dw;
} block;
typedef struct block_list {
    size_t n, c, hidden;
    block *blocks; /* n */
} block_list;

typedef struct block_f32 {
    nn_linear_f32 w1, w2, w3, w4;
    nn_depthwise_f32 dw;
} block_f32;
typedef struct block_list_f32 {
    size_t n, c, hidden;
    block_f32 *blocks;
} block_list_f32;

typedef struct analysis_weights {
    nn_linear in, out, base;
    block_list b4;
} analysis_weights;

typedef struct hyper_analysis_weights {
    nn_linear_f32 in, down32, down64;
    block_list_f32 b16, b32;
} hyper_analysis_weights;

typedef struct hyper_synthesis_weights {
    nn_linear in, up, out, scale;
    block_list b32, b16, prior;
} hyper_synthesis_weights;

/* One pass of the context model: the positions of one phase in one slice of y. */
typedef struct context_pass {
    size_t slice;
    checkerboard_phase phase;
    size_t first, n;        /* channels first .. first + n - 1 of y */
    bool known[MODEL_MAX_SLICES]; /* slices met in earlier passes: inputs of `in`, followed by p */
    nn_linear in;           /* unused in pass 0 */
    block_list b;
    nn_linear out;
} context_pass;

typedef struct synthesis_weights {
    nn_linear base, in, out;
    block_list b4;
} synthesis_weights;

/* Tables indexed [anchor][channel]; see WEIGHTS.md section 2. */
typedef struct quality_anchors {
    const int16_t *gain_e4, *gain_y, *step, *ratio, *scale_offset, *gain_d4;
    const uint8_t *z_table;
} quality_anchors;

struct ghm_model {
    arena memory;
    char name[17];
    uint64_t id;
    size_t file_bytes, n_parameters;
    ghm_backend backend;
    const nn_kernels *kernels;
    const nn_float_kernels *float_kernels;

    size_t n_anchors, n_slices, n_passes, n_scales, n_skipped, n_z_tables;
    int frac_y, frac_z;
    size_t m, z, p;              /* channels of y, z and the parameters */
    size_t e4, d4;               /* widths of the filters of analysis and synthesis; 0: no filter */
    size_t slice_first[MODEL_MAX_SLICES], slice_channels[MODEL_MAX_SLICES];
    quality_anchors anchors;
    const int16_t *z_mean;
    const factorized_weight *z_weight;
    cdf_table *y_tables;         /* [quantizer * n_scales + scale index] */
    cdf_table *z_tables;

    analysis_weights ga;
    hyper_analysis_weights ha;
    hyper_synthesis_weights hs;
    context_pass passes[MODEL_MAX_PASSES];
    synthesis_weights gs;
};

/* Built-in weights are decoded once, when the library is built: model_unpack() checks and decodes a weight file and
 * appends it to out with its weights side by side, model_open_unpacked() opens that. The two belong to the same build;
 * the form is no format. Statuses are those of ghm_model_open(). */
ghm_status model_unpack(const uint8_t *data, size_t size, bytes_writer *out, ghm_diagnostics *diag);
ghm_status model_open_unpacked(const uint8_t *data, size_t size, ghm_backend backend, ghm_model **model,
                               ghm_diagnostics *diag);

/* Thousands of multiply-adds a pixel that gs takes, with or without its filter. */
double model_synthesis_kmac(const ghm_model *model, bool filtered);

/* Bytes of scratch that any layer of a decoder, or any of ga, needs for rows of n positions. */
size_t model_scratch_bytes(const ghm_model *model, size_t n);
size_t model_analysis_scratch_bytes(const ghm_model *model, size_t n);

static inline bool model_has_analysis_filter(const ghm_model *model) { return model->e4 > 0; }
static inline bool model_has_synthesis_filter(const ghm_model *model) { return model->d4 > 0; }

#endif
