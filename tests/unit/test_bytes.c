/* The checked cursor and the growing buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static void numbers_are_little_endian(void **state)
{
    (void)state;
    bytes_writer w = { 0 };
    bytes_put_u8(&w, 0x01);
    bytes_put_u16(&w, 0x0302);
    bytes_put_u32(&w, 0x07060504);
    bytes_put_u64(&w, 0x0f0e0d0c0b0a0908);
    assert_int_equal(w.size, 15);
    for (size_t i = 0; i < w.size; i++)
        assert_int_equal(w.data[i], i + 1);

    bytes_reader r = bytes_reader_make(w.data, w.size);
    assert_int_equal(bytes_u8(&r), 0x01);
    assert_int_equal(bytes_u16(&r), 0x0302);
    assert_int_equal(bytes_u32(&r), 0x07060504);
    assert_int_equal(bytes_u64(&r), 0x0f0e0d0c0b0a0908);
    assert_int_equal(bytes_left(&r), 0);
    assert_false(r.overrun);
    free(w.data);
}

/* A read that does not fit gives zero, takes nothing, and spoils all later ones even where they would fit. */
static void overrun_is_sticky(void **state)
{
    (void)state;
    const uint8_t data[3] = { 1, 2, 3 };
    bytes_reader r = bytes_reader_make(data, 3);
    assert_int_equal(bytes_u32(&r), 0);
    assert_true(r.overrun);
    assert_int_equal(bytes_left(&r), 3);
    assert_int_equal(bytes_u8(&r), 0);
    assert_null(bytes_take(&r, 1));
    assert_int_equal(bytes_varint(&r), 0);
    assert_true(r.overrun);

    r = bytes_reader_make(data, 3);
    assert_null(bytes_take(&r, SIZE_MAX));
    r = bytes_reader_make(data, 3);
    assert_ptr_equal(bytes_take(&r, 3), data);
    assert_ptr_equal(bytes_take(&r, 0), data + 3);
    assert_false(r.overrun);
}

static void varints_come_back(void **state)
{
    (void)state;
    static const struct { uint32_t v; size_t size; } cases[] = {
        { 0, 1 }, { 1, 1 }, { 127, 1 }, { 128, 2 }, { 16383, 2 }, { 16384, 3 }, { (1u << 21) - 1, 3 }, { 1u << 21, 4 },
        { (1u << 28) - 1, 4 }, { 1u << 28, 5 }, { UINT32_MAX, 5 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes_writer w = { 0 };
        bytes_put_varint(&w, cases[i].v);
        assert_int_equal(w.size, cases[i].size);
        bytes_reader r = bytes_reader_make(w.data, w.size);
        assert_int_equal(bytes_varint(&r), cases[i].v);
        assert_false(r.overrun);
        assert_int_equal(bytes_left(&r), 0);
        r = bytes_reader_make(w.data, w.size - 1);
        assert_int_equal(bytes_varint(&r), 0);
        assert_true(r.overrun);
        free(w.data);
    }
}

static void bad_varints_are_refused(void **state)
{
    (void)state;
    static const struct { size_t size; uint8_t data[6]; } cases[] = {
        { 2, { 0x80, 0x00 } },                         /* 0 in two bytes */
        { 2, { 0xff, 0x00 } },                         /* 127 in two bytes */
        { 3, { 0x80, 0x80, 0x00 } },
        { 5, { 0xff, 0xff, 0xff, 0xff, 0x10 } },       /* 2^32 + 2^28 - 1 */
        { 5, { 0xff, 0xff, 0xff, 0xff, 0x7f } },
        { 6, { 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 } }, /* six bytes */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes_reader r = bytes_reader_make(cases[i].data, cases[i].size);
        assert_int_equal(bytes_varint(&r), 0);
        assert_true(r.overrun);
    }
}

static void the_buffer_grows(void **state)
{
    (void)state;
    bytes_writer w = { 0 };
    for (uint32_t i = 0; i < 100000; i++)
        bytes_put_u32(&w, i);
    bytes_put(&w, NULL, 0);
    assert_false(w.failed);
    assert_int_equal(w.size, 400000);
    assert_true(w.capacity >= w.size);
    bytes_reader r = bytes_reader_make(w.data, w.size);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(bytes_u32(&r), i);
    free(w.data);
}

static void failure_is_sticky(void **state)
{
    (void)state;
    bytes_writer w = { 0 };
    bytes_put_u8(&w, 1);
    assert_false(bytes_reserve(&w, SIZE_MAX / 2));
    assert_true(w.failed);
    bytes_put_u8(&w, 2);
    assert_false(bytes_reserve(&w, 1));
    assert_int_equal(w.size, 1);
    free(w.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(overrun_is_sticky),
        cmocka_unit_test(varints_come_back),
        cmocka_unit_test(bad_varints_are_refused),
        cmocka_unit_test(the_buffer_grows),
        cmocka_unit_test(failure_is_sticky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
