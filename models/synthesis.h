/* synthesis.h - g_s, exact zone: y_hat -> pixels. A linear transform, then a filter over its pixels on the grid at 1/4. */
#ifndef GHM_MODELS_SYNTHESIS_H
#define GHM_MODELS_SYNTHESIS_H

#include "models/quarter_grid.h"

/* Receives a row of the picture's pixels, n of them from column first_pixel on: (n, 3) RGB, Q6 within 0..255 * 64. */
typedef void synthesis_emit(void *user, size_t pixel_row, size_t first_pixel, size_t n, const int16_t *rgb);

typedef struct synthesis {
    const ghm_model *model;
    size_t w;                   /* columns of y in the picture */
    quarter_strip strip;        /* those of them it makes into pixels */
    const int32_t *in_multiplier; /* NULL: no filter */
    block_stream b4;
    int16_t *base;              /* row of gs.base, (held, 768) */
    int16_t *ring;              /* the same at 1/4: the rows that gs.out still adds to, (b4.n + 1, 4 held, 48) */
    int16_t *pixels;            /* one row, (16 n, 3) */
    int16_t middle[3];          /* what is added to red, green and blue, Q6: 128, and what a preview is corrected by */
    void *scratch;
    size_t origin4, next4;      /* rows at 1/4: that it began with, that goes into the filter next */
    bool goes_on;               /* the filter holds rows that the next run can go on from */
    size_t first, last;         /* rows of y of the latest run */
    synthesis_emit *emit;
    void *user;
} synthesis;

/* Rows of y above and below that a row of pixels depends on. */
size_t synthesis_halo(const ghm_model *model);

/* Columns of y that are best made together. */
size_t synthesis_widest(const ghm_model *model);

/* For columns first .. last - 1 of y in a picture of w. in_multiplier: (d4), the multipliers of gs.in with the gain of the
 * stream's quality (WEIGHTS.md section 5). NULL: the pixels of gs.base alone, which depend on their own row of y only. */
void synthesis_init(synthesis *gs, const ghm_model *model, const int32_t *in_multiplier, size_t first, size_t last, size_t w,
                    arena *memory);

/* From now on add to red, green and blue what synthesis_correction() told: pixels without the filter then have the brightness
 * of those with it (BITSTREAM.md, "Preview"). */
void synthesis_correct(synthesis *gs, const int16_t *correction);

/* What the filter adds to red, green and blue of a flat picture, one with y_hat of zero: Q6. Memory comes from `memory`, which
 * may be released afterwards; its failure is found there, and correction is zero then. */
void synthesis_correction(const ghm_model *model, const int32_t *in_multiplier, arena *memory, int16_t correction[3]);

/* Compute the pixels of rows first..last-1 of y in a picture of h rows; y_hat: row `origin` and on, (.., w, M), Q frac_y,
 * with the halo as far as the picture reaches. emit receives the rows, rising, from row 16 * first of the picture. A run that
 * begins where the one before ended goes on from there; any other computes the halo above it anew. */
void synthesis_run(synthesis *gs, const int16_t *y_hat, size_t origin, size_t first, size_t last, size_t h,
                   synthesis_emit *emit, void *user);

#endif
