/* Stored streams of every profile decode to the stored pictures, on every backend and for 1, 2 and 8 threads. hashes.txt
 * has a line for each stream: file name, XXH3-128 of its picture as BITSTREAM.md section 7 defines it, as 32 hexadecimal
 * digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files.h"

#include <gingham/gingham.h>

static void check_hash(const ghm_stream_info *info, const char *hash)
{
    char text[33];
    assert_true(info->complete && info->has_picture_hash);
    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)info->picture_hash[1],
             (unsigned long long)info->picture_hash[0]);
    assert_string_equal(text, hash);
}

/* The decoder compares the picture with the hash in the stream, which is the stored one. */
static void decode(const ghm_model *model, const char *name, const uint8_t *data, size_t size)
{
    static const int threads[] = { 1, 2, 8 };
    for (size_t i = 0; i < 3; i++) {
        ghm_decode_settings settings;
        ghm_image image;
        ghm_diagnostics diag = { "" };
        ghm_decode_settings_default(&settings);
        settings.threads = threads[i];
        if (ghm_decode_image(model, &settings, data, size, &image, &diag) != GHM_OK)
            fail_msg("%s, %d threads: %s", name, threads[i], diag.text);
        ghm_image_free(&image);
    }
}

/* False for streams of another profile. */
static bool check_stream(const ghm_profile_info *profile, const ghm_model *model, const char *name, const char *hash)
{
    size_t size;
    uint8_t *data = read_test_file(GHM_GOLDEN_DIR, name, &size);
    ghm_stream_info info;
    assert_int_equal(ghm_stream_get_info(data, size, &info, NULL), GHM_OK);
    const bool belongs = info.model_id == profile->model_id;
    if (belongs && getenv("GHM_TEST_SMALL") && (uint64_t)info.width * info.height > 65536) {
        print_message("%s is too large for GHM_TEST_SMALL\n", name);
    } else if (belongs) {
        check_hash(&info, hash);
        decode(model, name, data, size);
    }
    free(data);
    return belongs;
}

static int check_profile(const ghm_profile_info *profile, ghm_backend backend)
{
    ghm_model *model;
    char name[128], hash[64];
    int n = 0;
    assert_int_equal(ghm_model_open_profile(profile->name, backend, &model, NULL), GHM_OK);
    FILE *list = fopen(GHM_GOLDEN_DIR "/hashes.txt", "r");
    assert_non_null(list);
    while (fscanf(list, "%127s %63s", name, hash) == 2)
        n += check_stream(profile, model, name, hash);
    fclose(list);
    ghm_model_close(&model);
    if (n == 0)
        fail_msg("profile %s has no golden streams; update.sh makes them", profile->name);
    return n;
}

static int count_listed(void)
{
    FILE *list = fopen(GHM_GOLDEN_DIR "/hashes.txt", "r");
    int n = 0;
    assert_non_null(list);
    while (fscanf(list, "%*127s %*63s") != EOF)
        n++;
    fclose(list);
    return n;
}

static void check_backend(ghm_backend backend)
{
    ghm_profile_info profile;
    int n = 0;

    if (!ghm_backend_available(backend)) {
        print_message("backend %s is not available here and not tested\n", ghm_backend_name(backend));
        return;
    }
    for (size_t i = 0; ghm_profile_get_info(i, &profile); i++)
        n += check_profile(&profile, backend);
    print_message("%s: %d streams, each with 1, 2 and 8 threads\n", ghm_backend_name(backend), n);
    assert_int_equal(n, count_listed());
}

static void portable_c(void **state) { (void)state; check_backend(GHM_BACKEND_C); }
static void openblas(void **state) { (void)state; check_backend(GHM_BACKEND_BLAS); }
static void avx2(void **state) { (void)state; check_backend(GHM_BACKEND_AVX2); }
static void avx512(void **state) { (void)state; check_backend(GHM_BACKEND_AVX512); }
static void avxvnni(void **state) { (void)state; check_backend(GHM_BACKEND_AVXVNNI); }
static void neon(void **state) { (void)state; check_backend(GHM_BACKEND_NEON); }
static void dotprod(void **state) { (void)state; check_backend(GHM_BACKEND_DOTPROD); }

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(portable_c), cmocka_unit_test(openblas), cmocka_unit_test(avx2),
                                        cmocka_unit_test(avx512),     cmocka_unit_test(avxvnni), cmocka_unit_test(neon),
                                        cmocka_unit_test(dotprod) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
