/** @file image.h  Pictures as the library sees them. */
#ifndef GINGHAM_IMAGE_H
#define GINGHAM_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a pixel is made of. The number is how many samples it has, and their order where they are interleaved. */
typedef enum ghm_components {
    GHM_GREY = 1,
    GHM_GREY_ALPHA = 2,
    GHM_RGB = 3,
    GHM_RGBA = 4
} ghm_components;

#define GHM_MAX_SIDE 65535 /**< pixels of a picture's width or height */

/**
 * A view of samples: sample (x, y) of component c lies at planes[c] + y * row_stride + x * pixel_stride (bytes).
 *
 *     interleaved RGB     planes = { p, p + 1, p + 2 },          pixel_stride = 3
 *     interleaved RGBA    planes = { p, p + 1, p + 2, p + 3 },   pixel_stride = 4
 *     grey                planes = { p },                        pixel_stride = 1
 *     grey and alpha      planes = { p, NULL, NULL, q },         pixel_stride = 1, or 2 with q = p + 1
 *     16 bits             a sample takes two bytes: pixel_stride = 6 for interleaved RGB, planes two bytes apart
 *
 * Which planes there are says what the picture is; the rest may stay zero. Full range: black is 0, white and opaque are
 * 2^bit_depth - 1. Colours are not multiplied by alpha. What the samples mean is said by metadata (ICC, CICP); without
 * any it is sRGB.
 */
typedef struct ghm_image {
    uint32_t width, height; /**< in pixels, 1..GHM_MAX_SIDE each */
    uint8_t *planes[4];     /**< red, green, blue, or grey, NULL, NULL; then alpha, or NULL when all is opaque */
    size_t row_stride;      /**< bytes from one row to the next, the same for all components */
    size_t pixel_stride;    /**< bytes from one pixel to the next in a row */
    void *owned;            /**< what ghm_image_free() releases; NULL for a view of the caller's samples */
    unsigned bit_depth;     /**< 8..16, 0 counts as 8; above 8 samples are aligned uint16_t of the machine's byte order */
} ghm_image;

#ifdef __cplusplus
}
#endif
#endif
