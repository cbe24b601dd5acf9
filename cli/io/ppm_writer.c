/* ppm_writer.c - Netpbm's P5 and P6, and P7 (PAM), which also holds alpha. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/convert.h"
#include "io/writer.h"
#include "message.h"

static metadata_set holds_nothing(const ghm_metadata *metadata)
{
    (void)metadata;
    return 0;
}

/* Samples of two bytes go to the file with the higher one first. */
static exit_code write_deep_rows(const ghm_image *image, size_t row_samples, output *out)
{
    uint8_t *swapped = malloc(2 * row_samples);
    exit_code code = swapped ? EXIT_OK : fail_memory(out->label);
    for (size_t y = 0; y < image->height && code == EXIT_OK; y++) {
        const uint16_t *row = (const uint16_t *)(const void *)(image->planes[0] + y * image->row_stride);
        for (size_t i = 0; i < row_samples; i++) {
            swapped[2 * i] = (uint8_t)(row[i] >> 8);
            swapped[2 * i + 1] = (uint8_t)row[i];
        }
        code = output_write(out, swapped, 2 * row_samples);
    }
    free(swapped);
    return code;
}

static exit_code write_rows(void *state, const ghm_image *image, output *out)
{
    (void)state;
    const size_t row_samples = (size_t)image->width * (size_t)ghm_image_components(image);
    exit_code code = EXIT_OK;
    if (convert_bit_depth(image) > 8)
        return write_deep_rows(image, row_samples, out);
    for (size_t y = 0; y < image->height && code == EXIT_OK; y++)
        code = output_write(out, image->planes[0] + y * image->row_stride, row_samples);
    return code;
}

static exit_code ppm_begin(const ghm_image *image, const write_settings *settings, output *out, void **state)
{
    (void)settings;
    *state = NULL;
    char header[64];
    const int length = snprintf(header, sizeof header, "P%c\n%" PRIu32 " %" PRIu32 "\n%u\n",
                                convert_is_grey(image) ? '5' : '6', image->width, image->height,
                                (1u << convert_bit_depth(image)) - 1);
    return output_write(out, header, (size_t)length);
}

static exit_code pam_begin(const ghm_image *image, const write_settings *settings, output *out, void **state)
{
    *state = NULL;
    static const char *const types[] = { "", "GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA" };
    const ghm_components components = ghm_image_components(image);
    (void)settings;
    char header[160];
    const int length = snprintf(header, sizeof header,
                                "P7\nWIDTH %" PRIu32 "\nHEIGHT %" PRIu32 "\nDEPTH %d\nMAXVAL %u\nTUPLTYPE %s\nENDHDR\n",
                                image->width, image->height, (int)components, (1u << convert_bit_depth(image)) - 1,
                                types[components]);
    return output_write(out, header, (size_t)length);
}

static exit_code end(void *state, bool complete, output *out)
{
    (void)state, (void)complete, (void)out;
    return EXIT_OK;
}

static const row_writer ppm_rows = { ppm_begin, write_rows, end }, pam_rows = { pam_begin, write_rows, end };

const writer ppm_writer = { "ppm", { ".ppm", ".pgm", ".pnm", NULL }, false, 16, holds_nothing, NULL, &ppm_rows };
const writer pam_writer = { "pam", { ".pam", NULL }, true, 16, holds_nothing, NULL, &pam_rows };
