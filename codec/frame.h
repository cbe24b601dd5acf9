/* frame.h - the geometry of a picture, and its reconstruction from y_hat in bounded memory.
 *
 *      rows of y      0 ........................................ h
 *      bands          |  0  |  1  |  2  |  3  |  4  |  5  |  6 |      coded independently (latent_codec.h)
 *      groups         |      0          |        1        |  2 |      as many bands as fit the memory
 *      window                    [halo|   bands of group 1   ]        y_hat kept; of two groups where they overlap
 *      pixels made               [                      ]             up to the halo's height above the window's end
 *
 * The synthesis runs across bands, so that no seam shows. It is cut into strips of columns, whose rows stay in the caches and
 * which the threads share. No result depends on groups, strips or threads. */
#ifndef GHM_CODEC_FRAME_H
#define GHM_CODEC_FRAME_H

#include <stdatomic.h>

#include "base/stage_clock.h"
#include "base/threads.h"
#include "bitstream.h"
#include "models/synthesis.h"
#include "quality.h"

typedef struct frame_geometry {
    size_t width, height; /* pixels */
    pixel_format format;  /* of the pixels made */
    size_t w, h;          /* of the grid of y */
    size_t band_h;        /* rows of y in a band */
    size_t n_bands;
    size_t group;         /* bands in a group */
    size_t ahead;         /* bands in a further group, decoded while pixels of the one before are made; 0: one after the other */
    size_t slab;          /* rows of y whose pixels are worked on at a time where they need a buffer */
    bool filtered;        /* by the synthesis's filter; without it for a preview */
    size_t halo;          /* rows of y above and below that a row of pixels depends on */
} frame_geometry;

/* Threads that a picture of this size can keep busy, at most n_threads. They follow its height: every one
 * has the memory to decode a band, which grows with the width. */
int frame_n_threads(const stream_header *header, int n_threads);
/* Groups and slabs take an eighth and a sixteenth of max_memory, 8 and 16 MiB at most, but enough for the threads; 0: no
 * limit. */
frame_geometry frame_geometry_make(const ghm_model *model, const stream_header *header, bool filtered, int n_threads,
                                   uint64_t max_memory);
/* Let groups overlap where n_bands are to be decoded: a first group of as many bands as threads, then groups of half as many, each
 * decoded beside the strips of the group before, so that no thread waits for the last band of a group. Without more threads or bands
 * than one group's, or where y_hat of two groups took more of max_memory than groups may, nothing changes. */
void frame_geometry_overlap(frame_geometry *g, const ghm_model *model, size_t n_bands, int n_threads, uint64_t max_memory);
/* Rows of y to work on between two calls of a progress callback, at kmac thousands of multiply-adds a pixel: about a quarter of a
 * second's. */
size_t frame_rows_between_calls(const frame_geometry *g, double kmac, int n_threads);
size_t frame_band_first(const frame_geometry *g, size_t band);
size_t frame_band_rows(const frame_geometry *g, size_t band);
/* How many bands at most have pixels that are still to be made for want of the y_hat of the band below. */
size_t frame_bands_lag(const frame_geometry *g);
/* Rows first .. last - 1 of pixels. */
void frame_band_pixels(const frame_geometry *g, size_t band, size_t *first, size_t *last);

/* A part of the picture, in pixels. */
typedef struct frame_window {
    size_t x, y, width, height;
} frame_window;

/* How a transform is cut. Strips beside each other go on from run to run. Only where the columns are too few for the threads
 * are the rows of a run cut as well, and the pieces compute the halo above them anew. */
typedef struct frame_strips {
    size_t first, last;   /* columns of y */
    size_t columns, rows; /* strips beside each other; below each other in a run, at most */
} frame_strips;

/* Over the columns of a window; widest: columns of y at most. */
frame_strips frame_strips_make(const frame_window *window, size_t widest, int n_threads);
static inline size_t frame_strips_count(const frame_strips *s) { return s->columns * s->rows; }
/* Strips of a run over n_rows of y. */
size_t frame_strips_of_run(const frame_strips *s, size_t n_rows);
/* Columns first .. last - 1 of y of strip i. */
void frame_strip_columns(const frame_strips *s, size_t i, size_t *first, size_t *last);
/* Rows *first .. *last - 1 of a run over n_rows that strip i does. */
void frame_strip_rows(const frame_strips *s, size_t i, size_t n_rows, size_t *first, size_t *last);

/* The bands that the pixels of a window depend on. */
void frame_bands_needed(const frame_geometry *g, const frame_window *window, size_t *first, size_t *last);

/* What threads do beside strips: task(user, i, worker) for i = 0 .. n - 1. */
typedef struct other_tasks {
    size_t n;
    void (*task)(void *user, size_t i, int worker);
    void *user;
} other_tasks;

typedef struct reconstruction {
    const ghm_model *model;
    frame_geometry g;
    frame_window window;  /* of the pixels to make */
    thread_pool *pool;
    arena memory;
    frame_strips strips;
    synthesis *syntheses; /* one a strip */
    atomic_size_t *left;  /* rows of y to be made in this run, one a strip; 0 while a thread makes some */
    stage_clock *clocks;  /* NULL, or one a thread */
    int16_t *y_hat;       /* rows origin .. filled - 1, (.., w, M) */
    size_t origin, filled;
    size_t done, last;    /* rows of y whose pixels are made, and are to be made in all */
    uint8_t *alpha;       /* of the pixels of the same rows, (.., width); NULL: the format has none */
    uint8_t *pixels;      /* during a run: where its first row goes */
    size_t row_stride, end;
    other_tasks beside;
} reconstruction;

/* For n_threads; the pool has to be there when rows are made. */
ghm_status reconstruction_init(reconstruction *r, const ghm_model *model, const quality_tables *quality,
                               const frame_geometry *g, const frame_window *window, int n_threads, memory_source *source,
                               ghm_diagnostics *diag);
void reconstruction_free(reconstruction *r);

/* Make room for the rows of bands first..last-1, which follow those filled before; the caller then writes y_hat of
 * row i at reconstruction_row(r, i). The first bands may be any that begin above the window by the halo. Of what was filled
 * before, g.ahead bands may still have to be made into pixels; 0: none. */
void reconstruction_extend(reconstruction *r, size_t first_band, size_t last_band);
int16_t *reconstruction_row(const reconstruction *r, size_t row);

/* The alpha of the pixels of row `row` of y and on, of a format that has alpha: an image without other planes, as high
 * as the picture from there on, but with n_rows of y at most. The caller fills in what the synthesis does not make. */
ghm_image reconstruction_alpha(const reconstruction *r, size_t row, size_t n_rows);
/* The alpha of rows row .. row + n_rows - 1 of y, of a picture that has any. */
void reconstruction_make_opaque(reconstruction *r, size_t row, size_t n_rows);

/* How many further rows of y can be made into pixels. */
size_t reconstruction_ready(const reconstruction *r);
/* The rows of pixels, *first .. *last - 1 of the picture, that the next n_rows rows of y will make: those in the window. */
void reconstruction_range(const reconstruction *r, size_t n_rows, size_t *first, size_t *last);
/* Make them, interleaved in the format of the geometry, columns of the window only, row i at pixels +
 * (i - *first) * row_stride. The other tasks are handed out before the strips, as they take longer; they may fill in rows for
 * which room was made after n_rows had become ready. n_rows 0: the other tasks alone. */
void reconstruction_run(reconstruction *r, size_t n_rows, uint8_t *pixels, size_t row_stride, other_tasks beside);

#endif
