/* Picture metrics against values that metrics_reference.py computed from the definitions with PyTorch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include <gingham/gingham.h>

#include "eval/metrics.h"

#define TOLERANCE 1e-5

static void expect_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9g, expected %.9g", value, expected);
}

static ghm_image read_png(const char *name)
{
    char path[1024];
    png_image png = { .version = PNG_IMAGE_VERSION };
    ghm_image image;
    snprintf(path, sizeof path, "%s/%s", TEST_IMAGES, name);
    assert_true(png_image_begin_read_from_file(&png, path));
    png.format = PNG_FORMAT_RGB;
    assert_int_equal(ghm_image_alloc(png.width, png.height, &image, NULL), GHM_OK);
    assert_true(png_image_finish_read(&png, NULL, image.planes[0], (png_int_32)image.row_stride, NULL));
    return image;
}

/* A view of part of an image; releases nothing. */
static ghm_image part(const ghm_image *image, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    ghm_image view = *image;
    view.width = width;
    view.height = height;
    view.owned = NULL;
    for (int c = 0; c < 3; c++)
        view.planes[c] += y * image->row_stride + x * image->pixel_stride;
    return view;
}

typedef uint8_t distortion(uint8_t sample, uint32_t index);

static uint8_t posterize(uint8_t sample, uint32_t index)
{
    (void)index;
    return (uint8_t)(sample - sample % 32 + 16);
}

static uint8_t add_noise(uint8_t sample, uint32_t index)
{
    const int noisy = sample + (int)((index * UINT32_C(2654435761) >> 16) % 32) - 16;
    return (uint8_t)(noisy < 0 ? 0 : noisy > 255 ? 255 : noisy);
}

static uint8_t invert(uint8_t sample, uint32_t index)
{
    (void)index;
    return (uint8_t)(255 - sample);
}

static ghm_image distorted(const ghm_image *image, distortion *distort)
{
    ghm_image copy;
    uint32_t index = 0;
    assert_int_equal(ghm_image_alloc(image->width, image->height, &copy, NULL), GHM_OK);
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++)
            for (int c = 0; c < 3; c++)
                copy.planes[c][y * copy.row_stride + x * copy.pixel_stride] =
                    distort(image->planes[c][y * image->row_stride + x * image->pixel_stride], index++);
    return copy;
}

static void expect(const ghm_image *a, const ghm_image *b, const picture_metrics *expected)
{
    picture_metrics m;
    assert_true(metrics_measure(a, b, &m));
    expect_near(m.psnr_rgb, expected->psnr_rgb, TOLERANCE);
    expect_near(m.psnr_y, expected->psnr_y, TOLERANCE);
    expect_near(m.psnr_u, expected->psnr_u, TOLERANCE);
    expect_near(m.psnr_v, expected->psnr_v, TOLERANCE);
    expect_near(m.psnr_yuv, expected->psnr_yuv, TOLERANCE);
    expect_near(m.ssim, expected->ssim, TOLERANCE);
    expect_near(m.ms_ssim, expected->ms_ssim, TOLERANCE);
}

static void expect_distorted(const ghm_image *a, distortion *distort, picture_metrics expected)
{
    ghm_image b = distorted(a, distort);
    expect(a, &b, &expected);
    ghm_image_free(&b);
}

static void whole_picture(void **state)
{
    (void)state;
    ghm_image photo = read_png("kodim20.png");
    expect_distorted(&photo, posterize, (picture_metrics){ 26.9221200, 27.4740883, 32.2265237, 35.3920579, 29.0578889,
                                                           0.8716327, 0.9556572 });
    ghm_image_free(&photo);
}

/* Odd sides at every scale: pooling pads. */
static void odd_sides(void **state)
{
    (void)state;
    ghm_image photo = read_png("kodim20.png"), crop = read_png("crop-256x192.png");
    const ghm_image a = part(&photo, 0, 0, 767, 511), b = part(&photo, 1, 1, 767, 511);
    expect(&a, &b, &(picture_metrics){ 23.6271960, 23.5662467, 40.3705211, 44.8941198, 28.3327652, 0.7500496,
                                       0.9396794 });
    const ghm_image odd = part(&crop, 0, 0, 253, 187);
    expect_distorted(&odd, add_noise, (picture_metrics){ 29.3721982, 32.5949920, 31.8599086, 32.6037194, 32.5041975,
                                                         0.6954946, 0.9452152 });
    ghm_image_free(&photo);
    ghm_image_free(&crop);
}

/* The smallest size, and negative correlation, which MS-SSIM counts as zero. */
static void smallest_inverted(void **state)
{
    (void)state;
    ghm_image crop = read_png("crop-256x192.png");
    const ghm_image a = part(&crop, 0, 0, 177, 161);
    expect_distorted(&a, invert, (picture_metrics){ 3.6056932, 3.1911008, 19.3734033, 26.0286109, 8.0685774,
                                                    -0.2441025, 0.0000000 });
    ghm_image_free(&crop);
}

static void equal_and_too_small(void **state)
{
    (void)state;
    ghm_image crop = read_png("crop-256x192.png");
    picture_metrics m;
    assert_true(metrics_measure(&crop, &crop, &m));
    assert_true(isinf(m.psnr_rgb) && m.psnr_rgb > 0);
    assert_true(m.ssim == 1 && m.ms_ssim == 1);
    const ghm_image small = part(&crop, 0, 0, 256, 160), tiny = part(&crop, 0, 0, 10, 11);
    assert_true(metrics_measure(&small, &small, &m));
    assert_true(m.ssim == 1 && isnan(m.ms_ssim));
    assert_true(metrics_measure(&tiny, &tiny, &m));
    assert_true(isnan(m.ssim) && isnan(m.ms_ssim));
    ghm_image_free(&crop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_picture),
        cmocka_unit_test(odd_sides),
        cmocka_unit_test(smallest_inverted),
        cmocka_unit_test(equal_and_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
