/* Direct blocks: what is told of them, every kind of picture, their steps, regions, heads and places that are not valid. That they come
 * back on every backend and thread count is tested with all else in round_trip, pieces and limits in stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec_test.h"
#include "pictures.h"
#include "random.h"
#include "streams.h"

enum { WIDTH = 120, HEIGHT = 700, LEAST_BLOCKS = 30 };

/* The picture of 8-bit RGB in another kind; alpha is a ramp. */
static ghm_image convert(const ghm_image *rgb, ghm_components components, unsigned depth)
{
    ghm_image to;
    assert_int_equal(ghm_image_alloc_as(rgb->width, rgb->height, components, depth, &to, NULL), GHM_OK);
    for (int c = 0; c < 4; c++)
        for (uint32_t i = 0; to.planes[c] && i < rgb->width * rgb->height; i++) {
            const uint32_t x = i % rgb->width, y = i / rgb->width;
            const unsigned v = (c < 3 ? picture_sample(rgb, c, x, y) : x & 255) * picture_max(&to) / 255;
            set_picture_sample(&to, c, x, y, v);
        }
    return to;
}

/* In the blocks of text of a picture of PICTURE_SCREEN, the share of samples of colour that are off by more than `limit`, in 8-bit
 * units. */
static double text_off_by_more(const ghm_image *a, const ghm_image *b, double limit)
{
    const double unit = 255.0 / picture_max(a);
    size_t n = 0, n_off = 0;
    for (uint32_t y = 0; y < a->height; y++)
        for (uint32_t x = 0; x < a->width; x++)
            for (int c = 0; c < 3 && a->planes[c] && (x / 48 + 2 * (y / 40)) % 5 == 1; c++, n++)
                n_off += abs((int)picture_sample(a, c, x, y) - (int)picture_sample(b, c, x, y)) * unit > limit;
    return (double)n_off / (double)n;
}

static void check_region(ghm_buffer stream, const ghm_image *whole, ghm_region region)
{
    ghm_decode_settings settings;
    ghm_decode_settings_default(&settings);
    settings.region = region;
    ghm_image part = decode_with(stream, &settings, GHM_OK);
    for (uint32_t y = 0; y < region.height; y++)
        assert_memory_equal(part.planes[0] + y * part.row_stride,
                            whole->planes[0] + (region.y + y) * whole->row_stride + region.x * whole->pixel_stride,
                            region.width * whole->pixel_stride);
    ghm_image_free(&part);
}

static void check_kind(const ghm_image *rgb, ghm_components components, unsigned depth)
{
    ghm_image image = convert(rgb, components, depth);
    ghm_buffer stream = encode_at(&image, 100);
    ghm_stream_info info;
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size, &info, NULL), GHM_OK);
    assert_true(info.direct_blocks >= LEAST_BLOCKS && info.direct_bytes > info.direct_blocks / 2);
    assert_true(info.header_bytes < 100 && info.direct_bytes < stream.size);
    ghm_image out = decode_sound(stream);
    const double off = text_off_by_more(&image, &out, 8), far_off = text_off_by_more(&image, &out, 25);
    print_message("%d components, %u bits: %zu direct blocks in %zu of %zu bytes, %.2f %% of the text off by more than 8, %.3f %% by 25\n",
                  (int)components, depth, info.direct_blocks, info.direct_bytes, stream.size, 100 * off, 100 * far_off);
    assert_true(off < 0.01 && far_off < 0.001); /* blocks of the border may be the networks' */
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
    ghm_buffer stream = encode_at(&image, 10);
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
        ghm_image rgb = make_picture(PICTURE_LINES, 160, 160, 1);
        for (uint32_t at = 0; at < 160 * 160; at++)
            for (int c = 0; c < 3; c++) {
                uint8_t *p = rgb.planes[c] + at / 160 * rgb.row_stride + at % 160 * rgb.pixel_stride;
                *p = *p == 255 ? shades[i / 3] : *p;
            }
        ghm_image picture = convert(&rgb, GHM_RGB, depths[i % 3]);
        ghm_buffer stream = encode_at(&picture, 90);
        ghm_image back = decode_sound(stream);
        const unsigned paper = shades[i / 3] * picture_max(&picture) / 255, tolerance = picture_max(&picture) / 255;
        size_t n_paper = 0, n_wrong = 0;
        for (uint32_t y = 0; y < 160; y++)
            for (uint32_t x = 0; x < 160; x++)
                if (picture_sample(&picture, 1, x, y) == paper) {
                    n_paper++;
                    n_wrong += (unsigned)abs((int)picture_sample(&back, 1, x, y) - (int)paper) > tolerance;
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
    ghm_image noise = make_picture(PICTURE_NOISE, 160, 160, 1);
    for (uint32_t at = 0; at < 160 * 160; at++) {
        uint8_t *p = noise.planes[0] + at / 160 * noise.row_stride + at % 160 * noise.pixel_stride;
        p[0] = p[1] = p[2] = (uint8_t)(64 + p[0] / 2);
    }
    ghm_buffer stream = encode_at(&noise, 100);
    ghm_image back = decode_sound(stream);
    assert_true(picture_psnr(&noise, &back) > 38);
    ghm_buffer_free(&stream);
    ghm_image_free(&back);
    ghm_image_free(&noise);
}

