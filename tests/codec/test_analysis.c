/* The analysis of the small random model with a filter (testdata/parity): what it sees of a picture, by the picture's size,
 * kind and rows at hand. tests/parity compares its numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files.h"
#include "models/analysis.h"
#include "quality.h"

enum { WIDTH = 77, HEIGHT = 105, SIDE = MODEL_Y_STRIDE, W = (WIDTH + SIDE - 1) / SIDE, H = (HEIGHT + SIDE - 1) / SIDE };

static ghm_model *model;
static quality_tables quality;
static arena memory;

static int open_model(void **state)
{
    size_t size;
    uint8_t *data = read_test_file(GHM_PARITY_DIR, "test.ghmw", &size);
    assert_int_equal(ghm_model_open(data, size, GHM_BACKEND_AUTO, &model, NULL), GHM_OK);
    assert_true(model_has_analysis_filter(model));
    assert_int_equal(quality_tables_init(&quality, model, 700, &memory, NULL), GHM_OK);
    free(data);
    (void)state;
    return 0;
}

static int close_model(void **state)
{
    ghm_model_close(&model);
    arena_free(&memory);
    (void)state;
    return 0;
}

static uint8_t sample(size_t x, size_t y, size_t c)
{
    return (uint8_t)(x * x / 30 + 3 * y + 80 * c + (x * y) % 7);
}

/* Interleaved RGB; beyond WIDTH and HEIGHT the edge is repeated. */
static void draw(uint8_t *rgb, size_t width, size_t height)
{
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            for (size_t c = 0; c < 3; c++)
                *rgb++ = sample(x < WIDTH ? x : WIDTH - 1, y < HEIGHT ? y : HEIGHT - 1, c);
}

static ghm_image interleaved(uint8_t *rgb, uint32_t width, uint32_t height)
{
    return (ghm_image){ .width = width, .height = height, .planes = { rgb, rgb + 1, rgb + 2 },
                        .row_stride = (size_t)width * 3, .pixel_stride = 3 };
}

static ghm_image planar(void *samples, unsigned bit_depth)
{
    const size_t size = bit_depth > 8 ? 2 : 1, plane = WIDTH * HEIGHT * size;
    uint8_t *p = samples;
    return (ghm_image){ .width = WIDTH, .height = HEIGHT, .planes = { p, p + plane, p + 2 * plane },
                        .row_stride = WIDTH * size, .pixel_stride = size, .bit_depth = (uint8_t)bit_depth };
}

/* y: (H, W, M) of the whole picture; the caller does not release it. */
static int16_t *analyse(const ghm_image *image)
{
    analysis ga;
    int16_t *y = arena_alloc(&memory, H * W * model->m, sizeof *y);
    analysis_init(&ga, model, quality.ga_in_multiplier, image, 0, W, &memory);
    assert_int_equal(memory.failed_bytes, 0);
    analysis_run(&ga, 0, H, y);
    return y;
}

static int16_t *analyse_picture(void)
{
    static uint8_t rgb[HEIGHT * WIDTH * 3];
    draw(rgb, WIDTH, HEIGHT);
    const ghm_image image = interleaved(rgb, WIDTH, HEIGHT);
    return analyse(&image);
}

static void assert_same(const int16_t *a, const int16_t *b)
{
    assert_memory_equal(a, b, H * W * model->m * sizeof *a);
}

static void edges_are_repeated(void **state)
{
    static uint8_t rgb[H * SIDE * W * SIDE * 3];
    draw(rgb, W * SIDE, H * SIDE);
    const ghm_image whole = interleaved(rgb, W * SIDE, H * SIDE);
    assert_same(analyse(&whole), analyse_picture());
    (void)state;
}

static void planes_are_as_good_as_interleaved_samples(void **state)
{
    static uint8_t samples[3 * HEIGHT * WIDTH];
    uint8_t *to = samples;
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < HEIGHT; y++)
            for (size_t x = 0; x < WIDTH; x++)
                *to++ = sample(x, y, c);
    const ghm_image image = planar(samples, 8);
    assert_same(analyse(&image), analyse_picture());
    (void)state;
}

