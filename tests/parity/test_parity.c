/* The networks in C against tensors written by the training code's integer reference (testdata/parity/README.md): every
 * integer tensor must be equal, on every backend, and the hyper analysis's float one nearly so. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends.h"
#include "files.h"

#include "base/bytes.h"
#include "entropy/dependent_quantizer.h"
#include "entropy/factorized_prior.h"
#include "entropy/gaussian_conditional.h"
#include "latent_codec.h"
#include "models/analysis.h"
#include "models/synthesis.h"

enum { MAX_TENSORS = 64, TYPE_F32 = 4, MAX_ROW = 8192 };

typedef struct tensor {
    char name[32];
    size_t h, w, c;
    int32_t *value; /* (h, w, c) */
    float *real;    /* instead, of the hyper analysis */
} tensor;

static const float z_epsilon = 1e-3f;

typedef struct vectors {
    tensor tensors[MAX_TENSORS];
    size_t n;
} vectors;

enum { N_QUALITIES = 3 };

/* Of every profile, and of a small model of random weights in which every layer matters. */
static const uint16_t profile_qualities[N_QUALITIES] = { 0, 3584, 10240 }, test_qualities[N_QUALITIES] = { 0, 700, 2048 };

/* ------------------------------------------------------------------------------------------------ reading */

static void read_tensor(bytes_reader *r, tensor *t)
{
    const size_t length = bytes_u8(r);
    const uint8_t *name = bytes_take(r, length);
    assert_true(name && length < sizeof t->name);
    memcpy(t->name, name, length);
    const int type = bytes_u8(r);
    assert_int_equal(bytes_u8(r), 3);
    t->h = bytes_u32(r);
    t->w = bytes_u32(r);
    t->c = bytes_u32(r);
    const size_t n = t->h * t->w * t->c;
    t->value = malloc(n * sizeof *t->value);
    t->real = malloc(n * sizeof *t->real);
    assert_true(t->value && t->real);
    for (size_t i = 0; type == TYPE_F32 && i < n; i++) {
        const uint32_t bits = bytes_u32(r);
        memcpy(&t->real[i], &bits, sizeof bits);
    }
    for (size_t i = 0; type != TYPE_F32 && i < n; i++)
        t->value[i] = type == 1 ? bytes_u8(r) : type == 2 ? (int16_t)bytes_u16(r) : (int32_t)bytes_u32(r);
    assert_false(r->overrun);
}

static void read_vectors(const char *file, vectors *v)
{
    size_t size;
    uint8_t *data = read_test_file(GHM_PARITY_DIR, file, &size);
    bytes_reader r = bytes_reader_make(data, size);
    assert_memory_equal(bytes_take(&r, 4), "GHMP", 4);
    *v = (vectors){ .n = bytes_u32(&r) };
    assert_in_range(v->n, 1, MAX_TENSORS);
    for (size_t i = 0; i < v->n; i++)
        read_tensor(&r, &v->tensors[i]);
    assert_int_equal(bytes_left(&r), 0);
    free(data);
}

static void free_vectors(vectors *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->tensors[i].value);
        free(v->tensors[i].real);
    }
}

static const tensor *find(const vectors *v, const char *format, size_t k)
{
    char name[32];
    snprintf(name, sizeof name, format, k);
    for (size_t i = 0; i < v->n; i++)
        if (strcmp(v->tensors[i].name, name) == 0)
            return &v->tensors[i];
    fail_msg("the file has no tensor %s", name);
    return NULL;
}

static const int32_t *at(const tensor *t, size_t y, size_t x)
{
    return t->value + (y * t->w + x) * t->c;
}

/* ------------------------------------------------------------------------------------------------ comparing */

static void report(const char *name, long largest)
{
    print_message("    %-12s largest difference %ld\n", name, largest);
    assert_int_equal(largest, 0);
}

static void compare_i16(const tensor *t, const int16_t *value)
{
    long largest = 0;
    for (size_t i = 0; i < t->h * t->w * t->c; i++)
        largest = labs(value[i] - (long)t->value[i]) > largest ? labs(value[i] - (long)t->value[i]) : largest;
    report(t->name, largest);
}

static void compare_f32(const tensor *t, const float *value)
{
    float largest = 0;
    for (size_t i = 0; i < t->h * t->w * t->c; i++)
        largest = fmaxf(largest, fabsf(value[i] - t->real[i]));
    print_message("    %-12s largest difference %.1e\n", t->name, (double)largest);
    assert_true(largest <= z_epsilon);
}

