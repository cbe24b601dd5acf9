/* Picture files of every format. FUZZ_PNG: each also with the right CRCs, which libpng compares. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "io/reader.h"
#include "message.h"

static void read_picture(const uint8_t *data, size_t size)
{
    uint8_t *owner = fuzz_copy(data, size);
    const color background = { .given = size % 2, .rgb = { 1, 2, 3 } };
    source s;
    source_open_memory(&s, "fuzz", owner, size);
    ghm_image image = { 0 };
    const exit_code code = picture_read(&s, 1 << 14, &background, &image);
    source_close(&s);
    FUZZ_CHECK(code == EXIT_OK || code == EXIT_BAD_INPUT || code == EXIT_LIMIT);
    FUZZ_CHECK((code == EXIT_OK) == (image.owned != NULL));
    unsigned sum = 0;
    for (size_t y = 0; code == EXIT_OK && y < image.height; y++) /* every sample is there, and written */
        for (size_t x = 0; x < image.width; x++)
            for (int c = 0; c < 3; c++)
                sum += image.planes[c][y * image.row_stride + x * image.pixel_stride];
    FUZZ_CHECK(sum <= 3u * 255 << 14);
    ghm_image_free(&image);
    free(owner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    message_set_level(MESSAGE_NOTES); /* so that every sentence is made */
    read_picture(data, size);
#ifdef FUZZ_PNG
    uint8_t *copy = fuzz_copy(data, size);
    fuzz_seal_png(copy, size);
    if (memcmp(copy, data, size) != 0)
        read_picture(copy, size);
    free(copy);
#endif
    return 0;
}
