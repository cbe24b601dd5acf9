/* Weight files that are not what they should be: each is refused with its own sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xxhash.h>

#include "files.h"
#include "random.h"

#include <gingham/gingham.h>

static uint8_t *file;
static size_t file_size;

static int read_weights(void **state)
{
    (void)state;
    file = read_test_file(GHM_WEIGHTS_DIR, "fast.ghmw", &file_size);
    return 0;
}

static int free_weights(void **state)
{
    (void)state;
    free(file);
    return 0;
}

/* Write the hash that the content has now. */
static void reseal(uint8_t *data, size_t size)
{
    const uint64_t hash = XXH3_64bits(data + 16, size - 16);
    for (int i = 0; i < 8; i++)
        data[8 + i] = (uint8_t)(hash >> (8 * i));
}

static ghm_status open_bytes(const uint8_t *data, size_t size, ghm_diagnostics *diag)
{
    ghm_model *model = NULL;
    *diag = (ghm_diagnostics){ "" };
    const ghm_status status = ghm_model_open(data, size, GHM_BACKEND_C, &model, diag);
    assert_true((status == GHM_OK) == (model != NULL));
    ghm_model_close(&model);
    return status;
}

/* What a profile may cost to decode. */
static double kmac_limit(const char *name)
{
    static const struct { const char *name; double kmac; } limits[] = { { "fast", 7 }, { "standard", 25 }, { "best", 200 } };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (strcmp(limits[i].name, name) == 0)
            return limits[i].kmac;
    fail_msg("no limit is known for profile %s", name);
    return 0;
}

static ghm_model_info info_of(ghm_model **model, ghm_status status)
{
    ghm_model_info info;
    assert_int_equal(status, GHM_OK);
    ghm_model_get_info(*model, &info);
    ghm_model_close(model);
    return info;
}

/* The same weights, whichever way they are asked for. */
static void check_profile(const ghm_profile_info *profile)
{
    ghm_diagnostics diag = { "" };
    ghm_model *model = NULL;
    char name[64];
    size_t size;
    snprintf(name, sizeof name, "%s.ghmw", profile->name);
    uint8_t *data = read_test_file(GHM_WEIGHTS_DIR, name, &size);
    const ghm_model_info released = info_of(&model, ghm_model_open(data, size, GHM_BACKEND_AUTO, &model, &diag));
    const ghm_model_info by_name = info_of(&model, ghm_model_open_profile(profile->name, GHM_BACKEND_AUTO, &model, &diag));
    const ghm_model_info by_id = info_of(&model, ghm_model_open_by_id(profile->model_id, GHM_BACKEND_AUTO, &model, &diag));
    free(data);
    assert_string_equal(released.name, profile->name);
    assert_true(released.id == profile->model_id && released.id == by_name.id && released.id == by_id.id);
    assert_true(released.file_bytes == size && by_id.file_bytes == size && by_id.n_parameters == released.n_parameters);
    print_message("%s: %zu parameters, %.2f kMAC/px to decode, %.2f more to encode\n", released.name, released.n_parameters,
                  released.decoder_kmac, released.encoder_kmac);
    assert_true(released.decoder_kmac <= kmac_limit(released.name));
}

static void profiles_are_the_released_weights(void **state)
{
    (void)state;
    ghm_diagnostics diag = { "" };
    ghm_model *model = NULL;
    ghm_profile_info profile;
    size_t n_defaults = 0, i;
    for (i = 0; ghm_profile_get_info(i, &profile); i++) {
        check_profile(&profile);
        if (!profile.is_default)
            continue;
        n_defaults++;
        assert_true(info_of(&model, ghm_model_open_default(GHM_BACKEND_AUTO, &model, &diag)).id == profile.model_id);
    }
    assert_true(i > 0 && n_defaults == 1);
    assert_int_equal(ghm_profile_get_info(SIZE_MAX, &profile), 0);
}

