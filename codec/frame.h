/* frame.h - the geometry of a picture, and its reconstruction from y_hat in bounded memory.
 *
 *      rows of y      0 ........................................ h
 *      bands          |  0  |  1  |  2  |  3  |  4  |  5  |  6 |      coded independently (latent_codec.h)
 *      groups         |      0          |        1        |  2 |      as many bands as fit the memory
 *      window                    [halo|   bands of group 1   ]        y_hat kept
 *      pixels made               [                      ]             up to the halo's height above the window's end
 *
 * The synthesis runs across bands, so that no seam shows; it is cut into strips for the threads, which repeat the halo.
 * No result depends on groups, strips or threads. */
#ifndef GHM_CODEC_FRAME_H
#define GHM_CODEC_FRAME_H

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
} frame_geometry;

/* Threads that a picture of this size can keep busy, at most n_threads. */
int frame_n_threads(const stream_header *header, int n_threads);
frame_geometry frame_geometry_make(const ghm_model *model, const stream_header *header, int n_threads);
size_t frame_band_first(const frame_geometry *g, size_t band);
size_t frame_band_rows(const frame_geometry *g, size_t band);
/* Rows first .. last - 1 of pixels. */
void frame_band_pixels(const frame_geometry *g, size_t band, size_t *first, size_t *last);

/* How many strips to cut rows of y into: one a thread, but none so low that its halo outweighs it. */
size_t frame_n_strips(size_t rows, int n_threads);

typedef struct reconstruction {
    const ghm_model *model;
    frame_geometry g;
    thread_pool *pool;
    arena memory;
    synthesis *workers;   /* one a thread */
    stage_clock *clocks;  /* NULL, or one a thread */
    int16_t *window;      /* y_hat, rows origin .. filled - 1, (.., w, M) */
    size_t origin, filled;
    size_t done;          /* rows of y whose pixels are made */
    uint8_t *pixels;      /* during an advance: where its first row goes */
    size_t row_stride, end;
} reconstruction;

ghm_status reconstruction_init(reconstruction *r, const ghm_model *model, const quality_tables *quality,
                               const frame_geometry *g, thread_pool *pool, ghm_diagnostics *diag);
void reconstruction_free(reconstruction *r);

/* Make room for the rows of bands first..last-1, which follow those filled before; the caller then writes y_hat of
 * row i at reconstruction_row(r, i). */
void reconstruction_extend(reconstruction *r, size_t first_band, size_t last_band);
int16_t *reconstruction_row(const reconstruction *r, size_t row);

/* Make all the pixels that the rows filled so far allow: rows *first .. *last - 1 of pixels, cropped to the picture,
 * interleaved in the format of the geometry, row i at pixels + (i - *first) * row_stride; alpha is left as it is. */
void reconstruction_range(const reconstruction *r, size_t *first, size_t *last);
void reconstruction_run(reconstruction *r, uint8_t *pixels, size_t row_stride);

/* Most rows of pixels that one group makes. */
size_t reconstruction_max_rows(const frame_geometry *g);

#endif
