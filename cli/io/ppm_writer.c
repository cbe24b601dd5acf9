/* ppm_writer.c - Netpbm's P6. */
#include <inttypes.h>
#include <stdio.h>

#include "io/writer.h"

static exit_code ppm_write(const ghm_image *image, const write_settings *settings, output *out)
{
    (void)settings;
    char header[64];
    const int length =
        snprintf(header, sizeof header, "P6\n%" PRIu32 " %" PRIu32 "\n255\n", image->width, image->height);
    exit_code code = output_write(out, header, (size_t)length);
    for (size_t y = 0; y < image->height && code == EXIT_OK; y++)
        code = output_write(out, image->planes[0] + y * image->row_stride, (size_t)image->width * 3);
    return code;
}

const writer ppm_writer = { "ppm", { ".ppm", ".pnm", NULL }, ppm_write };
