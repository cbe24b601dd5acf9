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

static void released_weights_open(void **state)
{
    (void)state;
    ghm_diagnostics diag;
    ghm_model *model = NULL, *embedded = NULL;
    ghm_model_info a, b;
    assert_int_equal(ghm_model_open(file, file_size, GHM_BACKEND_AUTO, &model, &diag), GHM_OK);
    assert_int_equal(ghm_model_open_default(GHM_BACKEND_AUTO, &embedded, &diag), GHM_OK);
    ghm_model_get_info(model, &a);
    ghm_model_get_info(embedded, &b);
    assert_true(a.id == b.id);
    print_message("%s: %.2f kMAC/px to decode, %.2f more to encode\n", a.name, a.decoder_kmac, a.encoder_kmac);
    assert_true(a.decoder_kmac <= 7.0);
    ghm_model_close(&model);
    ghm_model_close(&embedded);
}

/* Offset, new value, and a word that the sentence must have. */
static void each_violation_has_its_sentence(void **state)
{
    (void)state;
    static const struct { size_t offset; uint8_t value; const char *word; } cases[] = {
        { 0, 'X', "not a weight file" }, { 4, 2, "version" }, { 16, 0xff, "header says" },
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
    uint32_t random = 99;
    int refused = 0;
    assert_non_null(copy);
    for (int i = 0; i < 60; i++) {
        ghm_diagnostics diag;
        memcpy(copy, file, file_size);
        random = random * 1664525u + 1013904223u;
        copy[24 + (random >> 8) % (i < 30 ? 2000 : (uint32_t)file_size - 24)] ^= 0x40;
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
        cmocka_unit_test(released_weights_open),
        cmocka_unit_test(each_violation_has_its_sentence),
        cmocka_unit_test(damage_without_a_new_hash_is_noticed),
        cmocka_unit_test(damage_with_a_right_hash_is_survived),
    };
    return cmocka_run_group_tests(tests, read_weights, free_weights);
}
