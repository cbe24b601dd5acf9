/* Any picture, encoded and decoded: the stream is whole, says what went in, does not depend on backend and threads, and
 * decodes to what the encoder saw (the picture hash is the encoder's) on every backend. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { MAX_WIDTH = 48, MAX_HEIGHT = 80 };

/* Samples from the input, repeated to fill the picture; with noise where the input asks for it. */
static void fill(uint8_t *samples, size_t n, const fuzz_input *in, unsigned noise)
{
    const size_t n_given = (size_t)(in->end - in->p);
    uint32_t random = 1;
    for (size_t i = 0; i < n; i++) {
        random = random * 1664525u + 1013904223u;
        samples[i] = (uint8_t)((n_given ? in->p[i % n_given] : 128) + (random >> 24) % (noise + 1));
    }
}

static ghm_buffer encode(const ghm_image *image, double quality, bool hash, ghm_backend backend, int threads)
{
    ghm_encode_settings settings;
    ghm_buffer stream = { 0 };
    ghm_encode_settings_default(&settings);
    settings.quality = quality;
    settings.threads = threads;
    settings.picture_hash = hash;
    FUZZ_CHECK(ghm_encode_image(fuzz_model(backend), &settings, image, &stream, NULL) == GHM_OK);
    return stream;
}

static void check_decode(ghm_buffer stream, const ghm_image *image, ghm_backend backend, int threads)
{
    ghm_decode_settings settings;
    ghm_stream_info info;
    ghm_image out = { 0 };
    FUZZ_CHECK(ghm_stream_get_info(stream.data, stream.size, &info, NULL) == GHM_OK && info.complete);
    ghm_decode_settings_default(&settings);
    settings.threads = threads;
    FUZZ_CHECK(ghm_decode_image(fuzz_model(backend), &settings, stream.data, stream.size, &out, NULL) == GHM_OK);
    FUZZ_CHECK(out.width == image->width && out.height == image->height);
    ghm_image_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = { data, data + size };
    const size_t width = fuzz_range(&in, 1, MAX_WIDTH), height = fuzz_range(&in, 1, MAX_HEIGHT);
    const double quality = fuzz_u16(&in) * (100.0 / 65535);
    const unsigned choice = fuzz_u8(&in), noise = fuzz_u8(&in);
    const ghm_backend backend = (ghm_backend)(choice % 5);
    const int threads = 1 + (int)(choice / 5 % 3);
    const bool planar = choice / 15 % 2;
    uint8_t *samples = malloc(3 * width * height);
    FUZZ_CHECK(samples);
    fill(samples, 3 * width * height, &in, noise);
    const size_t component = planar ? width * height : 1, pixel = planar ? 1 : 3;
    const ghm_image image = { (uint32_t)width, (uint32_t)height,
                              { samples, samples + component, samples + 2 * component }, width * pixel, pixel, NULL };

    ghm_buffer stream = encode(&image, quality, true, backend, threads);
    check_decode(stream, &image, GHM_BACKEND_C, 1);
    check_decode(stream, &image, backend, threads);
    ghm_buffer again = encode(&image, quality, choice / 30 % 2, GHM_BACKEND_C, 1);
    if (choice / 30 % 2)
        FUZZ_CHECK(again.size == stream.size && memcmp(again.data, stream.data, stream.size) == 0);
    ghm_buffer_free(&again);
    ghm_buffer_free(&stream);
    free(samples);
    return 0;
}
