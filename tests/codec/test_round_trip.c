/* Encode and decode through the public interface: sizes, kinds of pictures, qualities, backends, threads. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends.h"
#include "pictures.h"

static ghm_model *models[N_TEST_BACKENDS]; /* NULL where this CPU lacks the backend */

static int open_models(void **state)
{
    (void)state;
    for (int i = 0; i < N_TEST_BACKENDS; i++) {
        ghm_diagnostics diag = { "" };
        if (!ghm_backend_available(test_backends[i])) {
            print_message("backend %s is not available here and not tested\n", ghm_backend_name(test_backends[i]));
            continue;
        }
        if (ghm_model_open_profile("fast", test_backends[i], &models[i], &diag) != GHM_OK) {
            print_error("%s\n", diag.text);
            return -1;
        }
    }
    return 0;
}

static int close_models(void **state)
{
    (void)state;
    for (int i = 0; i < N_TEST_BACKENDS; i++)
        ghm_model_close(&models[i]);
    return 0;
}

static ghm_buffer encode(const ghm_model *model, const ghm_image *image, double quality, int threads)
{
    ghm_encode_settings settings;
    ghm_buffer out = { 0 };
    ghm_diagnostics diag = { "" };
    ghm_encode_settings_default(&settings);
    settings.quality = quality;
    settings.threads = threads;
    const ghm_status status = ghm_encode_image(model, &settings, image, &out, &diag);
    if (status != GHM_OK)
        fail_msg("encode: %s: %s", ghm_status_string(status), diag.text);
    return out;
}

/* The stored hash is checked by the decoder too, so this compares encoder and decoder as well. */
static ghm_image decode(const ghm_model *model, ghm_buffer stream, int threads)
{
    ghm_decode_settings settings;
    ghm_image image = { 0 };
    ghm_diagnostics diag = { "" };
    ghm_decode_settings_default(&settings);
    settings.threads = threads;
    const ghm_status status = ghm_decode_image(model, &settings, stream.data, stream.size, &image, &diag);
    if (status != GHM_OK)
        fail_msg("decode: %s: %s", ghm_status_string(status), diag.text);
    return image;
}

static void check_round_trip(test_picture kind, uint32_t width, uint32_t height, double quality, double least_psnr)
{
    ghm_image image = make_picture(kind, width, height, 7), reference = { 0 };
    ghm_buffer stream = encode(models[0], &image, quality, 1);
    for (int i = 0; i < N_TEST_BACKENDS; i++)
        for (int threads = 1; models[i] && threads <= 8; threads = threads == 1 ? 2 : threads * 4) {
            ghm_image out = decode(models[i], stream, threads);
            if (!reference.owned) {
                reference = out;
                continue;
            }
            assert_true(pictures_equal(&out, &reference));
            ghm_image_free(&out);
        }
    const double psnr = picture_psnr(&image, &reference);
    print_message("kind %d %ux%u q %g: %zu bytes, %.2f dB\n", kind, width, height, quality, stream.size, psnr);
    assert_true(psnr >= least_psnr);
    ghm_image_free(&reference);
    ghm_image_free(&image);
    ghm_buffer_free(&stream);
}

