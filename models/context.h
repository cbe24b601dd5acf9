/* context.h - the context model, exact zone: what earlier passes decoded, and p, -> means of one pass.
 *
 * Checkerboard context: He et al., "Checkerboard Context Model for Efficient Learned Image Compression" (CVPR 2021);
 * channel slices: Minnen and Singh, "Channel-wise Autoregressive Entropy Models" (ICIP 2020). */
#ifndef GHM_MODELS_CONTEXT_H
#define GHM_MODELS_CONTEXT_H

#include "models/block_stream.h"

typedef struct context_model {
    const ghm_model *model;
    size_t w;
    block_stream *streams; /* one a pass; pass 0 has none */
    size_t pass;           /* the running one */
    int16_t *input, *mean;
    void *scratch;
    void (*emit)(void *user, size_t row, const int16_t *mean);
    void *user;
} context_model;

/* emit receives, for every row in order, the means of the pass's channels at the pass's positions (columns with
 * (row + column) % 2 == phase): (number of such columns, n), Q frac_y. A row without such a column is emitted too.
 * It may write y_hat at those positions and channels. */
void context_init(context_model *cm, const ghm_model *model, size_t w, void *scratch, arena *memory,
                  void (*emit)(void *user, size_t row, const int16_t *mean), void *user);

/* y_hat: (h, w, M), zero where not yet decoded; p: (h, w, P). */
void context_run_pass(context_model *cm, size_t pass, const int16_t *y_hat, const int16_t *p, size_t h);

/* Channels that ctxk.in takes: those of the known slices, and P. */
size_t context_inputs(const ghm_model *model, size_t pass);

#endif
