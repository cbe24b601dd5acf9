/* Grey, alpha and depths beyond 8 bits, and metadata, through the public interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec_test.h"
#include "pictures.h"
#include "streams.h"

/* ---------------------------------------------------------------------------------------------- pictures */

typedef enum alpha_kind { OPAQUE, CLEAR, RAMP, DISC, NOISE, N_ALPHA_KINDS } alpha_kind;

static unsigned alpha_of(alpha_kind kind, uint32_t x, uint32_t y, unsigned max, uint32_t *state)
{
    const int dx = (int)x - 60, dy = (int)y - 50, d = dx * dx + dy * dy;
    *state = *state * 1664525u + 1013904223u;
    switch (kind) {
    case CLEAR: return 0;
    case RAMP: return max * (x + y) / 1600;
    case DISC: return d < 1600 ? max : d > 1700 ? 0 : max * (unsigned)(1700 - d) / 100;
    case NOISE: return (*state >> 8) & max;
    default: return max;
    }
}

/* Ramps of colour, so that a codec cannot fail for difficulty. */
static ghm_image make(ghm_components components, unsigned depth, uint32_t width, uint32_t height, alpha_kind kind)
{
    ghm_image image;
    uint32_t state = 1;
    assert_int_equal(ghm_image_alloc_as(width, height, components, depth, &image, NULL), GHM_OK);
    assert_int_equal(ghm_image_components(&image), components);
    const unsigned max = picture_max(&image);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            for (int c = 0; c < 4; c++)
                if (image.planes[c])
                    set_picture_sample(&image, c, x, y, c == 3 ? alpha_of(kind, x, y, max, &state)
                                                : max / 8 + (unsigned)((uint64_t)max * (x + 2 * y + 40 * (unsigned)c) / 4000));
    return image;
}

static ghm_buffer encode(const ghm_image *image, const ghm_metadata *metadata, int threads)
{
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    settings.quality = 90;
    settings.threads = threads;
    settings.metadata = metadata;
    return encode_with(image, &settings);
}

static ghm_buffer encode_alpha(const ghm_image *image, double alpha_quality)
{
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    settings.alpha_quality = alpha_quality;
    return encode_with(image, &settings);
}

static ghm_image decode(ghm_buffer stream, int threads)
{
    ghm_decode_settings settings;
    ghm_decode_settings_default(&settings);
    settings.threads = threads;
    return decode_with(stream, &settings, GHM_OK);
}

/* Largest difference of component c, in units of 1/255 of the range. */
static double distance(const ghm_image *a, const ghm_image *b, int c)
{
    double most = 0;
    for (uint32_t y = 0; y < a->height; y++)
        for (uint32_t x = 0; x < a->width; x++) {
            const double d = (double)picture_sample(a, c, x, y) - (double)picture_sample(b, c, x, y);
            most = d > most ? d : -d > most ? -d : most;
        }
    return most * 255 / picture_max(a);
}

/* ---------------------------------------------------------------------------------------------- tests */

static void check_kind(ghm_components components, unsigned depth, alpha_kind kind, uint32_t width, uint32_t height)
{
    ghm_image image = make(components, depth, width, height, kind);
    ghm_buffer stream = encode(&image, NULL, 2);
    ghm_stream_info info;
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size, &info, NULL), GHM_OK);
    assert_int_equal(info.components, components);
    assert_int_equal(info.bit_depth, depth);
    for (int threads = 1; threads <= 3; threads += 2) {
        ghm_image out = decode(stream, threads);
        assert_int_equal(ghm_image_components(&out), components);
        assert_int_equal(out.bit_depth, depth);
        for (int c = 0; c < 3; c++)
            if (image.planes[c])
                assert_true(distance(&image, &out, c) < 8);
        if (image.planes[3])
            assert_true(distance(&image, &out, 3) == 0);
        ghm_image_free(&out);
    }
    if (image.planes[3])
        print_message("%d components, %u bits, alpha %d, %ux%u: alpha %zu bytes of %zu\n", (int)components, depth,
                      (int)kind, width, height, info.alpha_bytes, stream.size);
    if (kind == OPAQUE || kind == CLEAR)
        assert_true(info.alpha_bytes < 16 * info.n_bands);
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

