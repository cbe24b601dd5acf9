/* Stored streams decode to the stored pictures, on every backend and for 1, 2 and 8 threads. hashes.txt has a line for each
 * stream: file name, XXH3-128 of its picture as BITSTREAM.md section 7 defines it, as 32 hexadecimal digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files.h"

#include <gingham/gingham.h>

/* The decoder compares the picture with the hash in the stream; here the stream's hash is compared with the stored one. */
static void check_stream(const ghm_model *model, const char *name, const char *hash)
{
    size_t size;
    uint8_t *data = read_test_file(GHM_GOLDEN_DIR, name, &size);
    ghm_stream_info info;
    char text[33];
    static const int threads[] = { 1, 2, 8 };

    assert_int_equal(ghm_stream_get_info(data, size, &info, NULL), GHM_OK);
    if (getenv("GHM_TEST_SMALL") && (uint64_t)info.width * info.height > 65536) {
        print_message("%s is too large for GHM_TEST_SMALL\n", name);
        free(data);
        return;
    }
    assert_true(info.complete && info.has_picture_hash);
    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)info.picture_hash[1],
             (unsigned long long)info.picture_hash[0]);
    assert_string_equal(text, hash);
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
    free(data);
}

static void check_backend(ghm_backend backend)
{
    ghm_model *model;
    char name[128], hash[64];
    int n = 0;

    if (!ghm_backend_available(backend)) {
        print_message("backend %s is not available here and not tested\n", ghm_backend_name(backend));
        return;
    }
    assert_int_equal(ghm_model_open_default(backend, &model, NULL), GHM_OK);
    FILE *list = fopen(GHM_GOLDEN_DIR "/hashes.txt", "r");
    assert_non_null(list);
    for (; fscanf(list, "%127s %63s", name, hash) == 2; n++)
        check_stream(model, name, hash);
    fclose(list);
    ghm_model_close(&model);
    print_message("%s: %d streams, each with 1, 2 and 8 threads\n", ghm_backend_name(backend), n);
    assert_true(n > 0);
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
