/* Direct blocks: what is told of them, every kind of picture, their steps, regions, heads and places that are not valid. That they come
 * back on every backend and thread count is tested with all else in round_trip, pieces and limits in stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "pictures.h"

enum { WIDTH = 120, HEIGHT = 700, LEAST_BLOCKS = 30 };

static ghm_model *model;

static int open_model(void **state)
{
    (void)state;
    return ghm_model_open_profile("fast", GHM_BACKEND_AUTO, &model, NULL) == GHM_OK ? 0 : -1;
}

static int close_model(void **state)
{
    (void)state;
    ghm_model_close(&model);
    return 0;
}

static ghm_buffer encode(const ghm_image *image, double quality)
{
    ghm_encode_settings settings;
    ghm_buffer out = { 0 };
    ghm_encode_settings_default(&settings);
    settings.quality = quality;
    assert_int_equal(ghm_encode_image(model, &settings, image, &out, NULL), GHM_OK);
    return out;
}

static unsigned get_sample(const ghm_image *image, int c, uint32_t x, uint32_t y)
{
    const uint8_t *p = image->planes[c] + y * image->row_stride + x * image->pixel_stride;
    return image->bit_depth > 8 ? *(const uint16_t *)(const void *)p : *p;
}

/* The picture of 8-bit RGB in another kind; alpha is a ramp. */
static ghm_image convert(const ghm_image *rgb, ghm_components components, unsigned depth)
{
    ghm_image to;
    assert_int_equal(ghm_image_alloc_as(rgb->width, rgb->height, components, depth, &to, NULL), GHM_OK);
    for (int c = 0; c < 4; c++)
        for (uint32_t i = 0; to.planes[c] && i < rgb->width * rgb->height; i++) {
            const uint32_t x = i % rgb->width, y = i / rgb->width;
            const unsigned v = (c < 3 ? get_sample(rgb, c, x, y) : x & 255) * ((1u << depth) - 1) / 255;
            uint8_t *p = to.planes[c] + y * to.row_stride + x * to.pixel_stride;
            if (depth > 8)
                *(uint16_t *)(void *)p = (uint16_t)v;
            else
                *p = (uint8_t)v;
        }
    return to;
}

/* The largest error of the colours, in 8-bit units, of the blocks of text in a picture of PICTURE_SCREEN. */
static double text_error(const ghm_image *a, const ghm_image *b)
{
    const double unit = 255.0 / ((1u << a->bit_depth) - 1);
    double most = 0;
    for (uint32_t y = 0; y < a->height; y++)
        for (uint32_t x = 0; x < a->width; x++)
            for (int c = 0; c < 3 && a->planes[c] && (x / 48 + 2 * (y / 40)) % 5 == 1; c++) {
                const double d = abs((int)get_sample(a, c, x, y) - (int)get_sample(b, c, x, y)) * unit;
                most = d > most ? d : most;
            }
    return most;
}

static void check_region(ghm_buffer stream, const ghm_image *whole, ghm_region region)
{
    ghm_decode_settings settings;
    ghm_image part = { 0 };
    ghm_decode_settings_default(&settings);
    settings.region = region;
    assert_int_equal(ghm_decode_image(model, &settings, stream.data, stream.size, &part, NULL), GHM_OK);
    for (uint32_t y = 0; y < region.height; y++)
        assert_memory_equal(part.planes[0] + y * part.row_stride,
                            whole->planes[0] + (region.y + y) * whole->row_stride + region.x * whole->pixel_stride,
                            region.width * whole->pixel_stride);
    ghm_image_free(&part);
}

static void check_kind(const ghm_image *rgb, ghm_components components, unsigned depth)
{
    ghm_image image = convert(rgb, components, depth), out = { 0 };
    ghm_buffer stream = encode(&image, 100);
    ghm_stream_info info;
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size, &info, NULL), GHM_OK);
    assert_true(info.direct_blocks >= LEAST_BLOCKS && info.direct_bytes > info.direct_blocks / 2);
    assert_true(info.header_bytes < 100 && info.direct_bytes < stream.size);
    assert_int_equal(ghm_decode_image(model, NULL, stream.data, stream.size, &out, NULL), GHM_OK);
    print_message("%d components, %u bits: %zu direct blocks in %zu of %zu bytes, error %.1f\n", (int)components, depth,
                  info.direct_blocks, info.direct_bytes, stream.size, text_error(&image, &out));
    assert_true(text_error(&image, &out) < 25); /* a block or two of the border may be the networks' */
    check_region(stream, &out, (ghm_region){ 0, 0, 1, 1 });
    check_region(stream, &out, (ghm_region){ 37, 30, 61, 500 });
    check_region(stream, &out, (ghm_region){ WIDTH - 5, HEIGHT - 3, 5, 3 });
    check_region(stream, &out, (ghm_region){ 0, 383, WIDTH, 3 });
    ghm_buffer_free(&stream);
    ghm_image_free(&out);
    ghm_image_free(&image);
}

