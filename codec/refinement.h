/* refinement.h - y made better before it is coded, by encoders that have the time (ghm_encode_settings.effort). The analysis tells
 * what y is near the best; here a target begins as y and, between trial encodes, goes down the slope of
 *
 *     squared error of the decoded pixels + price of the bits
 *
 * the first by the synthesis run backwards from what the decoder would show (synthesis_adjoint.h), the second in
 * latent_codec_encode(). As in Yang, Bamler, Mandt, "Improving Inference for Neural Image Compression", NeurIPS 2020, but with the
 * trellis choosing real symbols at every step. z stays as it is.
 *
 * Every band is refined by itself: in rows whose pixels another band's rows reach, targets stay as they are. So no result
 * depends on groups or threads. */
#ifndef GHM_CODEC_REFINEMENT_H
#define GHM_CODEC_REFINEMENT_H

#include "models/synthesis_adjoint.h"
#include "quality.h"

/* Share of the slope that targets go in a round, 0 .. n_rounds - 1: less and less. Longer steps overshoot at once, and all alike in
 * the end (models/train/EXPERIMENTS.md, "Refining y"). */
float refinement_pace(int round, int n_rounds);

typedef struct refinement {
    const ghm_model *model;
    size_t w;                    /* columns of y in the picture */
    size_t n_tiles;              /* of a band, side by side: columns that threads may do at the same time */
    adjoint_layers layers;
    float *error_rate;           /* (M): what a unit of the error's slope moves a target at pace 1, in units of y */
    float *price_rate;           /* (M): the same of the price's */
    synthesis_adjoint *adjoints; /* one a thread */
    int16_t **pixels;            /* the same: a row of the picture */
} refinement;

/* A band at work. */
typedef struct refinement_band {
    const ghm_image *rows;       /* pixels of the picture from its row `top` on */
    size_t top, first_pixel, n_pixels; /* rows: at hand, of the band */
    size_t h;                    /* rows of y */
    bool goes_on_above, goes_on_below; /* other bands are there */
    const int16_t *y_hat;        /* (h, w, M): what a decoder would have */
    const uint8_t *idle;         /* NULL, or (h, w): positions that direct blocks cover */
    const float *price_slope;    /* (h, w, M), of latent_codec_encode() */
    float *target;               /* (h, w, M), in the units of y */
    float pace;                  /* refinement_pace() */
} refinement_band;

/* For pictures of `w` columns of y and bands of at most max_h rows. Memory comes from `memory`; its failure is found there. */
void refinement_init(refinement *r, const ghm_model *model, const quality_tables *quality, size_t max_h, size_t w, int n_threads,
                     arena *memory);

/* Move the targets of tile i, 0 .. n_tiles - 1. */
void refinement_run(const refinement *r, const refinement_band *band, size_t i, int worker);

#endif
