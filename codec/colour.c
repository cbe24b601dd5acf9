#include "colour.h"

#include <string.h>

enum { WHITE = 255 << 6 };

pixel_format colour_format_of(const ghm_image *image)
{
    return (pixel_format){ ghm_image_components(image), image->bit_depth ? image->bit_depth : 8 };
}

ghm_image colour_interleaved(pixel_format format, uint32_t width, uint32_t height, uint8_t *p, size_t row_stride)
{
    const size_t step = sample_bytes(format.bit_depth);
    ghm_image image = { width, height, { p, NULL, NULL, NULL }, row_stride, pixel_bytes(format), NULL, format.bit_depth };
    if (!components_are_grey(format.components)) {
        image.planes[1] = p + step;
        image.planes[2] = p + 2 * step;
    }
    if (components_have_alpha(format.components))
        image.planes[3] = p + image.pixel_stride - step;
    return image;
}

/* Round v of 0..n * WHITE, the sum of n samples, to 0..max. Below 2^32: 3 * WHITE * 65535 + ... */
static inline uint32_t round_to(uint32_t v, uint32_t n, uint32_t max)
{
    return (v * max + n * WHITE / 2) / (n * WHITE);
}

/* The usual case, for compilers to work on vectors: (v + 32) / 64 is round_to(v, 1, 255). */
static void write_rgb8(const int16_t *rgb, size_t width, uint8_t *to)
{
    for (size_t i = 0; i < 3 * width; i++)
        to[i] = (uint8_t)((rgb[i] + 32) >> 6);
}

static uint32_t sample(const int16_t *rgb, bool grey, size_t c, uint32_t max)
{
    return grey ? round_to((uint32_t)(rgb[0] + rgb[1] + rgb[2]), 3, max) : round_to((uint32_t)rgb[c], 1, max);
}

void colour_write_row(pixel_format format, const int16_t *rgb, size_t width, uint8_t *to)
{
    const bool grey = components_are_grey(format.components);
    const size_t n = grey ? 1 : 3, bytes = sample_bytes(format.bit_depth), pixel = pixel_bytes(format);
    const uint32_t max = (1u << format.bit_depth) - 1;

    if (format.components == GHM_RGB && format.bit_depth == 8) {
        write_rgb8(rgb, width, to);
        return;
    }
    for (size_t x = 0; x < width; x++, rgb += 3, to += pixel)
        for (size_t c = 0; c < n; c++)
            sample_store(format.bit_depth, to + c * bytes, sample(rgb, grey, c, max));
}

void colour_copy_samples(unsigned bit_depth, const uint8_t *from, size_t from_stride, uint8_t *to, size_t to_stride, size_t n)
{
    if (bit_depth > 8)
        for (size_t i = 0; i < n; i++)
            memcpy(to + i * to_stride, from + i * from_stride, 2);
    else
        for (size_t i = 0; i < n; i++)
            to[i * to_stride] = from[i * from_stride];
}

/* Whether the planes lie as colour_interleaved() lays them. */
static bool is_interleaved(pixel_format format, const ghm_image *image)
{
    const ghm_image like = colour_interleaved(format, image->width, image->height, image->planes[0], image->row_stride);
    for (size_t i = 0; i < 4; i++)
        if (image->planes[i] != like.planes[i])
            return false;
    return image->pixel_stride == like.pixel_stride;
}

void colour_copy_row(pixel_format format, const ghm_image *image, size_t y, uint8_t *to)
{
    const size_t pixel = pixel_bytes(format);
    if (is_interleaved(format, image)) {
        memcpy(to, image->planes[0] + y * image->row_stride, image->width * pixel);
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        if (!image->planes[i])
            continue;
        colour_copy_samples(format.bit_depth, image->planes[i] + y * image->row_stride, image->pixel_stride, to, pixel,
                            image->width);
        to += sample_bytes(format.bit_depth);
    }
}

void colour_grey_row(pixel_format format, size_t width, uint8_t *to)
{
    const size_t n = (size_t)format.components, samples = width * n;
    const unsigned opaque = (1u << format.bit_depth) - 1, middle = 1u << (format.bit_depth - 1);
    for (size_t i = 0; i < samples; i++, to += sample_bytes(format.bit_depth))
        sample_store(format.bit_depth, to, components_have_alpha(format.components) && i % n == n - 1 ? opaque : middle);
}