static void every_kind_comes_back(void **state)
{
    (void)state;
    static const ghm_components kinds[] = { GHM_GREY, GHM_GREY_ALPHA, GHM_RGB, GHM_RGBA };
    static const unsigned depths[] = { 8, 9, 10, 12, 16 };
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 5; j++)
            check_kind(kinds[i], depths[j], DISC, 97, 83);
}

static void every_alpha_comes_back(void **state)
{
    (void)state;
    for (int kind = 0; kind < N_ALPHA_KINDS; kind++) {
        check_kind(GHM_RGBA, 8, (alpha_kind)kind, 130, 1100);
        check_kind(GHM_GREY_ALPHA, 16, (alpha_kind)kind, 33, 70);
        check_kind(GHM_RGBA, 8, (alpha_kind)kind, 1, 1);
        check_kind(GHM_RGBA, 10, (alpha_kind)kind, 3, 2);
    }
}

/* No sample is off by more than the bound, and none that is clear or opaque at all. */
static void assert_alpha_within(const ghm_image *image, const ghm_image *out, unsigned bound)
{
    const unsigned max = picture_max(image);
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++) {
            const unsigned a = picture_sample(image, 3, x, y), b = picture_sample(out, 3, x, y), error = a > b ? a - b : b - a;
            assert_true(error <= (a == 0 || a == max ? 0 : bound));
        }
}

static size_t check_lossy_alpha(const ghm_image *image, double alpha_quality)
{
    const unsigned bound = (unsigned)(picture_max(image) * (100 - alpha_quality) / 800);
    ghm_stream_info info;
    ghm_buffer stream = encode_alpha(image, alpha_quality);
    ghm_image out = decode(stream, 2); /* and its hash is right */
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size, &info, NULL), GHM_OK);
    assert_int_equal(info.alpha_error, bound);
    assert_alpha_within(image, &out, bound);
    ghm_image_free(&out);
    ghm_buffer_free(&stream);
    return info.alpha_bytes;
}

static void lossy_alpha_keeps_to_its_bound(void **state)
{
    (void)state;
    static const unsigned depths[] = { 8, 9, 12, 16 };
    static const double qualities[] = { 95, 80, 33.3, 0 };
    for (int kind = 0; kind < N_ALPHA_KINDS; kind++)
        for (size_t i = 0; i < 4; i++) {
            ghm_image image = make(i % 2 ? GHM_GREY_ALPHA : GHM_RGBA, depths[i], 97, 600, (alpha_kind)kind);
            size_t before = check_lossy_alpha(&image, 100);
            print_message("alpha %d, %u bits: %zu", kind, depths[i], before);
            for (size_t q = 0; q < 4; q++) {
                const size_t bytes = check_lossy_alpha(&image, qualities[q]);
                print_message(" %zu", bytes);
                assert_true(kind == NOISE ? bytes < before : bytes <= before + before / 8 + 8);
                before = bytes;
            }
            print_message("\n");
            ghm_image_free(&image);
        }
}

static void alpha_quality_100_is_as_without(void **state)
{
    (void)state;
    ghm_image image = make(GHM_RGBA, 8, 97, 83, DISC), opaque = make(GHM_RGB, 8, 97, 83, OPAQUE);
    ghm_buffer plain = encode_with(&image, NULL), whole = encode_alpha(&image, 100), nearly = encode_alpha(&image, 99);
    ghm_buffer without = encode_with(&opaque, NULL), lossy = encode_alpha(&opaque, 10), out = { 0 };
    ghm_encode_settings settings;
    assert_true(plain.size == whole.size && plain.size == nearly.size && without.size == lossy.size);
    assert_memory_equal(plain.data, whole.data, plain.size);
    assert_memory_equal(plain.data, nearly.data, plain.size);
    assert_memory_equal(without.data, lossy.data, without.size);
    ghm_encode_settings_default(&settings);
    for (settings.alpha_quality = -1; settings.alpha_quality < 200; settings.alpha_quality += 102)
        assert_int_equal(ghm_encode_image(model, &settings, &image, &out, NULL), GHM_ERR_ARGUMENT);
    ghm_buffer *const all[] = { &plain, &whole, &nearly, &without, &lossy };
    for (size_t i = 0; i < 5; i++)
        ghm_buffer_free(all[i]);
    ghm_image_free(&image);
    ghm_image_free(&opaque);
}