static void compare_u8(const tensor *t, const uint8_t *value)
{
    long largest = 0;
    for (size_t i = 0; i < t->h * t->w * t->c; i++)
        largest = labs(value[i] - (long)t->value[i]) > largest ? labs(value[i] - (long)t->value[i]) : largest;
    report(t->name, largest);
}

/* ------------------------------------------------------------------------------------------------ a band from symbols */

/* Code the file's symbols as a band's payload, with nothing but the entropy room. */
static void code_band(const ghm_model *model, const quality_tables *quality, const vectors *v, bytes_writer *out)
{
    const tensor *z = find(v, "z_symbols", 0), *scale_index = find(v, "scale_index", 0);
    const factorized_prior z_prior = { model->z_tables, quality->z_table, model->z_weight, model->z };
    const gaussian_conditional y_prior = { model->y_tables, model->n_scales, model->n_skipped };
    static int16_t symbol[MAX_ROW];
    static uint8_t scale[MAX_ROW];
    range_encoder e;

    range_encoder_init(&e, out);
    assert_in_range(z->h * z->w * z->c, 1, MAX_ROW);
    for (size_t i = 0; i < z->h * z->w * z->c; i++)
        symbol[i] = (int16_t)z->value[i];
    factorized_encode(&z_prior, &e, symbol, z->h, z->w);
    for (size_t k = 0; k < model->n_passes; k++) {
        const context_pass *pass = &model->passes[k];
        const tensor *symbols = find(v, "symbols%zu", k);
        unsigned state = DQ_START;
        for (size_t y = 0; y < symbols->h; y++) {
            size_t n = 0;
            for (size_t x = checkerboard_first(y, pass->phase); x < symbols->w; x += 2)
                for (size_t c = 0; c < pass->n; c++, n++) {
                    assert_in_range(n, 0, MAX_ROW - 1);
                    symbol[n] = (int16_t)at(symbols, y, x)[c];
                    scale[n] = (uint8_t)at(scale_index, y, x)[pass->first + c];
                }
            gaussian_encode_row(&y_prior, &e, &state, scale, symbol, n);
        }
    }
    assert_true(range_encoder_finish(&e));
}

typedef struct mean_check {
    const tensor *expected;
    const context_pass *pass;
    long largest;
} mean_check;

static void check_mean(void *user, size_t row, const int16_t *mean)
{
    mean_check *check = user;
    for (size_t x = checkerboard_first(row, check->pass->phase); x < check->expected->w; x += 2)
        for (size_t c = 0; c < check->pass->n; c++, mean++) {
            const long d = labs(*mean - (long)at(check->expected, row, x)[c]);
            check->largest = d > check->largest ? d : check->largest;
        }
}

/* What is known before pass k, out of the file's y_hat. */
static void known_before(const ghm_model *model, const tensor *y_hat, size_t k, int16_t *known)
{
    memset(known, 0, y_hat->h * y_hat->w * y_hat->c * sizeof *known);
    for (size_t j = 0; j < k; j++)
        for (size_t y = 0; y < y_hat->h; y++)
            for (size_t x = checkerboard_first(y, model->passes[j].phase); x < y_hat->w; x += 2)
                for (size_t c = model->passes[j].first; c < model->passes[j].first + model->passes[j].n; c++)
                    known[(y * y_hat->w + x) * y_hat->c + c] = (int16_t)at(y_hat, y, x)[c];
}

static void check_means(const ghm_model *model, const vectors *v, const int16_t *p)
{
    const tensor *y_hat = find(v, "y_hat", 0);
    arena memory = { 0 };
    mean_check check;
    context_model cm;
    int16_t *known = arena_alloc(&memory, y_hat->h * y_hat->w * y_hat->c, sizeof *known);
    context_init(&cm, model, y_hat->w, arena_alloc(&memory, model_scratch_bytes(model, y_hat->w), 1), &memory, check_mean,
                 &check);
    assert_int_equal(memory.failed_bytes, 0);
    for (size_t k = 0; k < model->n_passes; k++) {
        check = (mean_check){ find(v, "mean%zu", k), &model->passes[k], 0 };
        known_before(model, y_hat, k, known);
        context_run_pass(&cm, k, known, p, y_hat->h);
        report(check.expected->name, check.largest);
    }
    arena_free(&memory);
}

