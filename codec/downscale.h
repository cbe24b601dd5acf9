/* downscale.h - previews: means of squares of pixels, row by row. The squares begin at the first pixel; those that the
 * right and the lower edge cut are means of the pixels they have. Sums are divided with halves rounded up. */
#ifndef GHM_CODEC_DOWNSCALE_H
#define GHM_CODEC_DOWNSCALE_H

#include "base/arena.h"
#include "colour.h"

typedef struct downscale {
    pixel_format format;
    size_t factor, width, height; /* of the input */
    size_t n_in;                  /* rows received */
    uint32_t *sums;               /* of the samples of the row that is growing, interleaved */
} downscale;

static inline size_t downscale_size(size_t size, size_t factor) { return (size + factor - 1) / factor; }

/* factor 1..16, so that sums of 16-bit samples fit. Memory comes from `memory`. */
void downscale_init(downscale *d, pixel_format format, size_t factor, size_t width, size_t height, arena *memory);

/* Take a row of interleaved samples; true when that completed a row of the result, written to `to`. */
bool downscale_row(downscale *d, const uint8_t *row, uint8_t *to);

#endif
