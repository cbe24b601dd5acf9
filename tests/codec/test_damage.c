/* Damaged streams: every truncation, thousands of flipped bytes, with the CRCs as they were and with CRCs made right
 * again, so that the damage reaches the parser and the range decoder. Each must end in a clear error or in the intact
 * picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec_test.h"
#include "pictures.h"
#include "random.h"
#include "streams.h"

enum { N_FLIPS = 10000, N_RESEALED = 1500 };

static ghm_image picture; /* as decoded from the intact stream */
static ghm_buffer stream;
static test_random chance;

static int set_up(void **state)
{
    if (open_model(state) != 0)
        return -1;
    chance = test_random_open("damage");
    ghm_image image = make_picture(PICTURE_SCREEN, 60, 24, 1);
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    settings.threads = 1;
    settings.quality = 40;
    stream = encode_with(&image, &settings);
    picture = decode_sound(stream);
    ghm_image_free(&image);
    return 0;
}

static int tear_down(void **state)
{
    ghm_buffer_free(&stream);
    ghm_image_free(&picture);
    return close_model(state);
}

/* Decode; on success the picture must be the intact one, on failure there must be a sentence and no picture. */
static ghm_status decode_damaged(const uint8_t *data, size_t size)
{
    ghm_decode_settings settings;
    ghm_image out = { 0 };
    ghm_diagnostics diag = { "" };
    ghm_stream_info info;

    ghm_decode_settings_default(&settings);
    settings.threads = 1;
    settings.max_pixels = 1 << 16;
    (void)ghm_stream_get_info(data, size, &info, NULL);
    const ghm_status status = ghm_decode_image(model, &settings, data, size, &out, &diag);
    if (status == GHM_OK) {
        assert_true(pictures_equal(&out, &picture));
        ghm_image_free(&out);
    } else {
        assert_true(diag.text[0] != '\0');
        assert_null(out.owned);
    }
    return status;
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    for (size_t size = 0; size < stream.size; size++) {
        uint8_t *copy = malloc(size + 1); /* exact size, so that reading past the end is seen by sanitizers */
        assert_non_null(copy);
        memcpy(copy, stream.data, size);
        uint8_t *exact = realloc(copy, size ? size : 1);
        assert_int_equal(decode_damaged(exact ? exact : copy, size), GHM_ERR_TRUNCATED);
        free(exact ? exact : copy);
    }
}

static void flipped_bytes_are_noticed(void **state)
{
    (void)state;
    uint8_t *copy = malloc(stream.size);
    assert_non_null(copy);
    for (int i = 0; i < N_FLIPS; i++) {
        memcpy(copy, stream.data, stream.size);
        for (uint32_t n = 1 + test_random_below(&chance, 3); n > 0; n--)
            copy[test_random_below(&chance, (uint32_t)stream.size)] ^= (uint8_t)(1 + test_random_below(&chance, 255));
        if (memcmp(copy, stream.data, stream.size) != 0)
            assert_int_not_equal(decode_damaged(copy, stream.size), GHM_OK);
    }
    free(copy);
}

static void damage_behind_right_crcs_is_noticed(void **state)
{
    (void)state;
    uint8_t *copy = malloc(stream.size);
    int n_by_hash = 0;
    assert_non_null(copy);
    for (int i = 0; i < N_RESEALED; i++) {
        memcpy(copy, stream.data, stream.size);
        for (uint32_t n = 1 + test_random_below(&chance, 3); n > 0; n--)
            copy[test_random_below(&chance, (uint32_t)stream.size)] ^= (uint8_t)(1 + test_random_below(&chance, 255));
        seal_chunks(copy, stream.size);
        n_by_hash += decode_damaged(copy, stream.size) == GHM_ERR_CHECKSUM;
    }
    print_message("%d of %d were noticed by the picture hash\n", n_by_hash, N_RESEALED);
    assert_true(n_by_hash > 0);
    free(copy);
}

static void foreign_bytes_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "\x89PNG\r\n\x1a\n", "P6 1 1 255 abc", "\xC7GHN", "GHMW", "" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_not_equal(decode_damaged((const uint8_t *)texts[i], strlen(texts[i])), GHM_OK);
}

static void trailing_bytes_are_refused(void **state)
{
    (void)state;
    uint8_t *copy = calloc(1, stream.size + 1);
    assert_non_null(copy);
    memcpy(copy, stream.data, stream.size);
    assert_int_equal(decode_damaged(copy, stream.size + 1), GHM_ERR_BITSTREAM);
    free(copy);
}

/* A sound optional chunk between header and band is passed over, an unknown critical one is refused, and so is another header. */
static void unknown_chunks(void **state)
{
    (void)state;
    static const struct { char type; ghm_status status; } cases[] = { { 'q', GHM_OK }, { 'Q', GHM_ERR_UNSUPPORTED }, { 'H', GHM_ERR_BITSTREAM } };
    for (size_t i = 0; i < 3; i++) {
        ghm_buffer copy = insert_chunk(stream, find_chunk(stream, 'H').last, cases[i].type, (uint8_t[]){ 1, 2, 3 }, 3);
        assert_int_equal(decode_damaged(copy.data, copy.size), cases[i].status);
        ghm_buffer_free(&copy);
    }
}

/* A bit of what stands beside the picture: refused, and passed over with `partial`. */
static void damaged_metadata_cost_no_picture(void **state)
{
    (void)state;
    static const char types[] = { 'f', 'i', 'e', 'm', 'p', 'c', 'g' };
    static const uint8_t payload[22] = { 0, 1, 2, 3 };
    for (size_t i = 0; i < sizeof types; i++) {
        ghm_buffer copy = insert_chunk(stream, find_chunk(stream, 'H').last, types[i], payload, types[i] == 'f' ? 16 : sizeof payload);
        ghm_decode_settings settings;
        ghm_decode_settings_default(&settings);
        ghm_image sound = decode_with(copy, &settings, GHM_OK);
        copy.data[find_chunk(copy, types[i]).payload + 3] ^= 4;
        ghm_stream_info info;
        assert_int_equal(ghm_stream_get_info(copy.data, copy.size, &info, NULL), GHM_ERR_BITSTREAM);
        assert_true(info.width == picture.width && !info.complete);
        assert_int_equal(decode_damaged(copy.data, copy.size), GHM_ERR_BITSTREAM);
        settings.partial = 1;
        ghm_image rest = decode_with(copy, &settings, GHM_ERR_BITSTREAM);
        assert_true(rest.owned && pictures_equal(&rest, &sound));
        ghm_image_free(&rest);
        ghm_image_free(&sound);
        ghm_buffer_free(&copy);
    }
}

static void other_weights_are_named(void **state)
{
    (void)state;
    ghm_buffer copy = copy_stream(stream);
    const test_chunk header = find_chunk(copy, 'H');
    copy.data[header.payload + 4] ^= 1; /* behind version, kind and two one-byte sides */
    seal_chunk(copy.data, &header);
    assert_int_equal(decode_damaged(copy.data, copy.size), GHM_ERR_MODEL_MISMATCH);
    ghm_buffer_free(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(flipped_bytes_are_noticed),
        cmocka_unit_test(damage_behind_right_crcs_is_noticed),
        cmocka_unit_test(foreign_bytes_are_refused),
        cmocka_unit_test(trailing_bytes_are_refused),
        cmocka_unit_test(unknown_chunks),
        cmocka_unit_test(damaged_metadata_cost_no_picture),
        cmocka_unit_test(other_weights_are_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
