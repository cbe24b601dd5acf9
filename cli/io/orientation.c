#include "io/orientation.h"

#include <stdbool.h>
#include <string.h>

enum { TIFF_HEADER_BYTES = 8, TIFF_ENTRY_BYTES = 12, TIFF_SHORT = 3, TAG_ORIENTATION = 0x0112 };

/* n <= 4 bytes in either byte order. */
static uint32_t get(const uint8_t *p, int n, bool big_endian)
{
    uint32_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | p[big_endian ? i : n - 1 - i];
    return v;
}

unsigned orientation_find(const uint8_t *tiff, size_t size)
{
    if (size < TIFF_HEADER_BYTES || (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0))
        return 0;
    const bool big = tiff[0] == 'M';
    const size_t directory = get(tiff + 4, 4, big);
    if (directory > size || size - directory < 2)
        return 0;
    const size_t n_entries = get(tiff + directory, 2, big);
    const uint8_t *entry = tiff + directory + 2;
    const size_t n_whole = (size - directory - 2) / TIFF_ENTRY_BYTES;
    for (size_t i = 0; i < n_entries && i < n_whole; i++, entry += TIFF_ENTRY_BYTES) {
        if (get(entry, 2, big) != TAG_ORIENTATION)
            continue;
        const uint32_t value = get(entry + 8, 2, big);
        const bool sound = get(entry + 2, 2, big) == TIFF_SHORT && get(entry + 4, 4, big) == 1;
        return sound && value >= 1 && value <= 8 ? value : 0;
    }
    return 0;
}

/* The eight cases (Exif 2.3, 4.6.4) are the symmetries of a rectangle: perhaps exchange rows and columns (5..8), then
 * perhaps read the stored rows from the bottom, then perhaps the stored columns from the right. 2 is a mirror image, 3
 * half a turn; 6 and 8 are what cameras held upright write. */
ghm_status orientation_apply(unsigned orientation, ghm_image *image, ghm_diagnostics *diag)
{
    if (orientation < 2 || orientation > 8)
        return GHM_OK;
    const bool exchange = orientation >= 5;
    const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const ghm_image from = *image;
    ghm_image to;
    const ghm_status status = ghm_image_alloc(exchange ? from.height : from.width, exchange ? from.width : from.height,
                                              &to, diag);
    if (status != GHM_OK)
        return status;
    for (size_t y = 0; y < to.height; y++) {
        uint8_t *pixel = to.planes[0] + y * to.row_stride;
        for (size_t x = 0; x < to.width; x++, pixel += 3) {
            const size_t u = exchange ? y : x, v = exchange ? x : y;
            const size_t from_x = flip_x ? from.width - 1 - u : u;
            const size_t from_y = flip_y ? from.height - 1 - v : v;
            memcpy(pixel, from.planes[0] + from_y * from.row_stride + from_x * 3, 3);
        }
    }
    ghm_image_free(image);
    *image = to;
    return GHM_OK;
}