/* Samples of all values, so that differences of components take all of theirs. */
static void add_noise(ghm_image *image)
{
    uint32_t state = 7;
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = image->width / 2; x < image->width; x++)
            for (int c = 0; c < 4; c++)
                if (image->planes[c]) {
                    state = state * 1664525u + 1013904223u;
                    set_picture_sample(image, c, x, y, state >> 30 == 0 ? 0 : state >> 30 == 1 ? picture_max(image) : (state >> 8) & picture_max(image));
                }
}

static void check_lossless(ghm_components components, unsigned depth, uint32_t width, uint32_t height)
{
    ghm_image image = make(components, depth, width, height, DISC);
    ghm_encode_settings settings;
    ghm_stream_info info;
    add_noise(&image);
    ghm_encode_settings_default(&settings);
    settings.lossless = 1;
    settings.quality = 3;
    ghm_buffer stream = encode_with(&image, &settings);
    ghm_image out = decode(stream, 2);
    for (int c = 0; c < 4; c++)
        if (image.planes[c])
            assert_true(distance(&image, &out, c) == 0);
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size, &info, NULL), GHM_OK);
    assert_true(info.lossless);
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size - 1, &info, NULL), GHM_OK);
    assert_false(info.lossless);
    ghm_image_free(&out);
    ghm_image_free(&image);
    ghm_buffer_free(&stream);
}

static void lossless_keeps_every_sample(void **state)
{
    (void)state;
    static const ghm_components kinds[] = { GHM_GREY, GHM_GREY_ALPHA, GHM_RGB, GHM_RGBA };
    static const unsigned depths[] = { 8, 9, 12, 16 };
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            check_lossless(kinds[i], depths[j], 97, 83);
    check_lossless(GHM_RGB, 8, 1, 1);
    check_lossless(GHM_RGB, 8, 33, 1100);
}

static void lossless_needs_lossless_alpha(void **state)
{
    (void)state;
    ghm_image image = make(GHM_RGBA, 8, 20, 20, DISC);
    ghm_encode_settings settings;
    ghm_stream_info info;
    ghm_buffer out = { 0 };
    ghm_encode_settings_default(&settings);
    settings.lossless = 1;
    settings.alpha_quality = 99;
    assert_int_equal(ghm_encode_image(model, &settings, &image, &out, NULL), GHM_ERR_ARGUMENT);
    out = encode(&image, NULL, 1);
    assert_int_equal(ghm_stream_get_info(out.data, out.size, &info, NULL), GHM_OK);
    assert_false(info.lossless);
    ghm_buffer_free(&out);
    ghm_image_free(&image);
}

