/* quarter_grid.h - the grid at 1/4, on which the filters of ga and gs run: 4 x 4 pixels of RGB are the 48 channels of a
 * position there, 4 x 4 positions there are the 768 pixel values of a position of y; both in the order of shuffle.h. */
#ifndef GHM_MODELS_QUARTER_GRID_H
#define GHM_MODELS_QUARTER_GRID_H

#include "models/block_stream.h"

enum {
    QUARTERS = 4,                               /* rows and columns of the grid in a position of y */
    QUARTER_SIDE = MODEL_Y_STRIDE / QUARTERS,   /* pixels in a position of the grid */
    QUARTER_ROW_SAMPLES = 3 * QUARTER_SIDE,     /* of one row of pixels in it */
    QUARTER_CHANNELS = QUARTER_SIDE * QUARTER_ROW_SAMPLES,
    BASE_CHANNELS = QUARTERS * QUARTERS * QUARTER_CHANNELS
};

/* Rows or columns first .. last - 1. */
typedef struct quarter_span {
    size_t first, last;
} quarter_span;

/* The rows of the grid that a filter must see to complete rows first .. last - 1 of y in a picture of n: those and as many on
 * both sides as it reaches, as far as the picture has them. So with columns. */
static inline quarter_span quarter_span_of(size_t first, size_t last, size_t n, size_t reach)
{
    const size_t top = QUARTERS * first, bottom = QUARTERS * last + reach;
    return (quarter_span){ top > reach ? top - reach : 0, bottom < QUARTERS * n ? bottom : QUARTERS * n };
}

/* A strip of columns of a picture, filtered by itself so that its rows stay in the caches:
 *
 *     columns of y           held.first |      | first              last |      | held.last
 *     columns of the grid         |  seen.first                              seen.last  |
 *
 * The filter sees as far as it reaches beyond the strip; rows are held in whole columns of y. Where it sees no edge of the
 * picture its blocks cut what it reached for (block_stream.h); at an edge there may be more than the strip wants. */
typedef struct quarter_strip {
    size_t first, last, n; /* columns of y to complete */
    quarter_span held;     /* columns of y */
    quarter_span seen;     /* columns of the grid */
    bool cut_left, cut_right;
} quarter_strip;

/* Of the columns first .. last - 1 of y in a picture of w. */
static inline quarter_strip quarter_strip_of(size_t first, size_t last, size_t w, size_t reach)
{
    const quarter_span seen = quarter_span_of(first, last, w, reach);
    return (quarter_strip){
        .first = first, .last = last, .n = last - first, .seen = seen,
        .held = { seen.first / QUARTERS, (seen.last + QUARTERS - 1) / QUARTERS },
        .cut_left = QUARTERS * first >= reach, .cut_right = QUARTERS * last + reach <= QUARTERS * w,
    };
}

/* Columns of y in a row that is held. */
static inline size_t quarter_strip_held(const quarter_strip *s)
{
    return s->held.last - s->held.first;
}

/* Columns of the grid ahead of the strip's own: in a row that is held, in one that comes out of the filter. */
static inline size_t quarter_strip_before(const quarter_strip *s)
{
    return QUARTERS * (s->first - s->held.first);
}
static inline size_t quarter_strip_surplus(const quarter_strip *s)
{
    return s->cut_left ? 0 : QUARTERS * s->first;
}

/* Columns of y of which the rows find room in the second-level cache, those of the filter's blocks and the pixels that are its
 * input and output. Every row goes through all weights of the filter: where these alone fill the cache, no rows stay there, and
 * a strip has to be wide enough for the weights to be fetched less often than the rows. */
static inline size_t quarter_strip_widest(const block_list *filter)
{
    enum { CACHE_BYTES = 640 * 1024, NARROWEST = 16 };
    const size_t pixels = (filter->n + 1) * QUARTER_CHANNELS + BASE_CHANNELS / QUARTERS + QUARTER_ROW_SAMPLES;
    const size_t row_bytes = (pixels + block_row_values(filter->n, filter->c, filter->hidden)) * sizeof(int16_t);
    const size_t weight_bytes = block_weights(filter->n, filter->c, filter->hidden) * sizeof(int16_t);
    const size_t n = (weight_bytes > CACHE_BYTES ? weight_bytes : CACHE_BYTES) / (QUARTERS * row_bytes);
    return n > NARROWEST ? n : NARROWEST;
}

/* Rows of y that `reach` rows of the grid touch. */
static inline size_t quarter_halo(size_t reach)
{
    return (reach + QUARTERS - 1) / QUARTERS;
}

#endif