static void every_kind_of_picture(void **state)
{
    (void)state;
    ghm_image rgb = make_picture(PICTURE_SCREEN, WIDTH, HEIGHT, 3);
    for (int components = GHM_GREY; components <= GHM_RGBA; components++)
        for (unsigned depth = 8; depth <= 16; depth += 4)
            check_kind(&rgb, (ghm_components)components, depth);
    ghm_image_free(&rgb);
}

static void photographs_cost_nothing(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_SCENE, WIDTH, HEIGHT, 3);
    ghm_buffer stream = encode(&image, 10);
    ghm_stream_info info;
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size, &info, NULL), GHM_OK);
    assert_int_equal(info.direct_blocks, 0);
    assert_int_equal(info.direct_bytes, 0);
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

/* Strokes on paper of a shade that few steps reach. */
static void plain_backgrounds_keep_their_shade(void **state)
{
    (void)state;
    static const uint8_t shades[] = { 250, 243, 128, 37 };
    static const unsigned depths[] = { 8, 12, 16 };
    for (size_t i = 0; i < sizeof shades * 3; i++) {
        ghm_image rgb = make_picture(PICTURE_LINES, 160, 160, 1), back = { 0 };
        for (uint32_t at = 0; at < 160 * 160; at++)
            for (int c = 0; c < 3; c++) {
                uint8_t *p = rgb.planes[c] + at / 160 * rgb.row_stride + at % 160 * rgb.pixel_stride;
                *p = *p == 255 ? shades[i / 3] : *p;
            }
        ghm_image picture = convert(&rgb, GHM_RGB, depths[i % 3]);
        ghm_buffer stream = encode(&picture, 90);
        assert_int_equal(ghm_decode_image(model, NULL, stream.data, stream.size, &back, NULL), GHM_OK);
        const unsigned paper = shades[i / 3] * ((1u << depths[i % 3]) - 1) / 255, tolerance = ((1u << depths[i % 3]) - 1) / 255;
        size_t n_paper = 0, n_wrong = 0;
        for (uint32_t y = 0; y < 160; y++)
            for (uint32_t x = 0; x < 160; x++)
                if (get_sample(&picture, 1, x, y) == paper) {
                    n_paper++;
                    n_wrong += (unsigned)abs((int)get_sample(&back, 1, x, y) - (int)paper) > tolerance;
                }
        assert_true(n_paper > 160 * 160 / 4);
        assert_true(n_wrong * 20 < n_paper);
        ghm_buffer_free(&stream);
        ghm_image_free(&back);
        ghm_image_free(&picture);
        ghm_image_free(&rgb);
    }
}

/* Noise of one colour costs a third of what noise of three does: enough of its blocks are coded directly for 38 dB. */
static void noise_without_colour_is_coded_directly(void **state)
{
    (void)state;
    ghm_image noise = make_picture(PICTURE_NOISE, 160, 160, 1), back = { 0 };
    for (uint32_t at = 0; at < 160 * 160; at++) {
        uint8_t *p = noise.planes[0] + at / 160 * noise.row_stride + at % 160 * noise.pixel_stride;
        p[0] = p[1] = p[2] = (uint8_t)(64 + p[0] / 2);
    }
    ghm_buffer stream = encode(&noise, 100);
    assert_int_equal(ghm_decode_image(model, NULL, stream.data, stream.size, &back, NULL), GHM_OK);
    assert_true(picture_psnr(&noise, &back) > 38);
    ghm_buffer_free(&stream);
    ghm_image_free(&back);
    ghm_image_free(&noise);
}

/* ---------------------------------------------------------------------------------------------- not valid */

typedef struct chunk {
    size_t first, payload, last; /* offsets of its type, its payload and what follows it */
} chunk;

/* The first of a type in a stream that has it. */
static chunk find_chunk(ghm_buffer stream, char type)
{
    for (size_t at = 4; at < stream.size;) {
        size_t length = 0, p = at + 1;
        for (int shift = 0;; shift += 7) {
            length |= (size_t)(stream.data[p] & 0x7f) << shift;
            if (!(stream.data[p++] & 0x80))
                break;
        }
        if (stream.data[at] == type)
            return (chunk){ at, p, p + length + 4 };
        at = p + length + 4;
    }
    fail_msg("the stream has no chunk '%c'", type);
    return (chunk){ 0 };
}