typedef struct pixel_rows {
    uint8_t *rgb;
    size_t row_bytes;
} pixel_rows;

static void store_row(void *user, size_t row, size_t first_pixel, size_t n, const int16_t *rgb)
{
    const pixel_rows *rows = user;
    for (size_t i = 0; i < 3 * n; i++)
        rows->rgb[row * rows->row_bytes + 3 * first_pixel + i] = (uint8_t)((rgb[i] + 32) >> 6);
}

/* In which pieces a transform is run: rows that are consecutive, and then go on from each other, or rows from the last to the
 * first, each of which needs its halo anew; n: rows, or columns of a strip, together. */
typedef enum pieces { RISING_ROWS, FALLING_ROWS, COLUMNS, N_PIECES } pieces;

static void make_pixels(synthesis *gs, pieces how, size_t n, const int16_t *y_hat, size_t h, pixel_rows *rows)
{
    for (size_t i = 0, first; i < h && how == FALLING_ROWS; i += n) {
        first = h > i + n ? h - i - n : 0;
        synthesis_run(gs, y_hat, 0, first, h - i, h, store_row, rows);
    }
    for (size_t row = 0; row < h && how != FALLING_ROWS; row += n)
        synthesis_run(gs, y_hat, 0, row, row + n < h ? row + n : h, h, store_row, rows);
}

static void check_pixels_in(const ghm_model *model, const quality_tables *quality, const vectors *v, const int16_t *y_hat,
                            pieces how, size_t n)
{
    const tensor *pixels = find(v, "pixels", 0), *grid = find(v, "y_hat", 0);
    const size_t columns = how == COLUMNS ? n : grid->w;
    arena memory = { 0 };
    pixel_rows rows = { arena_alloc(&memory, pixels->h * pixels->w, 3), pixels->w * 3 };
    for (size_t x = 0; x < grid->w; x += columns) {
        synthesis gs;
        synthesis_init(&gs, model, quality->gs_in_multiplier, x, x + columns < grid->w ? x + columns : grid->w, grid->w,
                       &memory);
        assert_int_equal(memory.failed_bytes, 0);
        make_pixels(&gs, how, n, y_hat, grid->h, &rows);
    }
    compare_u8(pixels, rows.rgb);
    arena_free(&memory);
}

/* The least piece to try: any with the small model, whose halos are as wide as others', the whole with those that take their time. */
static size_t least_piece(const ghm_model *model, size_t whole)
{
    return strcmp(model->name, "test") == 0 ? 1 : whole;
}

/* In one piece, and in smaller ones: halos must suffice. */
static void check_pixels(const ghm_model *model, const quality_tables *quality, const vectors *v, const int16_t *y_hat)
{
    const tensor *pixels = find(v, "pixels", 0), *grid = find(v, "y_hat", 0);
    assert_int_equal(pixels->w, grid->w * 16); /* store_row keeps whole rows */
    for (int how = 0; how < N_PIECES; how++) {
        const size_t whole = how == COLUMNS ? grid->w : grid->h, least = least_piece(model, whole);
        for (size_t n = least; n <= whole && (least == 1 || how == COLUMNS); n++)
            check_pixels_in(model, quality, v, y_hat, (pieces)how, n);
    }
}

/* g_a in strips of so many columns, rows one by one, if so from the last to the first. */
static void analyse_in_strips(const ghm_model *model, const quality_tables *quality, const ghm_image *image, size_t h, size_t w,
                              size_t columns, bool falling, int16_t *y)
{
    arena memory = { 0 };
    for (size_t x = 0; x < w; x += columns) {
        analysis ga;
        analysis_init(&ga, model, quality->ga_in_multiplier, image, x, x + columns < w ? x + columns : w, &memory);
        assert_int_equal(memory.failed_bytes, 0);
        for (size_t i = 0; i < h; i++) {
            const size_t row = falling ? h - 1 - i : i;
            analysis_run(&ga, row, row + 1, y + row * w * model->m);
        }
    }
    arena_free(&memory);
}