/* A smooth ramp of 16 bits keeps more than 8 bits of it: neighbours that 8 bits cannot tell apart stay apart. */
static void depth_is_more_than_padding(void **state)
{
    (void)state;
    ghm_image image = make(GHM_GREY, 16, 128, 64, OPAQUE);
    ghm_buffer stream = encode(&image, NULL, 1);
    ghm_image out = decode(stream, 1);
    size_t n_fine = 0;
    for (uint32_t y = 0; y < 64; y++)
        for (uint32_t x = 0; x < 128; x++)
            n_fine += picture_sample(&out, 0, x, y) % 257 != 0;
    assert_true(n_fine > 128 * 64 / 2);
    ghm_image_free(&out);
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

static int ignore_bytes(void *user, const uint8_t *data, size_t size)
{
    (void)user, (void)data, (void)size;
    return 0;
}

/* Planes of the caller's own making, and samples of more bits than are said. */
static void views_and_wrong_pictures(void **state)
{
    (void)state;
    enum { W = 20, H = 10 };
    uint8_t grey[W * H], alpha[W * H];
    uint16_t deep[W * H * 2];
    memset(grey, 100, sizeof grey);
    memset(alpha, 7, sizeof alpha);
    for (size_t i = 0; i < W * H * 2; i++)
        deep[i] = 2000;
    const ghm_image planar = { .width = W, .height = H, .planes = { grey, NULL, NULL, alpha }, .row_stride = W,
                               .pixel_stride = 1 };
    ghm_buffer stream = encode(&planar, NULL, 1);
    ghm_image out = decode(stream, 1);
    assert_int_equal(ghm_image_components(&out), GHM_GREY_ALPHA);
    assert_int_equal(picture_sample(&out, 3, 19, 9), 7);
    ghm_image_free(&out);
    ghm_buffer_free(&stream);

    ghm_image wrong = { .width = W, .height = H, .planes = { (uint8_t *)deep, NULL, NULL, (uint8_t *)(deep + 1) },
                        .row_stride = 4 * W, .pixel_stride = 4, .bit_depth = 10 };
    ghm_diagnostics diag = { "" };
    assert_int_equal(ghm_encode_image(model, NULL, &wrong, &stream, &diag), GHM_ERR_ARGUMENT);
    assert_non_null(strstr(diag.text, "10 bits"));
    wrong.planes[3] = NULL; /* colour is looked at as alpha is, in a whole picture and in rows of one */
    assert_int_equal(ghm_encode_image(model, NULL, &wrong, &stream, &diag), GHM_ERR_ARGUMENT);
    ghm_encoder *encoder;
    assert_int_equal(ghm_encoder_open(model, NULL, &wrong, ignore_bytes, NULL, &encoder, NULL), GHM_OK);
    assert_int_equal(ghm_encoder_push(encoder, &wrong), GHM_ERR_ARGUMENT);
    assert_non_null(strstr(ghm_encoder_diagnostics(encoder)->text, "10 bits"));
    ghm_encoder_close(&encoder);
    wrong.planes[3] = (uint8_t *)(deep + 1);
    wrong.bit_depth = 17;
    assert_int_equal(ghm_encode_image(model, NULL, &wrong, &stream, NULL), GHM_ERR_ARGUMENT);
    wrong.bit_depth = 16;
    wrong.planes[1] = (uint8_t *)deep;
    assert_int_equal(ghm_encode_image(model, NULL, &wrong, &stream, NULL), GHM_ERR_ARGUMENT);
    assert_null(stream.data);
    assert_int_equal(ghm_image_alloc_as(1, 1, (ghm_components)5, 8, &out, NULL), GHM_ERR_ARGUMENT);
    assert_int_equal(ghm_image_alloc_as(1, 1, GHM_RGB, 7, &out, NULL), GHM_ERR_ARGUMENT);
}

/* ---------------------------------------------------------------------------------------------- metadata */

static ghm_buffer bytes(size_t size, unsigned step)
{
    ghm_buffer b = { malloc(size), size };
    assert_non_null(b.data);
    for (size_t i = 0; i < size; i++)
        b.data[i] = (uint8_t)(step ? i / step : (i * 2654435761u) >> 13);
    return b;
}

static void metadata_comes_back(void **state)
{
    (void)state;
    ghm_image image = make(GHM_RGB, 8, 20, 20, OPAQUE);
    ghm_metadata metadata = { { bytes(3144, 9), bytes(70000, 0), bytes(1, 1), bytes(200000, 1000), bytes(4, 0), bytes(36, 0) } };
    ghm_metadata found = { 0 };
    ghm_stream_info info;
    ghm_buffer plain = encode(&image, NULL, 1), stream = encode(&image, &metadata, 1);
    assert_int_equal(ghm_stream_get_metadata(stream.data, stream.size, &found, NULL), GHM_OK);
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size, &info, NULL), GHM_OK);
    for (int kind = 0; kind < GHM_N_METADATA_KINDS; kind++) {
        assert_int_equal(found.kinds[kind].size, metadata.kinds[kind].size);
        assert_memory_equal(found.kinds[kind].data, metadata.kinds[kind].data, found.kinds[kind].size);
        assert_true(info.metadata_bytes[kind] > 0 && info.metadata_bytes[kind] <= found.kinds[kind].size + 1);
    }
    assert_true(info.metadata_bytes[GHM_METADATA_IPTC] < 2000);
    ghm_image a = decode(plain, 1), b = decode(stream, 1);
    assert_memory_equal(a.planes[0], b.planes[0], 20 * 20 * 3);
    ghm_image_free(&a);
    ghm_image_free(&b);
    ghm_metadata_free(&found);
    assert_null(found.kinds[0].data);

    assert_int_equal(ghm_stream_get_metadata(plain.data, plain.size, &found, NULL), GHM_OK);
    for (int kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        assert_null(found.kinds[kind].data);
    assert_int_equal(ghm_stream_get_metadata(stream.data, stream.size - 30, &found, NULL), GHM_OK);
    assert_int_equal(found.kinds[GHM_METADATA_EXIF].size, 70000);
    ghm_metadata_free(&found);
    ghm_metadata_free(&metadata);
    ghm_buffer_free(&plain);
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

static void lying_metadata_is_refused(void **state)
{
    (void)state;
    static const struct { uint8_t size, payload[20]; } lies[] = {
        { 0, { 0 } },                                      /* no method */
        { 1, { 0 } },                                      /* nothing stored */
        { 3, { 2, 1, 1 } },                                /* an unknown method */
        { 1, { 1 } },                                      /* no size */
        { 2, { 1, 0 } },                                   /* a size of 0 */
        { 12, { 1, 0xff, 0xff, 0xff, 0x1f, 0x78, 0x9c } }, /* 64 MiB out of 7 bytes */
        { 7, { 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0 } },     /* 4 GiB */
        { 10, { 1, 5, 0x78, 0x9c, 0x4b, 0x04, 0x00, 0x00, 0x62, 0x00 } }, /* "a", not 5 bytes, and cut short */
        { 8, { 1, 5, 1, 2, 3, 4, 5, 6 } },                 /* not zlib */
    };
    ghm_image image = make(GHM_RGB, 8, 20, 20, OPAQUE);
    ghm_buffer stream = encode(&image, NULL, 1);
    const size_t behind = find_chunk(stream, 'H').last;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        ghm_buffer lie = insert_chunk(stream, behind, 'i', lies[i].payload, lies[i].size);
        ghm_metadata found = { 0 };
        ghm_diagnostics diag = { "" };
        assert_int_equal(ghm_stream_get_metadata(lie.data, lie.size, &found, &diag), GHM_ERR_BITSTREAM);
        assert_non_null(strstr(diag.text, "ICC"));
        assert_null(found.kinds[0].data);
        ghm_image out = decode(lie, 1); /* the picture is sound */
        ghm_image_free(&out);
        ghm_buffer_free(&lie);
    }
    const uint8_t stored[] = { 0, 'a' };
    ghm_buffer once = insert_chunk(stream, behind, 'e', stored, 2), twice = insert_chunk(once, behind, 'e', stored, 2);
    ghm_metadata found = { 0 };
    assert_int_equal(ghm_stream_get_metadata(once.data, once.size, &found, NULL), GHM_OK);
    ghm_metadata_free(&found);
    assert_int_equal(ghm_stream_get_metadata(twice.data, twice.size, &found, NULL), GHM_ERR_BITSTREAM);
    ghm_buffer_free(&once);
    ghm_buffer_free(&twice);
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

/* Every byte of the alpha changed, with the right CRC: refused by the alpha's decoder or by the hash. (The last byte may have
 * values to choose from; then the picture is the same, by its hash.) */
static void check_damaged_alpha(const ghm_image *image, double alpha_quality, char type)
{
    ghm_image out = { 0 };
    ghm_buffer stream = encode_alpha(image, alpha_quality);
    size_t n_by_alpha = 0;
    const test_chunk chunk = find_chunk(stream, type);
    const size_t size = chunk.crc - chunk.payload;
    for (size_t i = 0; i < size; i++) {
        stream.data[chunk.payload + i] ^= (uint8_t)(1 + i % 255);
        seal_chunk(stream.data, &chunk);
        const ghm_status status = ghm_decode_image(model, NULL, stream.data, stream.size, &out, NULL);
        assert_true(status == GHM_ERR_CHECKSUM || status == GHM_ERR_BITSTREAM || (status == GHM_OK && i + 1 == size));
        assert_true((out.owned != NULL) == (status == GHM_OK));
        ghm_image_free(&out);
        n_by_alpha += status == GHM_ERR_BITSTREAM;
        stream.data[chunk.payload + i] ^= (uint8_t)(1 + i % 255);
    }
    print_message("%u bits: %zu of %zu were noticed by the alpha itself\n", image->bit_depth, n_by_alpha, size);
    assert_true(n_by_alpha > 0);
    ghm_buffer_free(&stream);
}

static void damaged_alpha_is_noticed(void **state)
{
    (void)state;
    for (unsigned depth = 8; depth <= 16; depth += 8) {
        ghm_image image = make(GHM_GREY_ALPHA, depth, 97, 83, DISC);
        check_damaged_alpha(&image, 100, 'A');
        check_damaged_alpha(&image, 90, 'L');
        ghm_image_free(&image);
    }
}

/* Steps that are even, 1, or above max, and a payload that ends in its head. */
static void wrong_steps_of_alpha_are_refused(void **state)
{
    (void)state;
    static const unsigned steps[] = { 0, 1, 4, 257, 65535 };
    ghm_image image = make(GHM_GREY_ALPHA, 8, 97, 83, DISC), out;
    ghm_buffer stream = encode_alpha(&image, 90);
    const test_chunk chunk = find_chunk(stream, 'L');
    for (size_t i = 0; i < 5; i++) {
        stream.data[chunk.payload] = (uint8_t)steps[i];
        stream.data[chunk.payload + 1] = (uint8_t)(steps[i] >> 8);
        seal_chunk(stream.data, &chunk);
        assert_int_equal(ghm_decode_image(model, NULL, stream.data, stream.size, &out, NULL), GHM_ERR_BITSTREAM);
    }
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

static void too_much_metadata_is_refused(void **state)
{
    (void)state;
    ghm_image image = make(GHM_RGB, 8, 8, 8, OPAQUE);
    uint8_t byte = 0;
    ghm_metadata metadata = { { { &byte, GHM_MAX_METADATA_BYTES + 1u } } };
    ghm_encode_settings settings;
    ghm_buffer out = { 0 };
    ghm_encode_settings_default(&settings);
    settings.metadata = &metadata;
    assert_int_equal(ghm_encode_image(model, &settings, &image, &out, NULL), GHM_ERR_ARGUMENT);
    ghm_image_free(&image);
}

static void metadata_of_fixed_size_have_it(void **state)
{
    (void)state;
    ghm_image image = make(GHM_RGB, 8, 8, 8, OPAQUE);
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    for (size_t size = 1; size < 40; size++)
        for (int kind = GHM_METADATA_CICP; kind <= GHM_METADATA_GAMMA; kind++) {
            uint8_t block[40] = { 0 };
            ghm_metadata metadata = { 0 };
            ghm_buffer out = { 0 };
            metadata.kinds[kind] = (ghm_buffer){ block, size };
            settings.metadata = &metadata;
            const bool right = size == 4 || (kind == GHM_METADATA_GAMMA && size == 36);
            assert_int_equal(ghm_encode_image(model, &settings, &image, &out, NULL), right ? GHM_OK : GHM_ERR_ARGUMENT);
            ghm_buffer_free(&out);
        }
    ghm_image_free(&image);
}

/* Every cut and every changed byte of a small Exif block; copies are of exact size, for sanitizers. */
static void exif_of_any_bytes_is_safe(void **state)
{
    (void)state;
    static const uint8_t little[] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0 };
    static const uint8_t big[] = { 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0 };
    assert_int_equal(ghm_exif_orientation(little, sizeof little), 6);
    assert_int_equal(ghm_exif_orientation(big, sizeof big), 8);
    assert_int_equal(ghm_exif_orientation(NULL, 0), 0);
    for (size_t size = 1; size < sizeof little; size++) {
        uint8_t *copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, little, size);
        assert_int_equal(ghm_exif_orientation(copy, size), 0);
        free(copy);
    }
    for (size_t at = 0; at < sizeof big; at++)
        for (int v = 0; v < 256; v++) {
            uint8_t *copy = malloc(sizeof big);
            assert_non_null(copy);
            memcpy(copy, big, sizeof big);
            copy[at] = (uint8_t)v;
            assert_true(ghm_exif_orientation(copy, sizeof big) <= 8);
            free(copy);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back),
        cmocka_unit_test(every_alpha_comes_back),
        cmocka_unit_test(depth_is_more_than_padding),
        cmocka_unit_test(views_and_wrong_pictures),
        cmocka_unit_test(metadata_comes_back),
        cmocka_unit_test(lying_metadata_is_refused),
        cmocka_unit_test(damaged_alpha_is_noticed),
        cmocka_unit_test(wrong_steps_of_alpha_are_refused),
        cmocka_unit_test(lossy_alpha_keeps_to_its_bound),
        cmocka_unit_test(alpha_quality_100_is_as_without),
        cmocka_unit_test(lossless_keeps_every_sample),
        cmocka_unit_test(lossless_needs_lossless_alpha),
        cmocka_unit_test(too_much_metadata_is_refused),
        cmocka_unit_test(metadata_of_fixed_size_have_it),
        cmocka_unit_test(exif_of_any_bytes_is_safe),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
