/* How far the coded bands are from the ideal code length of the model's tables: at most 0.1 % over all pictures given
 * (PNG files) and qualities, and a few bytes for each band on top of nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "latent_codec.h"
#include "models/analysis.h"

static const double limit_percent = 0.1;

static int read_png(const char *path, ghm_image *image)
{
    png_image png = { .version = PNG_IMAGE_VERSION };
    if (!png_image_begin_read_from_file(&png, path))
        return 0;
    png.format = PNG_FORMAT_RGB;
    if (ghm_image_alloc(png.width, png.height, image, NULL) != GHM_OK)
        return 0;
    return png_image_finish_read(&png, NULL, image->owned, (png_int_32)image->row_stride, NULL) != 0;
}

/* The whole picture as one band. */
static int measure(const ghm_model *model, const ghm_image *image, double user_quality, double *spent, double *ideal)
{
    const size_t h = (image->height + 15) / 16, w = (image->width + 15) / 16;
    arena memory = { 0 };
    quality_tables quality;
    latent_codec lc;
    analysis ga;
    bytes_writer out = { 0 };

    if (quality_tables_init(&quality, model, quality_from_user(model, user_quality), &memory, NULL) != GHM_OK ||
        latent_codec_init(&lc, model, &quality, h, w, true, NULL, NULL) != GHM_OK)
        return 0;
    int16_t *y = arena_alloc(&memory, h * w * model->m, sizeof *y);
    int16_t *y_hat = arena_alloc(&memory, h * w * model->m, sizeof *y_hat);
    analysis_init(&ga, model, quality.ga_in_multiplier, image, 0, w, &memory);
    if (memory.failed_bytes)
        return 0;
    analysis_run(&ga, 0, h, y);
    lc.ideal_bits = ideal;
    const int ok = latent_codec_encode(&lc, &(latent_source){ .y = y }, h, y_hat, &out, NULL) == GHM_OK;
    *spent += 8.0 * (double)out.size;
    free(out.data);
    latent_codec_free(&lc);
    arena_free(&memory);
    return ok;
}

int main(int argc, char **argv)
{
    ghm_model *model;
    double all_spent = 0, all_ideal = 0;
    if (argc < 2 || ghm_model_open_default(GHM_BACKEND_AUTO, &model, NULL) != GHM_OK) {
        fprintf(stderr, "usage: test_entropy_loss PICTURE.png...\n");
        return 2;
    }
    for (double q = 0; q <= 100; q += 25) {
        double spent = 0, ideal = 0;
        for (int i = 1; i < argc; i++) {
            ghm_image image;
            if (!read_png(argv[i], &image) || !measure(model, &image, q, &spent, &ideal)) {
                fprintf(stderr, "cannot encode %s\n", argv[i]);
                return 1;
            }
            ghm_image_free(&image);
        }
        printf("quality %3g, %d pictures: ideal %.0f bytes, spent %.0f, loss %.4f %%\n", q, argc - 1, ideal / 8, spent / 8,
               100 * (spent / ideal - 1));
        all_spent += spent;
        all_ideal += ideal;
    }
    const double loss = 100 * (all_spent / all_ideal - 1);
    printf("all: loss %.4f %%, limit %g %%\n", loss, limit_percent);
    ghm_model_close(&model);
    return loss <= limit_percent ? 0 : 1;
}
