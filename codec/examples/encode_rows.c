/* A PPM from standard input to a stream on standard output, row by row, in memory that does not grow with the height of the
 * picture. usage: encode_rows [quality] < picture.ppm > picture.ghm */
#include <gingham/gingham.h>

#include <stdio.h>
#include <stdlib.h>

static int write_bytes(void *user, const uint8_t *data, size_t size)
{
    return fwrite(data, 1, size, (FILE *)user) != size;
}

static int show_progress(void *user, double done)
{
    (void)user;
    fprintf(stderr, "%3d %%\n", (int)(100 * done));
    return 0; /* anything else would cancel */
}

static ghm_status encode(const ghm_model *model, const ghm_encode_settings *settings, unsigned width, unsigned height,
                         ghm_diagnostics *why)
{
    uint8_t *row = (uint8_t *)malloc(3 * (size_t)width);
    ghm_image rows = { 0 };
    ghm_encoder *encoder = NULL;
    ghm_status status;
    unsigned y;

    rows.width = width;
    rows.height = height; /* of the picture, when the encoder is opened */
    rows.planes[0] = row;
    rows.planes[1] = row + 1;
    rows.planes[2] = row + 2;
    rows.row_stride = 3 * (size_t)width;
    rows.pixel_stride = 3;
    status = row ? ghm_encoder_open(model, settings, &rows, write_bytes, stdout, &encoder, why) : GHM_ERR_MEMORY;
    rows.height = 1; /* of what is pushed at a time */
    for (y = 0; y < height && status == GHM_OK; y++)
        if (fread(row, 3, width, stdin) == width)
            status = ghm_encoder_push(encoder, &rows);
    if (status == GHM_OK) /* refuses when rows were missing */
        status = ghm_encoder_finish(encoder);
    if (encoder && status != GHM_OK)
        *why = *ghm_encoder_diagnostics(encoder);
    ghm_encoder_close(&encoder);
    free(row);
    return status;
}

int main(int argc, char **argv)
{
    ghm_model *model = NULL;
    ghm_encode_settings settings;
    ghm_diagnostics why = { { 0 } };
    unsigned width, height;
    ghm_status status;

    if (scanf("P6 %u %u 255%*c", &width, &height) != 2) {
        fprintf(stderr, "not a binary PPM of 8 bits without comments\n");
        return 1;
    }
    ghm_encode_settings_default(&settings);
    if (argc > 1)
        settings.quality = atof(argv[1]);
    settings.progress = show_progress;
    status = ghm_model_open_default(GHM_BACKEND_AUTO, &model, &why);
    if (status == GHM_OK)
        status = encode(model, &settings, width, height, &why);
    if (status != GHM_OK)
        fprintf(stderr, "%s: %s\n", ghm_status_string(status), why.text);
    ghm_model_close(&model);
    return status != GHM_OK || fflush(stdout) != 0;
}
