/* synthesis_adjoint.h - g_s in float, forwards and backwards: how squared errors of pixels depend on y_hat, for an encoder that
 * refines y (codec/refinement.h). Tolerant zone: its results only choose among streams. Units are those of the integers it stands
 * for: y_hat in Q frac_y, pixels in Q6. */
#ifndef GHM_MODELS_SYNTHESIS_ADJOINT_H
#define GHM_MODELS_SYNTHESIS_ADJOINT_H

#include "models/quarter_grid.h"

/* A layer and its transpose, which has no bias. */
typedef struct adjoint_linear {
    nn_linear_f32 forward, backward;
} adjoint_linear;

typedef struct adjoint_block {
    adjoint_linear w1, w2, w3, w4;
    nn_depthwise_f32 forward, backward;
} adjoint_block;

/* The layers of gs at one quality; shared by threads. */
typedef struct adjoint_layers {
    const ghm_model *model;
    adjoint_linear base, in, out;
    adjoint_block *blocks;   /* of gs.b4 */
    float *base_energy;      /* (M): squared length of what one unit of a channel adds to the pixels, by gs.base */
} adjoint_layers;

/* in_multiplier: (d4), as for synthesis_init(). Memory comes from `memory`; its failure is found there. */
void adjoint_layers_init(adjoint_layers *layers, const ghm_model *model, const int32_t *in_multiplier, arena *memory);

/* The working memory of one thread, for windows of up to max_h x max_w positions of y. */
typedef struct synthesis_adjoint {
    const adjoint_layers *layers;
    size_t h, w;             /* of the window */
    float *samples;          /* (4 h, 4 w, 48) */
    float *features, *ahead; /* (4 h, 4 w, d4): between blocks, ahead of the 3x3 filters */
    float *row, *wide;       /* a row of 3x3 outputs, of hidden values */
    float *y;                /* (w, M) */
    float *folded;           /* (w, 768) */
    float *slope;            /* (h, w, M) */
    uint8_t *signs;          /* a bit of every leaky output, in their order: 1 if it is positive */
} synthesis_adjoint;

void synthesis_adjoint_init(synthesis_adjoint *s, const adjoint_layers *layers, size_t max_h, size_t max_w, arena *memory);

/* Pixels of a window, beyond which the picture is taken to end: y_hat (h, w, M), rows `stride` apart -> (4 h, 4 w, 48) on the grid
 * at 1/4 (shuffle.h), less 128, not clamped. They stay the caller's to change until the next call. */
float *synthesis_adjoint_forward(synthesis_adjoint *s, const int16_t *y_hat, size_t stride, size_t h, size_t w);
/* What the caller has left there, errors of pixels, -> half the gradient of the sum of their squares by y_hat, (h, w, M). */
const float *synthesis_adjoint_backward(synthesis_adjoint *s);

#endif
