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
#include <xxhash.h>

#include "files.h"
#include "pictures.h"

static uint8_t *put_le(uint8_t *to, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *to++ = (uint8_t)(v >> (8 * i));
    return to;
}

static void print_hash(uint64_t high, uint64_t low, char text[33])
{
    snprintf(text, 33, "%016llx%016llx", (unsigned long long)high, (unsigned long long)low);
}

/* Of the samples that came back, by this program: not what the decoder says of them. */
static void hash_picture(const ghm_image *image, char text[33])
{
    const size_t sample_bytes = image->bit_depth > 8 ? 2 : 1, most = 8 + (size_t)image->width * image->height * 4 * sample_bytes;
    uint8_t *const bytes = malloc(most), *to = bytes;
    assert_non_null(bytes);
    to = put_le(to, image->width, 4);
    to = put_le(to, image->height, 4);
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++)
            for (int c = 0; c < 4; c++)
                if (image->planes[c])
                    to = put_le(to, picture_sample(image, c, x, y), sample_bytes);
    const XXH128_hash_t hash = XXH3_128bits(bytes, (size_t)(to - bytes));
    print_hash(hash.high64, hash.low64, text);
    free(bytes);
}

static void decode(const ghm_model *model, const char *name, const uint8_t *data, size_t size, const char *hash)
{
    static const int threads[] = { 1, 2, 8 };
    for (size_t i = 0; i < 3; i++) {
        ghm_decode_settings settings;
        ghm_image image;
        ghm_diagnostics diag = { "" };
        char text[33];
        ghm_decode_settings_default(&settings);
        settings.threads = threads[i];
        if (ghm_decode_image(model, &settings, data, size, &image, &diag) != GHM_OK)
            fail_msg("%s, %d threads: %s", name, threads[i], diag.text);
        hash_picture(&image, text);
        if (strcmp(text, hash) != 0)
            fail_msg("%s, %d threads: the picture's hash is %s, stored is %s", name, threads[i], text, hash);
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
        char text[33];
        assert_true(info.complete && info.has_picture_hash);
        print_hash(info.picture_hash[1], info.picture_hash[0], text);
        assert_string_equal(text, hash);
        decode(model, name, data, size, hash);
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
        skip();
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
