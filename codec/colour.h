/* colour.h - the samples of a picture and the networks' red, green and blue (BITSTREAM.md, "Pixels"). */
#ifndef GHM_CODEC_COLOUR_H
#define GHM_CODEC_COLOUR_H

#include <gingham/gingham.h>

#include <stdbool.h>

/* How the library lays out pictures of its own: interleaved. */
typedef struct pixel_format {
    ghm_components components;
    unsigned bit_depth; /* 8..16 */
} pixel_format;

static inline bool components_have_alpha(ghm_components c) { return c == GHM_GREY_ALPHA || c == GHM_RGBA; }
static inline bool components_are_grey(ghm_components c) { return c == GHM_GREY || c == GHM_GREY_ALPHA; }

static inline size_t sample_bytes(unsigned bit_depth) { return bit_depth > 8 ? 2 : 1; }
static inline size_t pixel_bytes(pixel_format f) { return (size_t)f.components * sample_bytes(f.bit_depth); }

/* The sample at p, of a byte or, above 8 bits, of two. */
static inline unsigned sample_load(unsigned bit_depth, const uint8_t *p)
{
    return bit_depth > 8 ? *(const uint16_t *)(const void *)p : *p;
}
static inline void sample_store(unsigned bit_depth, uint8_t *p, unsigned v)
{
    if (bit_depth > 8)
        *(uint16_t *)(void *)p = (uint16_t)v;
    else
        *p = (uint8_t)v;
}

/* Of an image, with 8 for a depth of 0. */
pixel_format colour_format_of(const ghm_image *image);

/* A view of interleaved samples, pixel (0, 0) at p. */
ghm_image colour_interleaved(pixel_format format, uint32_t width, uint32_t height, uint8_t *p, size_t row_stride);

/* rgb: (width, 3), Q6 within 0..255 * 64 -> to: a row of pixels, alpha left as it is. */
void colour_write_row(pixel_format format, const int16_t *rgb, size_t width, uint8_t *to);

/* Copy n samples of one component; strides in bytes. */
void colour_copy_samples(unsigned bit_depth, const uint8_t *from, size_t from_stride, uint8_t *to, size_t to_stride, size_t n);

/* Row y of an image of this format, interleaved. */
void colour_copy_row(pixel_format format, const ghm_image *image, size_t y, uint8_t *to);

/* A row of opaque pixels in the middle between black and white. */
void colour_grey_row(pixel_format format, size_t width, uint8_t *to);

#endif
