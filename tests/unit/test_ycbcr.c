/* RGB to Y'CbCr and back: known colours, ranges, depths, and what 4:2:0 does to flat, smooth and odd-sized pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>

#include <cmocka.h>

#include <gingham/gingham.h>

#include "eval/metrics.h"
#include "eval/ycbcr.h"

typedef void painter(uint32_t x, uint32_t y, uint8_t rgb[3]);

static ghm_image make(uint32_t width, uint32_t height, painter *paint)
{
    ghm_image image;
    assert_int_equal(ghm_image_alloc(width, height, &image, NULL), GHM_OK);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint8_t rgb[3];
            paint(x, y, rgb);
            for (int c = 0; c < 3; c++)
                image.planes[c][y * image.row_stride + x * image.pixel_stride] = rgb[c];
        }
    }
    return image;
}

static y4m_format format_of(const ghm_image *image, y4m_chroma chroma, unsigned bit_depth, y4m_range range)
{
    return (y4m_format){ image->width, image->height, chroma, Y4M_CENTRE, range, bit_depth };
}

static void paint_red(uint32_t x, uint32_t y, uint8_t rgb[3])
{
    (void)x, (void)y;
    rgb[0] = 255, rgb[1] = 0, rgb[2] = 0;
}

static void paint_grey(uint32_t x, uint32_t y, uint8_t rgb[3])
{
    rgb[0] = rgb[1] = rgb[2] = (uint8_t)(16 * (x % 16) + y % 16);
}

static void paint_every_hue(uint32_t x, uint32_t y, uint8_t rgb[3])
{
    rgb[0] = (uint8_t)(x * 8), rgb[1] = (uint8_t)(y * 8), rgb[2] = (uint8_t)(255 - x * 3 - y * 4);
}

/* Values of JFIF, and of BT.601's studio range. */
static void known_colours(void **state)
{
    static const struct {
        y4m_range range;
        unsigned bit_depth;
        uint16_t y, cb, cr;
    } cases[] = { { Y4M_FULL, 8, 76, 85, 255 },
                  { Y4M_LIMITED, 8, 81, 90, 240 },
                  { Y4M_RANGE_NOT_SAID, 8, 81, 90, 240 },
                  { Y4M_LIMITED, 10, 326, 361, 960 },
                  { Y4M_FULL, 10, 306, 339, 1023 } };
    (void)state;
    ghm_image red = make(3, 3, paint_red);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (y4m_chroma chroma = Y4M_420; chroma <= Y4M_444; chroma += Y4M_444 - Y4M_420) {
            const y4m_format format = format_of(&red, chroma, cases[i].bit_depth, cases[i].range);
            y4m_frame frame;
            assert_true(y4m_frame_alloc(&format, &frame));
            assert_true(ycbcr_from_rgb(&red, &format, &frame));
            assert_int_equal(frame.planes[0][8], cases[i].y);
            assert_int_equal(frame.planes[1][3], cases[i].cb);
            assert_int_equal(frame.planes[2][3], cases[i].cr);
            y4m_frame_free(&frame);
        }
    }
    ghm_image_free(&red);
}

/* Largest difference of a sample after there and back. */
static int largest_difference(painter *paint, uint32_t width, uint32_t height, y4m_chroma chroma, unsigned bit_depth,
                              y4m_range range)
{
    ghm_image image = make(width, height, paint), back;
    const y4m_format format = format_of(&image, chroma, bit_depth, range);
    y4m_frame frame;
    int largest = 0;
    assert_int_equal(ghm_image_alloc(width, height, &back, NULL), GHM_OK);
    assert_true(y4m_frame_alloc(&format, &frame));
    assert_true(ycbcr_from_rgb(&image, &format, &frame));
    assert_true(ycbcr_to_rgb(&frame, &format, &back));
    for (size_t i = 0; i < (size_t)3 * width * height; i++) {
        const int difference = abs(image.planes[0][i] - back.planes[0][i]);
        largest = difference > largest ? difference : largest;
    }
    y4m_frame_free(&frame);
    ghm_image_free(&back);
    ghm_image_free(&image);
    return largest;
}

static void there_and_back(void **state)
{
    (void)state;
    for (y4m_range range = Y4M_LIMITED; range <= Y4M_FULL; range++) {
        assert_int_equal(largest_difference(paint_every_hue, 32, 32, Y4M_444, 10, range), 0);
        assert_in_range(largest_difference(paint_every_hue, 32, 32, Y4M_444, 8, range), 1, 2);
        assert_int_equal(largest_difference(paint_grey, 32, 32, Y4M_420, 10, range), 0);
        assert_int_equal(largest_difference(paint_red, 7, 5, Y4M_420, 10, range), 0);
        assert_int_equal(largest_difference(paint_red, 1, 1, Y4M_420, 10, range), 0);
        assert_in_range(largest_difference(paint_every_hue, 1, 9, Y4M_420, 10, range), 0, 16);
    }
}

static void paint_slope(uint32_t x, uint32_t y, uint8_t rgb[3])
{
    rgb[0] = (uint8_t)(60 + 2 * x), rgb[1] = 100, rgb[2] = (uint8_t)(90 + y);
}

/* A slope of chroma stays where it is: filters that sit half a sample off would move it by a unit. */
static void centre_is_the_centre(void **state)
{
    (void)state;
    ghm_image image = make(64, 64, paint_slope), back;
    const y4m_format format = format_of(&image, Y4M_420, 16, Y4M_FULL);
    y4m_frame frame;
    assert_int_equal(ghm_image_alloc(64, 64, &back, NULL), GHM_OK);
    assert_true(y4m_frame_alloc(&format, &frame));
    assert_true(ycbcr_from_rgb(&image, &format, &frame));
    assert_true(ycbcr_to_rgb(&frame, &format, &back));
    for (size_t y = 16; y < 48; y++)
        for (size_t x = 3 * 16; x < 3 * 48; x++)
            assert_in_range(back.planes[0][y * 192 + x] + 1 - image.planes[0][y * 192 + x], 1, 1);
    y4m_frame_free(&frame);
    ghm_image_free(&back);
    ghm_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_colours),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(centre_is_the_centre),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