/* ---------------------------------------------------------------------------------------------- not valid */

static ghm_status status_of(ghm_buffer stream)
{
    ghm_image out = { 0 };
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_decode_image(model, NULL, stream.data, stream.size, &out, &diag);
    assert_true((status == GHM_OK) == (out.owned != NULL) && (status == GHM_OK) == (diag.text[0] == '\0'));
    ghm_image_free(&out);
    return status;
}

/* A copy with n bytes of the first direct chunk replaced. */
static ghm_buffer with_direct(ghm_buffer stream, size_t offset, const void *bytes, size_t n)
{
    ghm_buffer copy = copy_stream(stream);
    const test_chunk direct = find_chunk(copy, 'D');
    memcpy(copy.data + direct.payload + offset, bytes, n);
    seal_chunk(copy.data, &direct);
    return copy;
}

static ghm_status status_with_head(ghm_buffer stream, size_t offset, const void *bytes, size_t n)
{
    ghm_buffer copy = with_direct(stream, offset, bytes, n);
    const ghm_status status = status_of(copy);
    ghm_buffer_free(&copy);
    return status;
}

static void wrong_heads_are_refused(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_TEXT, 64, 64, 3);
    ghm_buffer stream = encode_at(&image, 60);
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

static void wrong_places_are_refused(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_TEXT, 64, 64, 3);
    ghm_buffer stream = encode_at(&image, 60);
    const test_chunk direct = find_chunk(stream, 'D');
    const size_t places[] = { direct.first, direct.last, find_chunk(stream, 'x').first, stream.size };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        ghm_buffer copy = insert_bytes(stream, places[i], stream.data + direct.first, direct.last - direct.first);
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
    ghm_buffer stream = encode_at(&image, 80);
    ghm_image intact = decode_sound(stream);
    const test_chunk direct = find_chunk(stream, 'D');
    test_random r = test_random_open("damage of direct blocks");
    int n_refused = 0, n_by_hash = 0;
    for (int i = 0; i < 500; i++) {
        const size_t at = test_random_below(&r, (uint32_t)(direct.crc - direct.payload));
        const uint8_t byte = (uint8_t)(stream.data[direct.payload + at] ^ (1 + test_random_below(&r, 255)));
        ghm_buffer damaged = with_direct(stream, at, &byte, 1);
        ghm_image out = { 0 };
        const ghm_status status = ghm_decode_image(model, NULL, damaged.data, damaged.size, &out, NULL);
        n_refused += status == GHM_ERR_BITSTREAM;
        n_by_hash += status == GHM_ERR_CHECKSUM;
        assert_true(status == GHM_OK ? pictures_equal(&out, &intact) : status == GHM_ERR_BITSTREAM || status == GHM_ERR_CHECKSUM);
        ghm_image_free(&out);
        ghm_buffer_free(&damaged);
    }
    print_message("%d of 500 were refused, %d noticed by the hash\n", n_refused, n_by_hash);
    assert_true(n_refused > 0 && n_by_hash > 0 && n_refused + n_by_hash > 450);
    ghm_image_free(&intact);
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
