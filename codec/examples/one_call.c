/* One picture, one call each way. Prints how many bytes it took and how far the result is from the original. */
#include <gingham/gingham.h>

#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 320, HEIGHT = 240 };

/* A view of our own samples: interleaved RGB. */
static ghm_image make_picture(uint8_t *samples)
{
    ghm_image picture = { 0 };
    int x, y;
    for (y = 0; y < HEIGHT; y++)
        for (x = 0; x < WIDTH; x++) {
            uint8_t *pixel = samples + 3 * (y * WIDTH + x);
            pixel[0] = (uint8_t)(x * 255 / WIDTH);
            pixel[1] = (uint8_t)(y * 255 / HEIGHT);
            pixel[2] = (uint8_t)((x / 40 + y / 40) % 2 * 160);
        }
    picture.width = WIDTH;
    picture.height = HEIGHT;
    picture.planes[0] = samples;
    picture.planes[1] = samples + 1;
    picture.planes[2] = samples + 2;
    picture.row_stride = 3 * WIDTH;
    picture.pixel_stride = 3;
    return picture;
}

static double mean_difference(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    int i;
    for (i = 0; i < 3 * WIDTH * HEIGHT; i++)
        sum += abs(a[i] - b[i]);
    return sum / (3 * WIDTH * HEIGHT);
}

int main(void)
{
    static uint8_t samples[3 * WIDTH * HEIGHT];
    const ghm_image picture = make_picture(samples);
    ghm_model *model = NULL;
    ghm_buffer stream = { 0 };
    ghm_image decoded = { 0 };
    ghm_diagnostics why = { { 0 } };
    int failed;

    if (ghm_abi_version() != GHM_ABI_VERSION) {
        fprintf(stderr, "the library has another ABI than its header\n");
        return 1;
    }
    failed = ghm_model_open_default(GHM_BACKEND_AUTO, &model, &why) != GHM_OK ||
             ghm_encode_image(model, NULL, &picture, &stream, &why) != GHM_OK ||
             ghm_decode_image(model, NULL, stream.data, stream.size, &decoded, &why) != GHM_OK;
    if (failed)
        fprintf(stderr, "%s\n", why.text);
    else
        printf("gingham %s: %u bytes, mean difference %.2f\n", ghm_version(), (unsigned)stream.size,
               mean_difference(samples, decoded.planes[0]));
    ghm_image_free(&decoded);
    ghm_buffer_free(&stream);
    ghm_model_close(&model);
    return failed;
}
