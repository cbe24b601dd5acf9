/* quarter_grid.h - the grid at 1/4, on which the filters of ga and gs run: 4 x 4 pixels of RGB are the 48 channels of a
 * position there, 4 x 4 positions there are the 768 pixel values of a position of y; both in the order of shuffle.h. */
#ifndef GHM_MODELS_QUARTER_GRID_H
#define GHM_MODELS_QUARTER_GRID_H

#include "models/model.h"

enum {
    QUARTERS = 4,                               /* rows and columns of the grid in a position of y */
    QUARTER_SIDE = MODEL_Y_STRIDE / QUARTERS,   /* pixels in a position of the grid */
    QUARTER_ROW_SAMPLES = 3 * QUARTER_SIDE,     /* of one row of pixels in it */
    QUARTER_CHANNELS = QUARTER_SIDE * QUARTER_ROW_SAMPLES,
    BASE_CHANNELS = QUARTERS * QUARTERS * QUARTER_CHANNELS
};

/* The rows of the grid, first..last-1, that a filter must see to complete rows of y: those and as many above and below as it
 * reaches, as far as the picture has them. */
typedef struct quarter_rows {
    size_t first, last;
} quarter_rows;

/* Of the rows first..last-1 of y in a picture of h. */
static inline quarter_rows quarter_rows_of(size_t first, size_t last, size_t h, size_t reach)
{
    const size_t top = QUARTERS * first, bottom = QUARTERS * last + reach;
    return (quarter_rows){ top > reach ? top - reach : 0, bottom < QUARTERS * h ? bottom : QUARTERS * h };
}

/* Rows of y that `reach` rows of the grid touch. */
static inline size_t quarter_halo(size_t reach)
{
    return (reach + QUARTERS - 1) / QUARTERS;
}

#endif
