/* Any picture, encoded and decoded: the stream is whole, says what went in, does not depend on backend and threads, and
 * decodes to what the encoder saw (the picture hash is the encoder's) on every backend. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { MAX_WIDTH = 48, MAX_HEIGHT = 80 };

/* Samples from the input, repeated to fill the picture; with noise where the input asks for it. Bits above the depth are 0. */
static void fill(const ghm_image *image, const fuzz_input *in, unsigned noise)
{
    const size_t n_given = (size_t)(in->end - in->p), n = image->row_stride * image->height;
    uint8_t *samples = image->owned;
    uint32_t random = 1;
    for (size_t i = 0; i < n; i++) {
        random = random * 1664525u + 1013904223u;
        samples[i] = (uint8_t)((n_given ? in->p[i % n_given] : 128) + (random >> 24) % (noise + 1));
    }
    for (size_t i = 0; image->bit_depth > 8 && i + 1 < n; i += 2) {
        uint16_t v;
        memcpy(&v, samples + i, sizeof v);
        v = (uint16_t)(v >> (16 - image->bit_depth));
        memcpy(samples + i, &v, sizeof v);
    }
}

static ghm_buffer encode(const ghm_image *image, const ghm_metadata *metadata, double quality, int effort, ghm_backend backend, int threads)
{
    ghm_encode_settings settings;
    ghm_buffer stream = { 0 };
    ghm_encode_settings_default(&settings);
    settings.quality = quality;
    settings.effort = effort;
    settings.threads = threads;
    settings.metadata = metadata;
    FUZZ_CHECK(ghm_encode_image(fuzz_model(backend), &settings, image, &stream, NULL) == GHM_OK);
    return stream;
}

typedef struct written {
    uint8_t *data;
    size_t size;
} written;

static int append(void *user, const uint8_t *data, size_t size)
{
    written *to = user;
    to->data = realloc(to->data, to->size + size + 1);
    FUZZ_CHECK(to->data);
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return 0;
}

/* The same, some rows at a time. */
static ghm_buffer encode_in_pieces(const ghm_image *image, const ghm_metadata *metadata, double quality, int effort, uint32_t n_rows)
{
    ghm_encode_settings settings;
    ghm_encoder *encoder;
    written to = { NULL, 0 };
    ghm_encode_settings_default(&settings);
    settings.quality = quality;
    settings.effort = effort;
    settings.threads = 1;
    settings.metadata = metadata;
    FUZZ_CHECK(ghm_encoder_open(fuzz_model(GHM_BACKEND_C), &settings, image, append, &to, &encoder, NULL) == GHM_OK);
    for (uint32_t y = 0; y < image->height; y += n_rows) {
        ghm_image rows = *image;
        rows.height = image->height - y < n_rows ? image->height - y : n_rows;
        for (int c = 0; c < 4; c++)
            if (rows.planes[c])
                rows.planes[c] += y * image->row_stride;
        FUZZ_CHECK(ghm_encoder_push(encoder, &rows) == GHM_OK);
    }
    FUZZ_CHECK(ghm_encoder_finish(encoder) == GHM_OK);
    ghm_encoder_close(&encoder);
    return (ghm_buffer){ to.data, to.size };
}

/* Colours differ, alpha does not. */
static bool same_alpha(const ghm_image *a, const ghm_image *b)
{
    const size_t bytes = a->bit_depth > 8 ? 2 : 1;
    for (size_t y = 0; a->planes[3] && y < a->height; y++)
        for (size_t x = 0; x < a->width; x++)
            if (memcmp(a->planes[3] + y * a->row_stride + x * a->pixel_stride,
                       b->planes[3] + y * b->row_stride + x * b->pixel_stride, bytes) != 0)
                return false;
    return true;
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
    FUZZ_CHECK(out.width == image->width && out.height == image->height && out.bit_depth == image->bit_depth);
    FUZZ_CHECK(ghm_image_components(&out) == ghm_image_components(image) && same_alpha(&out, image));
    ghm_image_free(&out);
}

static void check_metadata(ghm_buffer stream, const ghm_metadata *given)
{
    ghm_metadata found = { 0 };
    FUZZ_CHECK(ghm_stream_get_metadata(stream.data, stream.size, &found, NULL) == GHM_OK);
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++) {
        const ghm_buffer *a = &given->kinds[kind], *b = &found.kinds[kind];
        FUZZ_CHECK(a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0));
    }
    ghm_metadata_free(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = { data, data + size };
    const uint32_t width = (uint32_t)fuzz_range(&in, 1, MAX_WIDTH), height = (uint32_t)fuzz_range(&in, 1, MAX_HEIGHT);
    const double quality = fuzz_u16(&in) * (100.0 / 65535);
    const unsigned choice = fuzz_u8(&in), noise = fuzz_u8(&in), kind = fuzz_u8(&in), metadata_kind = fuzz_u8(&in);
    const ghm_backend backend = (ghm_backend)(choice % 8);
    const int threads = 1 + (int)(choice / 8 % 3), effort = 1 + (int)(choice / 24 % 3);
    ghm_image image;
    FUZZ_CHECK(ghm_image_alloc_as(width, height, (ghm_components)(1 + kind % 4), 8 + kind / 4 % 9, &image, NULL) == GHM_OK);
    fill(&image, &in, noise);
    ghm_metadata metadata = { 0 };
    const size_t n_given = (size_t)(in.end - in.p);
    const bool is_fixed = metadata_kind == GHM_METADATA_CICP || metadata_kind == GHM_METADATA_GAMMA; /* of 4 bytes, or 36 */
    if (metadata_kind < GHM_N_METADATA_KINDS && n_given >= (is_fixed ? 4 : 1))
        metadata.kinds[metadata_kind] = (ghm_buffer){ (uint8_t *)(uintptr_t)in.p, is_fixed ? 4 : n_given }; /* read only */

    ghm_buffer stream = encode(&image, &metadata, quality, effort, backend, threads);
    check_decode(stream, &image, GHM_BACKEND_C, 1);
    check_decode(stream, &image, backend, threads);
    check_metadata(stream, &metadata);
    ghm_buffer again = encode_in_pieces(&image, &metadata, quality, effort, 1 + kind);
    FUZZ_CHECK(again.size == stream.size && memcmp(again.data, stream.data, stream.size) == 0);
    ghm_buffer_free(&again);
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
    return 0;
}
