#include "io/convert.h"

#include <string.h>

bool convert_is_grey(const ghm_image *image)
{
    return !image->planes[1];
}

unsigned convert_bit_depth(const ghm_image *image)
{
    return image->bit_depth ? image->bit_depth : 8;
}

ghm_image convert_format_only(uint32_t width, uint32_t height, ghm_components components, unsigned bit_depth)
{
    static uint8_t somewhere;
    const bool grey = components == GHM_GREY || components == GHM_GREY_ALPHA;
    const bool alpha = components == GHM_GREY_ALPHA || components == GHM_RGBA;
    uint8_t *colour = grey ? NULL : &somewhere;
    return (ghm_image){ .width = width, .height = height, .bit_depth = bit_depth,
                        .planes = { &somewhere, colour, colour, alpha ? &somewhere : NULL },
                        .pixel_stride = (size_t)components * (bit_depth > 8 ? 2 : 1) };
}

static size_t sample_bytes(const ghm_image *image)
{
    return image->bit_depth > 8 ? 2 : 1;
}

static uint32_t max_of(const ghm_image *image)
{
    return (1u << convert_bit_depth(image)) - 1;
}

static uint32_t get(const ghm_image *image, int c, size_t x, size_t y)
{
    const uint8_t *p = image->planes[c] + y * image->row_stride + x * image->pixel_stride;
    return image->bit_depth > 8 ? *(const uint16_t *)(const void *)p : *p;
}

static void put(const ghm_image *image, int c, size_t x, size_t y, uint32_t v)
{
    uint8_t *p = image->planes[c] + y * image->row_stride + x * image->pixel_stride;
    if (image->bit_depth > 8)
        *(uint16_t *)(void *)p = (uint16_t)v;
    else
        *p = (uint8_t)v;
}

bool convert_is_opaque(const ghm_image *image)
{
    const uint32_t max = max_of(image);
    for (size_t y = 0; image->planes[3] && y < image->height; y++)
        for (size_t x = 0; x < image->width; x++)
            if (get(image, 3, x, y) != max)
                return false;
    return true;
}

void convert_drop_alpha(ghm_image *image)
{
    image->planes[3] = NULL;
}

/* ---------------------------------------------------------------------------------------------- form */

static bool is_interleaved_as(const ghm_image *image, ghm_components components, unsigned bit_depth)
{
    const uint8_t *p = image->planes[0];
    const size_t step = sample_bytes(image);
    return ghm_image_components(image) == components && convert_bit_depth(image) == bit_depth &&
           image->pixel_stride == (size_t)components * step &&
           (!image->planes[1] || (image->planes[1] == p + step && image->planes[2] == p + 2 * step)) &&
           (!image->planes[3] || image->planes[3] == p + ((size_t)components - 1) * step);
}

/* v of 0..from in 0..to; 16-bit products fit. */
static uint32_t rescale(uint32_t v, uint32_t from, uint32_t to)
{
    return from == to ? v : (uint32_t)(((uint64_t)v * to + from / 2) / from);
}

static void convert_pixel(const ghm_image *from, const ghm_image *to, const color *background, size_t x, size_t y)
{
    const uint32_t max = max_of(to), from_max = max_of(from);
    const uint32_t alpha = from->planes[3] ? rescale(get(from, 3, x, y), from_max, max) : max;
    for (int c = 0; c < 3 && to->planes[c]; c++) {
        uint32_t v = rescale(get(from, from->planes[c] ? c : 0, x, y), from_max, max);
        if (!to->planes[3] && alpha < max) {
            const uint32_t under = background->given ? rescale(background->rgb[c], 255, max) : max;
            v = (uint32_t)(((uint64_t)alpha * v + (uint64_t)(max - alpha) * under + max / 2) / max);
        }
        put(to, c, x, y, v);
    }
    if (to->planes[3])
        put(to, 3, x, y, alpha);
}

ghm_status convert_image(ghm_image *image, ghm_components components, unsigned bit_depth, const color *background,
                         ghm_diagnostics *diag)
{
    ghm_image to;
    if (is_interleaved_as(image, components, bit_depth))
        return GHM_OK;
    const ghm_status status = ghm_image_alloc_as(image->width, image->height, components, bit_depth, &to, diag);
    if (status != GHM_OK)
        return status;
    for (size_t y = 0; y < to.height; y++)
        for (size_t x = 0; x < to.width; x++)
            convert_pixel(image, &to, background, x, y);
    ghm_image_free(image);
    *image = to;
    return GHM_OK;
}

void convert_divide_by_alpha(const ghm_image *image)
{
    const uint32_t max = max_of(image);
    for (size_t y = 0; y < image->height; y++)
        for (size_t x = 0; x < image->width; x++) {
            const uint32_t alpha = get(image, 3, x, y);
            for (int c = 0; c < 3 && image->planes[c] && alpha > 0 && alpha < max; c++) {
                const uint32_t v = (uint32_t)(((uint64_t)get(image, c, x, y) * max + alpha / 2) / alpha);
                put(image, c, x, y, v < max ? v : max);
            }
        }
}

/* ---------------------------------------------------------------------------------------------- orientation */

/* The eight cases (Exif 2.3, 4.6.4) are the symmetries of a rectangle: perhaps exchange rows and columns (5..8), then
 * perhaps read the stored rows from the bottom, then perhaps the stored columns from the right. 2 is a mirror image, 3
 * half a turn; 6 and 8 are what cameras held upright write. */
ghm_status convert_orientation(unsigned orientation, ghm_image *image, ghm_diagnostics *diag)
{
    if (orientation < 2 || orientation > 8)
        return GHM_OK;
    const bool exchange = orientation >= 5;
    const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const ghm_image from = *image;
    ghm_image to;
    const ghm_status status = ghm_image_alloc_as(exchange ? from.height : from.width, exchange ? from.width : from.height,
                                                 ghm_image_components(image), convert_bit_depth(image), &to, diag);
    if (status != GHM_OK)
        return status;
    const size_t pixel = to.pixel_stride;
    for (size_t y = 0; y < to.height; y++) {
        uint8_t *p = to.planes[0] + y * to.row_stride;
        for (size_t x = 0; x < to.width; x++, p += pixel) {
            const size_t u = exchange ? y : x, v = exchange ? x : y;
            const size_t from_x = flip_x ? from.width - 1 - u : u;
            const size_t from_y = flip_y ? from.height - 1 - v : v;
            memcpy(p, from.planes[0] + from_y * from.row_stride + from_x * from.pixel_stride, pixel);
        }
    }
    ghm_image_free(image);
    *image = to;
    return GHM_OK;
}
