/** @file image.h  Pictures as the library sees them. */
#ifndef GINGHAM_IMAGE_H
#define GINGHAM_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A view of samples: sample (x, y) of component c lies at planes[c] + y * row_stride + x * pixel_stride (bytes).
 * Interleaved RGB is planes = {p, p + 1, p + 2}, pixel_stride = 3; planar is pixel_stride = 1.
 *
 * Version 1 codes three 8-bit components, red, green, blue with the sRGB transfer curve, range 0..255.
 */
typedef struct ghm_image {
    uint32_t width, height; /**< in pixels, 1..65535 each */
    uint8_t *planes[3];     /**< red, green, blue */
    size_t row_stride;      /**< bytes from one row to the next, the same for the three components */
    size_t pixel_stride;    /**< bytes from one pixel to the next in a row */
    void *owned;            /**< what ghm_image_free() releases; NULL for a view of the caller's samples */
} ghm_image;

#ifdef __cplusplus
}
#endif
#endif