/* The encoder's networks, in one piece and in strips: y must not depend on where a strip begins. */
static void check_analysis(const ghm_model *model, const quality_tables *quality, const vectors *v)
{
    const tensor *picture = find(v, "picture", 0), *expected = find(v, "y", 0);
    const size_t n_y = expected->h * expected->w * model->m;
    arena memory = { 0 };
    ghm_image image;
    analysis ga;
    hyper_analysis ha;

    assert_int_equal(ghm_image_alloc((uint32_t)picture->w, (uint32_t)picture->h, &image, NULL), GHM_OK);
    for (size_t i = 0; i < picture->h * picture->w * 3; i++)
        image.planes[0][i] = (uint8_t)picture->value[i];
    int16_t *y = arena_alloc(&memory, n_y, sizeof *y), *strips = arena_alloc(&memory, n_y, sizeof *strips);
    float *z = arena_alloc(&memory, n_y, sizeof *z);
    analysis_init(&ga, model, quality->ga_in_multiplier, &image, 0, expected->w, &memory);
    hyper_analysis_init(&ha, model, expected->w, &memory);
    assert_int_equal(memory.failed_bytes, 0);
    analysis_run(&ga, 0, expected->h, y);
    compare_i16(expected, y);
    for (size_t columns = least_piece(model, expected->w + 1); columns <= expected->w; columns++) {
        memset(strips, 0, n_y * sizeof *strips);
        analyse_in_strips(model, quality, &image, expected->h, expected->w, columns, columns % 2, strips);
        assert_memory_equal(strips, y, n_y * sizeof *y);
    }
    hyper_analysis_run(&ha, y, expected->h, z);
    compare_f32(find(v, "z", 0), z);
    ghm_image_free(&image);
    arena_free(&memory);
}

static void check_file(const ghm_model *model, const char *file, uint16_t quality_position)
{
    vectors v;
    arena memory = { 0 };
    quality_tables quality;
    latent_codec lc;
    bytes_writer payload = { 0 };

    print_message("  %s, %s\n", model->kernels->name, file);
    read_vectors(file, &v);
    const tensor *y_hat = find(&v, "y_hat", 0);
    assert_int_equal(quality_tables_init(&quality, model, quality_position, &memory, NULL), GHM_OK);
    int16_t *decoded = arena_alloc(&memory, y_hat->h * y_hat->w * y_hat->c, sizeof *decoded);
    assert_non_null(decoded);
    assert_int_equal(latent_codec_init(&lc, model, &quality, y_hat->h, y_hat->w, false, NULL, NULL), GHM_OK);
    code_band(model, &quality, &v, &payload);
    assert_int_equal(latent_codec_decode(&lc, payload.data, payload.size, false, y_hat->h, decoded, NULL), GHM_OK);
    compare_i16(find(&v, "p", 0), lc.p);
    compare_u8(find(&v, "scale_index", 0), lc.scale_index);
    check_means(model, &v, lc.p);
    compare_i16(y_hat, decoded);
    check_pixels(model, &quality, &v, decoded);
    check_analysis(model, &quality, &v);
    latent_codec_free(&lc);
    arena_free(&memory);
    free(payload.data);
    free_vectors(&v);
}

/* Closes the model. */
static void check_set(ghm_model *model, const uint16_t *qualities)
{
    for (size_t k = 0; k < N_QUALITIES; k++) {
        if (k != 1 && getenv("GHM_TEST_SMALL"))
            continue;
        char file[64];
        snprintf(file, sizeof file, "%s-q%u.bin", model->name, qualities[k]);
        check_file(model, file, qualities[k]);
    }
    ghm_model_close(&model);
}

static void check_backend(ghm_backend backend)
{
    ghm_model *model;
    ghm_profile_info profile;
    size_t size;
    uint8_t *data = read_test_file(GHM_PARITY_DIR, "test.ghmw", &size);
    assert_int_equal(ghm_model_open(data, size, backend, &model, NULL), GHM_OK);
    free(data);
    check_set(model, test_qualities);
    for (size_t i = 0; ghm_profile_get_info(i, &profile); i++) {
        assert_int_equal(ghm_model_open_profile(profile.name, backend, &model, NULL), GHM_OK);
        check_set(model, profile_qualities);
    }
}

static void networks_equal_the_reference(void **state)
{
    (void)state;
    for (size_t b = 0; b < N_TEST_BACKENDS; b++) {
        if (!ghm_backend_available(test_backends[b])) {
            print_message("backend %s is not available here and not tested\n", ghm_backend_name(test_backends[b]));
            continue;
        }
        check_backend(test_backends[b]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(networks_equal_the_reference) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
