#include "pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Hills, a horizon, a disc and a little grain: something a codec for photographs should find easy. */
static double scene(double x, double y, int c, uint32_t *state)
{
    const double hills = 0.55 + 0.15 * sin(7 * x + c) * cos(3 * y) + 0.05 * sin(31 * x + 17 * y);
    const double sky = 0.8 - 0.4 * y + 0.1 * c;
    const double disc = hypot(x - 0.7, y - 0.25) < 0.12 ? 0.3 : 0.0;
    return (y > hills ? 0.35 + 0.3 * sin(23 * x * y + c) * (1 - y) : sky) + disc + (next_random(state) % 1000) / 1000.0 * 0.02;
}

static double text(uint32_t px, uint32_t py)
{
    return (px / 2 * 7 + py / 3 * 5 + (px / 9) * (py / 11)) % 5 < 2 ? 0.05 : 0.97;
}

/* Two circles and a bundle of rays, one pixel wide. */
static double lines(uint32_t px, uint32_t py)
{
    const double r = hypot(px - 40.0, py - 30.0), angle = 40 * atan2(py + 1.0, px + 1.0);
    return fabs(r - 25) < 0.6 || fabs(r - 60) < 0.6 || (fabs(angle - floor(angle) - 0.5) < 0.02) ? 0.0 : 1.0;
}

static double window(uint32_t px, uint32_t py, int c, double otherwise, uint32_t *state)
{
    const uint32_t which = (px / 48 + 2 * (py / 40)) % 5;
    return which == 1 ? text(px, py) : which == 3 && c < 2 ? (next_random(state) % 256) / 255.0 : otherwise;
}

/* The sum of twelve draws is normal enough. */
static double grey_noise(uint32_t px, uint32_t py)
{
    uint32_t state = 747796405u * px + 2891336453u * py, sum = 0;
    for (int i = 0; i < 4; i++)
        next_random(&state);
    for (int i = 0; i < 12; i++)
        sum += next_random(&state) & 0xffff;
    return (128 + 20 * (sum / 65536.0 - 6)) / 255;
}

static uint8_t sample(test_picture kind, uint32_t px, uint32_t py, int c, double x, double y, uint32_t *state)
{
    double v = 0;
    switch (kind) {
    case PICTURE_SCENE: v = scene(x, y, c, state); break;
    case PICTURE_NOISE: return (uint8_t)next_random(state);
    case PICTURE_FLAT: v = 0.2 + 0.3 * c; break;
    case PICTURE_TEXT: v = text(px, py); break;
    case PICTURE_LINES: v = lines(px, py); break;
    case PICTURE_DARK: return (uint8_t)(next_random(state) % 4);
    case PICTURE_SCREEN: v = window(px, py, c, scene(x, y, c, state), state); break;
    case PICTURE_GREY_NOISE: v = grey_noise(px, py); break;
    case N_TEST_PICTURES: break;
    }
    return (uint8_t)lrint(255 * fmin(fmax(v, 0), 1));
}

ghm_image make_picture(test_picture kind, uint32_t width, uint32_t height, uint32_t seed)
{
    ghm_image image;
    uint32_t state = seed;
    if (ghm_image_alloc(width, height, &image, NULL) != GHM_OK) {
        fprintf(stderr, "out of memory for a test picture\n");
        abort();
    }
    for (uint32_t py = 0; py < height; py++)
        for (uint32_t px = 0; px < width; px++)
            for (int c = 0; c < 3; c++)
                image.planes[c][py * image.row_stride + px * image.pixel_stride] =
                    sample(kind, px, py, c, (double)px / width, (double)py / height, &state);
    return image;
}

unsigned picture_max(const ghm_image *image)
{
    return (1u << (image->bit_depth ? image->bit_depth : 8)) - 1;
}

static uint8_t *address(const ghm_image *image, int c, uint32_t x, uint32_t y)
{
    return image->planes[c] + y * image->row_stride + x * image->pixel_stride;
}

unsigned picture_sample(const ghm_image *image, int c, uint32_t x, uint32_t y)
{
    const uint8_t *p = address(image, c, x, y);
    return picture_max(image) > 255 ? *(const uint16_t *)(const void *)p : *p;
}

void set_picture_sample(const ghm_image *image, int c, uint32_t x, uint32_t y, unsigned v)
{
    uint8_t *p = address(image, c, x, y);
    if (picture_max(image) > 255)
        *(uint16_t *)(void *)p = (uint16_t)v;
    else
        *p = (uint8_t)v;
}

double picture_psnr(const ghm_image *a, const ghm_image *b)
{
    double sum = 0;
    for (uint32_t y = 0; y < a->height; y++)
        for (uint32_t x = 0; x < 3 * a->width; x++) {
            const int d = a->planes[0][y * a->row_stride + x] - b->planes[0][y * b->row_stride + x];
            sum += d * d;
        }
    return sum == 0 ? 99 : 10 * log10(255.0 * 255.0 * 3 * a->width * a->height / sum);
}

int pictures_equal(const ghm_image *a, const ghm_image *b)
{
    if (a->width != b->width || a->height != b->height)
        return 0;
    for (uint32_t y = 0; y < a->height; y++)
        if (memcmp(a->planes[0] + y * a->row_stride, b->planes[0] + y * b->row_stride, 3 * (size_t)a->width) != 0)
            return 0;
    return 1;
}
