/* Few bytes must not ask for much: headers of the largest pictures with next to nothing behind them are refused before memory is
 * taken. Allocations are counted by the settings' allocator. */
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
#include "streams.h"

enum { CHEAP = 1 << 20 };

static void add_chunk(ghm_buffer *stream, char type, const uint8_t *payload, size_t n)
{
    ghm_buffer longer = insert_chunk(*stream, stream->size, type, payload, n);
    ghm_buffer_free(stream);
    *stream = longer;
}

/* A sound header of 65535x65535 pixels, and as many empty bands. */
static ghm_buffer make_stream(uint8_t band_rows, size_t n_bands)
{
    ghm_image image = make_picture(PICTURE_FLAT, 1, 1, 1);
    ghm_buffer sample = encode_with(&image, NULL);
    ghm_buffer stream = insert_bytes((ghm_buffer){ sample.data, FIRST_CHUNK }, FIRST_CHUNK, NULL, 0);
    ghm_model_info info;
    uint8_t header[21] = { 1, 0, 0xff, 0xff, 3, 0xff, 0xff, 3 };
    ghm_model_get_info(model, &info);
    for (int i = 0; i < 8; i++)
        header[8 + i] = (uint8_t)(info.id >> (8 * i));
    header[16] = header[17] = 0;
    header[18] = sample.data[find_chunk(sample, 'H').payload + 14]; /* the last anchor, behind one-byte sides */
    header[19] = band_rows;
    add_chunk(&stream, 'H', header, sizeof header);
    for (size_t i = 0; i < n_bands; i++)
        add_chunk(&stream, 'B', NULL, 0);
    ghm_buffer_free(&sample);
    ghm_image_free(&image);
    return stream;
}

static size_t taken;

static void *count(void *user, size_t size)
{
    (void)user;
    taken += size;
    return calloc(1, size);
}

static void give_back(void *user, void *block)
{
    (void)user;
    free(block);
}

static ghm_status decode(ghm_buffer s, uint64_t max_pixels, uint64_t max_memory)
{
    ghm_decode_settings settings;
    ghm_image out = { 0 };
    ghm_diagnostics diag = { "" };
    ghm_decode_settings_default(&settings);
    settings.threads = 1;
    if (max_pixels)
        settings.max_pixels = max_pixels;
    settings.max_memory = max_memory;
    settings.allocator = (ghm_allocator){ count, give_back, NULL };
    taken = 0;
    const ghm_status status = ghm_decode_image(model, &settings, s.data, s.size, &out, &diag);
    assert_null(out.owned);
    print_message("%zu bytes, %zu taken: %s\n", s.size, taken, diag.text);
    return status;
}

static void the_limit_of_pixels_comes_first(void **state)
{
    (void)state;
    ghm_buffer s = make_stream(255, 5);
    assert_true(s.size < 100);
    assert_int_equal(decode(s, 0, 0), GHM_ERR_LIMIT);
    assert_true(taken < CHEAP);
    ghm_buffer_free(&s);
}

static void missing_bands_are_missed_before_memory_is_taken(void **state)
{
    (void)state;
    ghm_buffer none = make_stream(8, 0), some = make_stream(8, 100);
    assert_int_equal(decode(none, UINT64_MAX, 0), GHM_ERR_TRUNCATED);
    assert_true(taken < CHEAP);
    assert_int_equal(decode(some, UINT64_MAX, 0), GHM_ERR_TRUNCATED);
    assert_true(taken < CHEAP);
    ghm_buffer_free(&none);
    ghm_buffer_free(&some);
}

static void a_limit_of_memory_holds(void **state)
{
    (void)state;
    ghm_buffer s = make_stream(255, 5);
    assert_int_equal(decode(s, UINT64_MAX, 64 << 20), GHM_ERR_LIMIT);
    assert_true(taken <= 64 << 20);
    ghm_buffer_free(&s);
}

/* The information that a caller may want first. */
static void telling_the_cost_is_cheap(void **state)
{
    (void)state;
    ghm_buffer s = make_stream(255, 5);
    ghm_stream_info info;
    ghm_decode_cost cost;
    assert_int_equal(ghm_stream_get_info(s.data, s.size, &info, NULL), GHM_OK);
    assert_true(info.width == 65535 && info.height == 65535 && info.complete);
    assert_int_equal(ghm_decode_get_cost(model, NULL, s.data, s.size, &cost, NULL), GHM_OK);
    assert_true(cost.image_bytes == (uint64_t)3 * 65535 * 65535 && cost.n_bands == 5);
    ghm_buffer_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_of_pixels_comes_first),
        cmocka_unit_test(missing_bands_are_missed_before_memory_is_taken),
        cmocka_unit_test(a_limit_of_memory_holds),
        cmocka_unit_test(telling_the_cost_is_cheap),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
