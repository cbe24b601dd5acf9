/* A stream from standard input to a PPM (or PGM) on standard output, in memory that does not grow with the height of the
 * picture. usage: decode_rows [scale] < picture.ghm > picture.ppm */
#include <gingham/gingham.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct ppm {
    ghm_decoder *decoder;
    FILE *file;
} ppm;

/* Called with a few rows at a time. The first time the size of the result is known, for the header. */
static int write_rows(void *user, uint32_t first_row, const ghm_image *rows)
{
    ppm *out = (ppm *)user;
    const size_t row_bytes = rows->width * rows->pixel_stride;
    uint32_t y;
    if (first_row == 0) {
        ghm_image format;
        const ghm_components kind = ghm_image_components(rows);
        if ((kind != GHM_RGB && kind != GHM_GREY) || rows->bit_depth > 8) {
            fprintf(stderr, "this example writes 8-bit pictures without alpha only\n");
            return 1;
        }
        if (ghm_decoder_get_format(out->decoder, &format) != GHM_OK)
            return 1;
        fprintf(out->file, "P%d\n%lu %lu\n255\n", kind == GHM_RGB ? 6 : 5, (unsigned long)format.width,
                (unsigned long)format.height);
    }
    for (y = 0; y < rows->height; y++)
        if (fwrite(rows->planes[0] + y * rows->row_stride, 1, row_bytes, out->file) != row_bytes)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    ghm_model *model = NULL;
    ghm_decode_settings settings;
    ghm_diagnostics why = { { 0 } };
    ppm out = { NULL, stdout };
    static uint8_t bytes[65536];
    size_t n = fread(bytes, 1, sizeof bytes, stdin);
    ghm_stream_info info;
    ghm_status status = ghm_stream_get_info(bytes, n, &info, &why); /* the header has come with the first bytes */

    ghm_decode_settings_default(&settings);
    settings.max_pixels = UINT64_MAX; /* whatever the header says: memory grows with the width only */
    if (argc > 1)
        settings.scale = (unsigned)atoi(argv[1]);
    if (status == GHM_OK) /* the built-in weights that it names */
        status = ghm_model_open_by_id(info.model_id, GHM_BACKEND_AUTO, &model, &why);
    if (status == GHM_OK)
        status = ghm_decoder_open(model, &settings, write_rows, &out, &out.decoder, &why);
    if (status == GHM_OK) {
        for (; status == GHM_OK && n > 0; n = fread(bytes, 1, sizeof bytes, stdin))
            status = ghm_decoder_push(out.decoder, bytes, n);
        if (status == GHM_OK) /* only now is it known that the picture is whole and sound */
            status = ghm_decoder_finish(out.decoder);
        if (status != GHM_OK)
            why = *ghm_decoder_diagnostics(out.decoder);
    }
    if (status != GHM_OK)
        fprintf(stderr, "%s: %s\n", ghm_status_string(status), why.text);
    ghm_decoder_close(&out.decoder);
    ghm_model_close(&model);
    return status != GHM_OK || fflush(stdout) != 0;
}