static void sixteen_bits_of_the_same_shade_are_eight(void **state)
{
    static uint16_t samples[3 * HEIGHT * WIDTH];
    uint16_t *to = samples;
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < HEIGHT; y++)
            for (size_t x = 0; x < WIDTH; x++)
                *to++ = (uint16_t)(257 * sample(x, y, c));
    const ghm_image image = planar(samples, 16);
    assert_same(analyse(&image), analyse_picture());
    (void)state;
}

static void every_depth_has_its_white(void **state)
{
    static uint8_t rgb[3 * HEIGHT * WIDTH];
    static uint16_t samples[3 * HEIGHT * WIDTH];
    memset(rgb, 255, sizeof rgb);
    const ghm_image shallow = interleaved(rgb, WIDTH, HEIGHT);
    const int16_t *white = analyse(&shallow);
    for (unsigned depth = 9; depth <= 16; depth++) {
        for (size_t i = 0; i < 3 * HEIGHT * WIDTH; i++)
            samples[i] = (uint16_t)((1u << depth) - 1);
        const ghm_image image = planar(samples, depth);
        assert_same(analyse(&image), white);
    }
    (void)state;
}

/* 16 bits are fine enough to say any value of Q3. */
static void deep_samples_are_rounded(void **state)
{
    enum { WHITE_OF_10 = 1023, WHITE_OF_16 = 65535, WHITE_Q3 = 255 * 8 };
    static uint16_t samples[3 * HEIGHT * WIDTH], nearest[3 * HEIGHT * WIDTH];
    for (size_t i = 0; i < 3 * HEIGHT * WIDTH; i++) {
        samples[i] = (uint16_t)(i * i % (WHITE_OF_10 + 1));
        const unsigned q3 = ((unsigned)samples[i] * WHITE_Q3 + WHITE_OF_10 / 2) / WHITE_OF_10;
        nearest[i] = (uint16_t)((q3 * WHITE_OF_16 + WHITE_Q3 / 2) / WHITE_Q3);
    }
    const ghm_image ten = planar(samples, 10), sixteen = planar(nearest, 16);
    assert_same(analyse(&ten), analyse(&sixteen));
    (void)state;
}

static void grey_is_rgb_of_equal_samples(void **state)
{
    static uint8_t rgb[HEIGHT * WIDTH * 3];
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = sample(i / 3 % WIDTH, i / 3 / WIDTH, 0);
    const ghm_image colour = interleaved(rgb, WIDTH, HEIGHT);
    ghm_image grey = colour;
    grey.planes[1] = grey.planes[2] = NULL;
    assert_same(analyse(&grey), analyse(&colour));
    (void)state;
}

/* Rows of y, one after the other, each with no pixels at hand but those of its halo. */
static void a_row_depends_on_its_halo_only(void **state)
{
    static uint8_t rgb[HEIGHT * WIDTH * 3];
    const size_t halo = analysis_halo(model), row_size = W * model->m;
    const ghm_image image = interleaved(rgb, WIDTH, HEIGHT);
    const int16_t *expected = analyse_picture();
    int16_t *y = arena_alloc(&memory, H * row_size, sizeof *y);
    analysis ga;
    analysis_init(&ga, model, quality.ga_in_multiplier, &image, 0, W, &memory);
    for (size_t row = 0; row < H; row++) {
        const size_t top = row > halo ? (row - halo) * SIDE : 0, end = (row + 1 + halo) * SIDE;
        const size_t bottom = end < HEIGHT ? end : HEIGHT;
        draw(rgb, WIDTH, HEIGHT);
        memset(rgb, 0xaa, top * WIDTH * 3);
        memset(rgb + bottom * WIDTH * 3, 0xaa, (HEIGHT - bottom) * WIDTH * 3);
        const ghm_image rows = interleaved(rgb + top * WIDTH * 3, WIDTH, (uint32_t)(bottom - top));
        analysis_set_rows(&ga, &rows, top);
        analysis_run(&ga, row, row + 1, y + row * row_size);
    }
    assert_same(y, expected);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_repeated),
        cmocka_unit_test(planes_are_as_good_as_interleaved_samples),
        cmocka_unit_test(sixteen_bits_of_the_same_shade_are_eight),
        cmocka_unit_test(every_depth_has_its_white),
        cmocka_unit_test(deep_samples_are_rounded),
        cmocka_unit_test(grey_is_rgb_of_equal_samples),
        cmocka_unit_test(a_row_depends_on_its_halo_only),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