static void every_size_comes_back(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = { { 1, 1 }, { 1, 17 }, { 17, 1 }, { 2, 3 }, { 15, 16 }, { 16, 15 }, { 16, 16 },
        { 33, 31 }, { 63, 65 }, { 64, 64 }, { 65, 129 }, { 200, 40 }, { 1, 600 }, { 48, 1100 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_round_trip(PICTURE_SCENE, sizes[i][0], sizes[i][1], 70, 24);
}

static void every_kind_comes_back(void **state)
{
    (void)state;
    for (int q = 0; q <= 100; q += 50) {
        check_round_trip(PICTURE_NOISE, 130, 90, q, 6);
        check_round_trip(PICTURE_FLAT, 130, 90, q, 24);
        check_round_trip(PICTURE_TEXT, 130, 90, q, 6);
    }
}

static void check_at_100(const ghm_model *model, const char *name, test_picture kind, uint32_t width, uint32_t height)
{
    ghm_image image = make_picture(kind, width, height, 7);
    ghm_buffer stream = encode(model, &image, 100, 2);
    ghm_image out = decode(model, stream, 2);
    print_message("%s, kind %d: %.2f dB\n", name, kind, picture_psnr(&image, &out));
    assert_true(picture_psnr(&image, &out) >= 38);
    ghm_image_free(&out);
    ghm_image_free(&image);
    ghm_buffer_free(&stream);
}

/* What the networks cannot hold. */
static void every_kind_is_good_at_100(void **state)
{
    (void)state;
    ghm_profile_info profile;
    for (size_t i = 0; ghm_profile_get_info(i, &profile); i++) {
        ghm_model *model;
        assert_int_equal(ghm_model_open_profile(profile.name, GHM_BACKEND_AUTO, &model, NULL), GHM_OK);
        for (test_picture kind = PICTURE_SCENE; kind < PICTURE_GREY_NOISE; kind++)
            check_at_100(model, profile.name, kind, 130, 90);
        check_at_100(model, profile.name, PICTURE_GREY_NOISE, 256, 256); /* in smaller ones blocks at the edges count for more */
        check_at_100(model, profile.name, PICTURE_SCREEN, 70, 1200);
        ghm_model_close(&model);
    }
}

static void streams_do_not_depend_on_threads(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_SCREEN, 100, 1300, 3);
    ghm_buffer one = encode(models[0], &image, 50, 1);
    for (int threads = 2; threads <= 5; threads++) {
        ghm_buffer many = encode(models[0], &image, 50, threads);
        assert_int_equal(one.size, many.size);
        assert_memory_equal(one.data, many.data, one.size);
        ghm_buffer_free(&many);
    }
    ghm_buffer_free(&one);
    ghm_image_free(&image);
}

static void rate_rises_with_quality(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_SCENE, 320, 256, 11);
    size_t last = 0;
    for (int q = 0; q <= 100; q += 5) {
        ghm_buffer stream = encode(models[0], &image, q, 1);
        assert_true(stream.size > last);
        last = stream.size;
        ghm_buffer_free(&stream);
    }
    ghm_image_free(&image);
}

static void planar_equals_interleaved(void **state)
{
    (void)state;
    enum { W = 70, H = 50 };
    ghm_image image = make_picture(PICTURE_SCENE, W, H, 5);
    uint8_t *samples = malloc(3 * W * H);
    assert_non_null(samples);
    ghm_image planar = { .width = W, .height = H, .planes = { samples, samples + W * H, samples + 2 * W * H },
                         .row_stride = W, .pixel_stride = 1 };
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < W * H; i++)
            planar.planes[c][i] = image.planes[c][3 * i];
    ghm_buffer a = encode(models[0], &image, 60, 1), b = encode(models[0], &planar, 60, 1);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    ghm_buffer_free(&a);
    ghm_buffer_free(&b);
    ghm_image_free(&image);
    free(samples);
}

static int stop_at_once(void *user, double done)
{
    ++*(int *)user;
    return done > 0;
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_FLAT, 20, 20, 1), untouched = { 0 };
    ghm_encode_settings settings;
    ghm_decode_settings decode_settings;
    ghm_buffer out = { 0 };
    ghm_diagnostics diag = { "" };
    int calls = 0;

    ghm_encode_settings_default(&settings);
    settings.quality = 100.5;
    assert_int_equal(ghm_encode_image(models[0], &settings, &image, &out, &diag), GHM_ERR_ARGUMENT);
    assert_non_null(strstr(diag.text, "100.5"));
    settings.quality = 50;
    settings.threads = -1;
    assert_int_equal(ghm_encode_image(models[0], &settings, &image, &out, NULL), GHM_ERR_ARGUMENT);
    settings.threads = 1;
    settings.progress = stop_at_once;
    settings.progress_user = &calls;
    assert_int_equal(ghm_encode_image(models[0], &settings, &image, &out, NULL), GHM_ERR_CANCELLED);
    assert_int_equal(calls, 1);
    assert_null(out.data);

    ghm_buffer stream = encode(models[0], &image, 50, 1);
    ghm_decode_settings_default(&decode_settings);
    decode_settings.max_pixels = 399;
    assert_int_equal(ghm_decode_image(models[0], &decode_settings, stream.data, stream.size, &untouched, NULL), GHM_ERR_LIMIT);
    assert_null(untouched.owned);
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

