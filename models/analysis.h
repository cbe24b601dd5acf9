/* analysis.h - g_a, exact zone: pixels -> y. Only encoders run it. It mirrors g_s: a filter over the pixels on the grid at 1/4,
 * then a linear transform. */
#ifndef GHM_MODELS_ANALYSIS_H
#define GHM_MODELS_ANALYSIS_H

#include "models/quarter_grid.h"

/* n pixels of an image's row py, from column px on -> (n, 3), Q3 less 128 of 255; grey is three times the same. */
void analysis_read_pixels(const ghm_image *image, size_t py, size_t px, size_t n, int16_t *to);

typedef struct analysis {
    const ghm_model *model;
    size_t w;               /* columns of y in the picture */
    quarter_strip strip;    /* those of them it computes */
    const int32_t *in_multiplier; /* (e4) */
    const ghm_image *image; /* the picture's size and kind */
    const ghm_image *rows;  /* its rows, from row `top` on */
    size_t top;
    block_stream b4;
    int16_t *pixels;        /* one row, (16 held, 3), edges repeated */
    int16_t *ring;          /* pixels at 1/4: the rows that ga.out still adds to, (b4.n + 1, 4 held, 48) */
    int16_t *folded;        /* the same of a row of y, (n, 768), as far as they are filtered */
    void *scratch;
    int16_t *y;             /* during a run: where rows first.. go, (.., w, M) */
    size_t origin4, next4;  /* rows at 1/4: that it began with, that goes into the filter next */
    bool goes_on;           /* the filter holds rows that the next run can go on from */
    size_t first, last;     /* rows of y of the latest run */
} analysis;

/* Columns of y that are best computed together. */
size_t analysis_widest(const ghm_model *model);

/* For columns first .. last - 1 of y. in_multiplier: (e4), the multipliers of ga.in with the gain of the stream's quality
 * (WEIGHTS.md section 5). The image is read during runs. */
void analysis_init(analysis *ga, const ghm_model *model, const int32_t *in_multiplier, const ghm_image *image, size_t first,
                   size_t last, arena *memory);

/* Rows of y above and below whose pixels a row of y depends on. */
size_t analysis_halo(const ghm_model *model);

/* The pixels are here from now on: rows begins with row `top` of the picture. At first it is the image, from row 0. */
void analysis_set_rows(analysis *ga, const ghm_image *rows, size_t top);

/* y: (last - first, w, M), Q frac_y, of which the columns of this strip are written: the rows first..last-1 of y. Their pixels and the
 * halo's have to be there. A run that begins where the one before ended goes on from there; any other computes the halo above
 * it anew. */
void analysis_run(analysis *ga, size_t first, size_t last, int16_t *y);

#endif
