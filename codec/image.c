#include <stdlib.h>

#include "base/status.h"
#include "bitstream.h"
#include "colour.h"

ghm_components ghm_image_components(const ghm_image *image)
{
    const bool grey = !image->planes[1];
    return (ghm_components)((grey ? GHM_GREY : GHM_RGB) + (image->planes[3] ? 1 : 0));
}

ghm_status ghm_image_alloc(uint32_t width, uint32_t height, ghm_image *image, ghm_diagnostics *diag)
{
    return ghm_image_alloc_as(width, height, GHM_RGB, 8, image, diag);
}

ghm_status ghm_image_alloc_as(uint32_t width, uint32_t height, ghm_components components, unsigned bit_depth,
                              ghm_image *image, ghm_diagnostics *diag)
{
    if (width == 0 || height == 0 || width > GHM_MAX_SIDE || height > GHM_MAX_SIDE)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "a picture of %ux%u pixels is outside 1..%d a side", width, height,
                        GHM_MAX_SIDE);
    if (components < GHM_GREY || components > GHM_RGBA || bit_depth < 8 || bit_depth > 16)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "%d components of %u bits are outside 1..4 of 8..16", (int)components,
                        bit_depth);
    const pixel_format format = { components, bit_depth };
    const size_t pixel = pixel_bytes(format), row = pixel * width;
    uint8_t *p = malloc(row * height);
    if (!p)
        return ghm_fail_memory(diag, row * height);
    *image = colour_interleaved(format, width, height, p, row);
    image->owned = p;
    return GHM_OK;
}

void ghm_image_free(ghm_image *image)
{
    free(image->owned);
    *image = (ghm_image){ 0 };
}
