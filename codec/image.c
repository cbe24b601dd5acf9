#include <stdlib.h>

#include "base/status.h"
#include "base/threads.h"
#include "bitstream.h"

#define STRINGIFY2(x) #x
#define STRINGIFY(x) STRINGIFY2(x)

const char *ghm_version(void)
{
    return STRINGIFY(GHM_VERSION_MAJOR) "." STRINGIFY(GHM_VERSION_MINOR) "." STRINGIFY(GHM_VERSION_PATCH);
}

int ghm_available_threads(void)
{
    return threads_available();
}

ghm_status ghm_image_alloc(uint32_t width, uint32_t height, ghm_image *image, ghm_diagnostics *diag)
{
    if (width == 0 || height == 0 || width > BITSTREAM_MAX_SIDE || height > BITSTREAM_MAX_SIDE)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "a picture of %ux%u pixels is outside 1..%d a side", width, height,
                        BITSTREAM_MAX_SIDE);
    const size_t row = 3 * (size_t)width;
    uint8_t *p = malloc(row * height);
    if (!p)
        return ghm_fail_memory(diag, row * height);
    *image = (ghm_image){ width, height, { p, p + 1, p + 2 }, row, 3, p };
    return GHM_OK;
}

void ghm_image_free(ghm_image *image)
{
    free(image->owned);
    *image = (ghm_image){ 0 };
}
