/* block_stream.h - a list of blocks applied to a picture (or band) row by row, top to bottom, in memory that depends on
 * the width only. Every 3x3 filter needs the row below, so each block holds its output back by one row:
 *
 *     row 0 in ->            row 1 in -> row 0 out of block 0          flush -> last rows out
 *
 * Rows: (width, c), NHWC. Rows above the first and below the last are zeros to the 3x3 filters. To compute the middle of
 * a picture start n rows early and ignore the first n rows that come out.
 *
 * A stream may run over some columns of a picture only: where columns beyond an edge of its rows exist, they are not zeros,
 * and every block *cuts* a column there, the one that would have to know.
 *
 * The same text (block_stream_template.h) makes the exact int16 stream and the float stream of the hyper analysis. */
#ifndef GHM_MODELS_BLOCK_STREAM_H
#define GHM_MODELS_BLOCK_STREAM_H

#include "models/model.h"

/* What n blocks of c channels have at hand: values in a column of the rows that a stream keeps, and weights. */
static inline size_t block_row_values(size_t n, size_t c, size_t hidden) { return n * 5 * c + 2 * c + hidden; }
static inline size_t block_weights(size_t n, size_t c, size_t hidden) { return n * 2 * c * (c + hidden); }

/* Per block: the last two input rows, and the last three rows ahead of the 3x3 filter. */
typedef struct block_node {
    int16_t *x[2], *a[3];
    size_t width; /* of its input rows */
    size_t n_in;  /* rows received since start */
} block_node;

typedef struct block_stream {
    const block_list *list;
    const nn_kernels *kernels;
    size_t width;        /* of the rows that go in */
    size_t cut_left, cut_right; /* columns that a block cuts: 0 or 1 */
    bool half; /* the last block computes the columns of `phase` only, densely */
    checkerboard_phase phase;
    block_node *nodes;   /* list->n, plus one that only holds the row coming out */
    int16_t *filtered, *hidden;
    void *scratch;
    size_t row_out;      /* index of the next row to come out */
    void (*emit)(void *user, size_t row, const int16_t *x);
    void *user;
} block_stream;

/* Memory comes from `memory`; its failure is found there. `emit` receives every output row, in order. */
void block_stream_init(block_stream *s, const block_list *list, const nn_kernels *kernels, size_t width, void *scratch,
                       arena *memory, void (*emit)(void *user, size_t row, const int16_t *x), void *user);
/* Once after init: whether columns beyond the left and the right edge exist. Not together with `half`. */
void block_stream_cut(block_stream *s, bool left, bool right);
void block_stream_start(block_stream *s);
/* Where to write the next input row, (width, c); push then takes it. */
int16_t *block_stream_row(block_stream *s);
void block_stream_push(block_stream *s);
void block_stream_flush(block_stream *s);

typedef struct block_node_f32 {
    float *x[2], *a[3];
    size_t width, n_in;
} block_node_f32;

typedef struct block_stream_f32 {
    const block_list_f32 *list;
    const nn_float_kernels *kernels;
    size_t width, cut_left, cut_right; /* nothing is cut */
    block_node_f32 *nodes;
    float *filtered, *hidden;
    size_t row_out;
    void (*emit)(void *user, size_t row, const float *x);
    void *user;
} block_stream_f32;

void block_stream_f32_init(block_stream_f32 *s, const block_list_f32 *list, const nn_float_kernels *kernels, size_t width,
                           arena *memory, void (*emit)(void *user, size_t row, const float *x), void *user);
void block_stream_f32_start(block_stream_f32 *s);
float *block_stream_f32_row(block_stream_f32 *s);
void block_stream_f32_push(block_stream_f32 *s);
void block_stream_f32_flush(block_stream_f32 *s);

#endif