static void unknown_profiles_are_refused(void **state)
{
    (void)state;
    static ghm_model *const somewhere = (ghm_model *)&file;
    ghm_diagnostics diag = { "" };
    ghm_model *model = somewhere;
    assert_int_equal(ghm_model_open_profile("fas", GHM_BACKEND_AUTO, &model, &diag), GHM_ERR_ARGUMENT);
    assert_null(model);
    assert_non_null(strstr(diag.text, "'fas'; built in: fast"));
    diag = (ghm_diagnostics){ "" };
    model = somewhere;
    assert_int_equal(ghm_model_open_by_id(1, GHM_BACKEND_AUTO, &model, &diag), GHM_ERR_MODEL_MISMATCH);
    assert_null(model);
    assert_non_null(strstr(diag.text, "0000000000000001"));
    assert_int_equal(ghm_model_open_profile("fast", (ghm_backend)99, &model, NULL), GHM_ERR_ARGUMENT);
}

/* Offset, new value, and a word that the sentence must have. */
static void each_violation_has_its_sentence(void **state)
{
    (void)state;
    static const struct { size_t offset; uint8_t value; const char *word; } cases[] = {
        { 0, 'X', "not a weight file" }, { 4, 2, "version" }, { 16, 0xff, "header says" },
        { 24, 0x1b, "name" },            /* an escape sequence for a terminal */
        { 24, 0, "name" },               /* nothing, then letters */
        { 39, 'x', "name" },             /* behind its end */
        { 40, 1, "out of range" },       /* n_anchors */
        { 42, 3, "out of range" },       /* n_passes */
        { 44, 200, "out of range" },     /* n_skipped */
        { 48, 1, "multiple of 8" },      /* M */
        { 50, 52, "width Z" },
        { 58, 17, "block list 0" },
    };
    uint8_t *copy = malloc(file_size);
    assert_non_null(copy);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ghm_diagnostics diag;
        memcpy(copy, file, file_size);
        copy[cases[i].offset] = cases[i].value;
        reseal(copy, file_size);
        assert_int_equal(open_bytes(copy, file_size, &diag), GHM_ERR_MODEL);
        print_message("offset %zu: %s\n", cases[i].offset, diag.text);
        assert_non_null(strstr(diag.text, cases[i].word));
    }
    free(copy);
}

static void damage_without_a_new_hash_is_noticed(void **state)
{
    (void)state;
    uint8_t *copy = malloc(file_size);
    ghm_diagnostics diag;
    assert_non_null(copy);
    for (size_t at = 0; at < file_size; at += file_size / 50) {
        memcpy(copy, file, file_size);
        copy[at] ^= 0x10;
        assert_int_equal(open_bytes(copy, file_size, &diag), GHM_ERR_MODEL);
        assert_int_equal(open_bytes(file, at, &diag), GHM_ERR_MODEL);
    }
    free(copy);
}

/* With a right hash the damage reaches every check; it may also be harmless, but never a crash. */
static void damage_with_a_right_hash_is_survived(void **state)
{
    (void)state;
    uint8_t *copy = malloc(file_size);
    test_random r = test_random_open("damage with a right hash");
    int refused = 0;
    assert_non_null(copy);
    for (int i = 0; i < 60; i++) {
        ghm_diagnostics diag;
        memcpy(copy, file, file_size);
        copy[24 + test_random_below(&r, i < 30 ? 2000 : (uint32_t)file_size - 24)] ^= 0x40;
        reseal(copy, file_size);
        refused += open_bytes(copy, file_size, &diag) != GHM_OK;
    }
    print_message("%d of 60 damaged weight files were refused\n", refused);
    assert_true(refused > 0);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_are_the_released_weights),
        cmocka_unit_test(unknown_profiles_are_refused),
        cmocka_unit_test(each_violation_has_its_sentence),
        cmocka_unit_test(damage_without_a_new_hash_is_noticed),
        cmocka_unit_test(damage_with_a_right_hash_is_survived),
    };
    return cmocka_run_group_tests(tests, read_weights, free_weights);
}