static void header_tells_the_picture(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_SCENE, 90, 1200, 1);
    ghm_buffer stream = encode(models[0], &image, 42, 1);
    ghm_stream_info info;
    ghm_model_info model_info;

    ghm_model_get_info(models[0], &model_info);
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size, &info, NULL), GHM_OK);
    assert_int_equal(info.width, 90);
    assert_int_equal(info.height, 1200);
    assert_true(info.quality > 41.9 && info.quality < 42.1);
    assert_true(info.model_id == model_info.id);
    assert_int_equal(info.n_bands, 3);
    assert_true(info.complete && info.has_picture_hash);
    assert_true(info.header_bytes < 80);
    assert_int_equal(ghm_stream_get_info(stream.data, stream.size - 5, &info, NULL), GHM_OK);
    assert_false(info.complete);
    ghm_buffer_free(&stream);
    ghm_image_free(&image);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Statistics change nothing, hold every stage that runs and no other, and no more than the process has spent. */
static void statistics_hold_the_stages(void **state)
{
    (void)state;
    ghm_image image = make_picture(PICTURE_SCENE, 200, 1100, 7), decoded = { 0 };
    ghm_encode_settings encode_settings;
    ghm_decode_settings decode_settings;
    ghm_statistics e = { 0 }, d = { 0 };
    ghm_buffer plain = encode(models[0], &image, 60, 3), timed = { 0 };
    ghm_encode_settings_default(&encode_settings);
    encode_settings.threads = 3;
    encode_settings.statistics = &e;
    const double start = cpu_seconds();
    assert_int_equal(ghm_encode_image(models[0], &encode_settings, &image, &timed, NULL), GHM_OK);
    assert_true(e.analysis_seconds > 0 && e.entropy_seconds > 0 && e.context_seconds > 0 && e.synthesis_seconds > 0);
    assert_true(e.analysis_seconds + e.entropy_seconds + e.context_seconds + e.synthesis_seconds <= cpu_seconds() - start);
    assert_int_equal(timed.size, plain.size);
    assert_memory_equal(timed.data, plain.data, plain.size);

    ghm_decode_settings_default(&decode_settings);
    decode_settings.statistics = &d;
    assert_int_equal(ghm_decode_image(models[0], &decode_settings, timed.data, timed.size, &decoded, NULL), GHM_OK);
    assert_true(d.analysis_seconds == 0 && d.entropy_seconds > 0 && d.context_seconds > 0 && d.synthesis_seconds > 0);
    ghm_buffer_free(&plain);
    ghm_buffer_free(&timed);
    ghm_image_free(&image);
    ghm_image_free(&decoded);
}

static void costs_add_up(void **state)
{
    (void)state;
    ghm_model_info info;
    ghm_model_get_info(models[0], &info);
    assert_true(info.encoder_kmac > 0 && info.synthesis_kmac > 0 && info.synthesis_kmac < info.decoder_kmac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(every_kind_comes_back),
        cmocka_unit_test(every_kind_is_good_at_100),
        cmocka_unit_test(streams_do_not_depend_on_threads),
        cmocka_unit_test(rate_rises_with_quality),
        cmocka_unit_test(planar_equals_interleaved),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(header_tells_the_picture),
        cmocka_unit_test(statistics_hold_the_stages),
        cmocka_unit_test(costs_add_up),
    };
    return cmocka_run_group_tests(tests, open_models, close_models);
}
