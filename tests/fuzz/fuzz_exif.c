/* Metadata that the readers look into: Exif's orientation, which turns a picture, and ICC profiles. */
#include <stdlib.h>

#include "fuzz.h"
#include "io/convert.h"
#include "io/icc.h"

static void turn(unsigned orientation)
{
    ghm_image image;
    FUZZ_CHECK(ghm_image_alloc(3, 2, &image, NULL) == GHM_OK);
    for (uint8_t i = 0; i < 18; i++)
        image.planes[0][i] = i;
    FUZZ_CHECK(convert_orientation(orientation, &image, NULL) == GHM_OK);
    FUZZ_CHECK(image.width == (orientation >= 5 ? 2 : 3) && image.height == (orientation >= 5 ? 3 : 2));
    unsigned seen = 0; /* every pixel comes out once */
    for (int i = 0; i < 6; i++)
        seen |= 1u << image.planes[0][3 * i] / 3;
    FUZZ_CHECK(seen == 63);
    ghm_image_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy(data, size);
    const unsigned orientation = ghm_exif_orientation(copy, size);
    FUZZ_CHECK(orientation <= 8);
    turn(orientation);
    (void)icc_is_srgb(copy, size);
    free(copy);
    return 0;
}