static ghm_status status_of(ghm_buffer stream)
{
    ghm_image out = { 0 };
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_decode_image(model, NULL, stream.data, stream.size, &out, &diag);
    assert_true((status == GHM_OK) == (out.owned != NULL) && (status == GHM_OK) == (diag.text[0] == '\0'));
    ghm_image_free(&out);
    return status;
}

/* With the bytes at `offset` of the first direct chunk replaced. */
static ghm_status status_with_head(ghm_buffer stream, size_t offset, const void *bytes, size_t n)
{
    ghm_buffer copy = { malloc(stream.size), stream.size };
    const chunk direct = find_chunk(stream, 'D');
    const size_t end = direct.last - 4;
    assert_non_null(copy.data);
    memcpy(copy.data, stream.data, stream.size);
    memcpy(copy.data + direct.payload + offset, bytes, n);
    const uint32_t crc = (uint32_t)crc32(0, copy.data + direct.first, (uInt)(end - direct.first));
    for (size_t i = 0; i < 4; i++)
        copy.data[end + i] = (uint8_t)(crc >> (8 * i));
    const ghm_status status = status_of(copy);
    free(copy.data);
    return status;
}

static void wrong_heads_are_refused(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_TEXT, 64, 64, 3);
    ghm_buffer stream = encode(&image, 60);
    const size_t payload = find_chunk(stream, 'D').payload;
    assert_int_equal(status_with_head(stream, 0, stream.data + payload, 6), GHM_OK);
    assert_int_equal(status_with_head(stream, 0, "\x00\x00", 2), GHM_ERR_BITSTREAM);
    assert_int_equal(status_with_head(stream, 0, "\x02\x00", 2), GHM_ERR_BITSTREAM);
    assert_int_equal(status_with_head(stream, 0, "\x01\x01", 2), GHM_ERR_BITSTREAM);
    assert_int_equal(status_with_head(stream, 2, "\x00\x00\x00\x00", 4), GHM_ERR_BITSTREAM);
    assert_int_equal(status_with_head(stream, 2, "\x11\x00\x00\x00", 4), GHM_ERR_BITSTREAM);
    assert_int_equal(status_with_head(stream, 2, "\xff\xff\xff\xff", 4), GHM_ERR_BITSTREAM);
    const uint8_t fewer = (uint8_t)(stream.data[payload + 2] - 1);
    assert_int_equal(status_with_head(stream, 2, &fewer, 1), GHM_ERR_BITSTREAM);
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

/* The stream with a copy of bytes first..last - 1 of it before byte `at`. */
static ghm_buffer with_copy(ghm_buffer stream, size_t first, size_t last, size_t at)
{
    ghm_buffer out = { malloc(stream.size + last - first), stream.size + last - first };
    assert_non_null(out.data);
    memcpy(out.data, stream.data, at);
    memcpy(out.data + at, stream.data + first, last - first);
    memcpy(out.data + at + last - first, stream.data + at, stream.size - at);
    return out;
}

static void wrong_places_are_refused(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_TEXT, 64, 64, 3);
    ghm_buffer stream = encode(&image, 60), copy;
    const chunk direct = find_chunk(stream, 'D');
    const size_t places[] = { direct.first, direct.last, find_chunk(stream, 'x').first, stream.size };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        copy = with_copy(stream, direct.first, direct.last, places[i]);
        assert_int_equal(status_of(copy), GHM_ERR_BITSTREAM);
        ghm_buffer_free(&copy);
    }
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

/* Only the bytes of the chunk, with right CRCs: an error, or the intact picture where they do not matter. */
static void damage_is_noticed(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_SCREEN, 100, 100, 3);
    ghm_buffer stream = encode(&image, 80);
    const chunk direct = find_chunk(stream, 'D');
    uint32_t seed = 5;
    for (int i = 0; i < 500; i++) {
        seed = seed * 1664525u + 1013904223u;
        const size_t at = (seed >> 8) % (direct.last - 4 - direct.payload);
        const uint8_t byte = (uint8_t)(stream.data[direct.payload + at] ^ (1 + (seed >> 3) % 255));
        const ghm_status status = status_with_head(stream, at, &byte, 1);
        assert_true(status == GHM_OK || status == GHM_ERR_BITSTREAM || status == GHM_ERR_CHECKSUM);
    }
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_picture),
        cmocka_unit_test(photographs_cost_nothing),
        cmocka_unit_test(plain_backgrounds_keep_their_shade),
        cmocka_unit_test(noise_without_colour_is_coded_directly),
        cmocka_unit_test(wrong_heads_are_refused),
        cmocka_unit_test(wrong_places_are_refused),
        cmocka_unit_test(damage_is_noticed),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
