/* Tables of probabilities: what is refused, what is coded with them, and at what cost. */
#include "entropy_test.h"

static void encode(bytes_writer *out, const cdf_table *t, const int *symbol, size_t n)
{
    range_encoder e;
    range_encoder_init(&e, out);
    for (size_t i = 0; i < n; i++)
        cdf_encode(t, &e, symbol[i]);
    assert_true(range_encoder_finish(&e));
}

static void assert_decodes_to(const uint8_t *data, size_t size, const cdf_table *t, const int *symbol, size_t n)
{
    uint8_t *copy = test_exact_copy(data, size);
    range_decoder d;
    range_decoder_init(&d, copy, size);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(cdf_decode(t, &d), symbol[i]);
    assert_false(range_decoder_damaged(&d));
    assert_int_equal(range_decoder_bytes_left(&d), 0);
    free(copy);
}

static bool accepts(int cdf_offset, const uint16_t *frequency, size_t cdf_length)
{
    cdf_table t;
    uint16_t *storage = malloc(cdf_table_storage(CDF_MAX_LENGTH));
    assert_non_null(storage);
    const bool ok = cdf_table_init(&t, cdf_offset, frequency, cdf_length, storage);
    free(storage);
    return ok;
}

static void bad_tables_are_refused(void **state)
{
    (void)state;
    static uint16_t even[CDF_MAX_LENGTH + 1];
    for (size_t i = 0; i < CDF_MAX_LENGTH; i++)
        even[i] = 65536 / CDF_MAX_LENGTH;
    assert_true(accepts(-2000, even, CDF_MAX_LENGTH));
    even[7]++;
    assert_false(accepts(-2000, even, CDF_MAX_LENGTH));
    even[8]--;
    assert_true(accepts(-2000, even, CDF_MAX_LENGTH));
    assert_false(accepts(-2000, even, CDF_MAX_LENGTH - 1));
    even[CDF_MAX_LENGTH - 1]--;
    even[CDF_MAX_LENGTH] = 1;
    assert_false(accepts(-2000, even, CDF_MAX_LENGTH + 1));

    assert_true(accepts(0, (const uint16_t[]){ 65535, 1 }, 2));
    assert_true(accepts(0, (const uint16_t[]){ 1, 65535 }, 2));
    assert_false(accepts(0, (const uint16_t[]){ 65535, 1 }, 1));
    assert_false(accepts(0, (const uint16_t[]){ 65535, 1 }, 0));
    assert_false(accepts(0, (const uint16_t[]){ 65535, 0, 1 }, 3));
    assert_false(accepts(0, (const uint16_t[]){ 65535, 1, 0 }, 3));
    assert_false(accepts(0, (const uint16_t[]){ 0, 65535, 1 }, 3));
    assert_false(accepts(0, (const uint16_t[]){ 65535, 65535, 2 }, 3)); /* 2 * 65536 */

    const uint16_t three[] = { 30000, 30000, 5536 }; /* two values and the escape */
    assert_true(accepts(-32768, three, 3));
    assert_true(accepts(32766, three, 3));
    assert_false(accepts(-32769, three, 3));
    assert_false(accepts(32767, three, 3));
    assert_false(accepts(INT32_MAX, three, 3));
    assert_false(accepts(INT32_MIN, three, 3));
}

/* The second example of RANGE_CODER.md. */
static void the_example_has_its_bytes(void **state)
{
    (void)state;
    static const int symbol[] = { 0, -1, 1, 0, 7, -300, 0 };
    static const uint8_t expected[] = { 0x3d, 0x66, 0x65, 0x36, 0xec, 0xe8 };
    test_table t = test_table_make(-1, (const uint16_t[]){ 10000, 40000, 15000, 536 }, 4);
    bytes_writer out = { 0 };
    encode(&out, &t.table, symbol, 7);
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    assert_decodes_to(out.data, out.size, &t.table, symbol, 7);
    free(out.data);
    test_table_free(&t);
}

static void random_symbols_come_back(void **state)
{
    (void)state;
    test_random r = test_random_open("round trips");
    enum { N = 500 };
    int symbol[N];
    for (int run = 0; run < 1000; run++) {
        test_table t = test_table_random(&r, run % 50 == 0 ? CDF_MAX_LENGTH : 60);
        for (int i = 0; i < N; i++)
            symbol[i] = test_draw(&r, &t.table);
        bytes_writer out = { 0 };
        encode(&out, &t.table, symbol, N);
        assert_decodes_to(out.data, out.size, &t.table, symbol, N);
        free(out.data);
        test_table_free(&t);
    }
}

/* From tables at either end of int16, and one in the middle. */
static void every_int16_can_be_coded(void **state)
{
    (void)state;
    int *symbol = malloc(65536 * sizeof *symbol);
    assert_non_null(symbol);
    for (int i = 0; i < 65536; i++)
        symbol[i] = i - 32768;
    const int offsets[] = { -32768, -1, 32766 };
    for (int k = 0; k < 3; k++) {
        test_table t = test_table_make(offsets[k], (const uint16_t[]){ 30000, 30000, 5536 }, 3);
        bytes_writer out = { 0 };
        encode(&out, &t.table, symbol, 65536);
        assert_decodes_to(out.data, out.size, &t.table, symbol, 65536);
        free(out.data);
        test_table_free(&t);
    }
    free(symbol);
}

static void find_agrees_with_a_plain_search(void **state)
{
    (void)state;
    test_random r = test_random_open("search");
    for (int run = 0; run < 60; run++) {
        test_table t = test_table_random(&r, run % 2 ? CDF_MAX_LENGTH : 20);
        uint32_t entry = 0, end = cdf_frequency(&t.table, 0);
        for (uint32_t v = 0; v < 65536; v++) {
            if (v == end)
                end += cdf_frequency(&t.table, ++entry);
            assert_int_equal(cdf_find(&t.table, v), entry);
        }
        assert_int_equal(entry, t.table.cdf_length - 1);
        assert_int_equal(end, 65536);
        test_table_free(&t);
    }
}

/* The decoder has a short way for the most probable value, and rounding makes it meet codes above the last entry in
 * damaged streams: symbol for symbol the same as target, search and update. */
static void noise_decodes_as_by_search(void **state)
{
    (void)state;
    test_random r = test_random_open("noise");
    for (int run = 0; run < 3000; run++) {
        test_table t = test_table_random(&r, run % 10 ? 12 : CDF_MAX_LENGTH);
        const size_t size = test_random_below(&r, 100);
        uint8_t *data = malloc(size ? size : 1);
        assert_non_null(data);
        for (size_t i = 0; i < size; i++)
            data[i] = run % 3 ? (uint8_t)test_random_u64(&r) : 0xff;
        range_decoder d, plain;
        range_decoder_init(&d, data, size);
        range_decoder_init(&plain, data, size);
        for (int i = 0; i < 300; i++) {
            const uint32_t entry = cdf_find(&t.table, range_decode_target(&plain, 16));
            const uint32_t c = t.table.cdf[entry];
            range_decode_update(&plain, c, c + cdf_frequency(&t.table, entry), 16);
            const int symbol = cdf_decode(&t.table, &d);
            assert_in_range(symbol + 32768, 0, 65535);
            if (entry + 1 == t.table.cdf_length)
                plain = d; /* after an escape code only the fast decoder knows */
            else
                assert_int_equal(symbol, t.table.cdf_offset + (int)entry);
            assert_true(d.code == plain.code && d.range == plain.range);
            if (range_decoder_damaged(&d)) {
                assert_int_equal(symbol, 0);
                break;
            }
        }
        free(data);
        test_table_free(&t);
    }
}

/* An escape, then the raw bits given as a string, then enough to decode. */
static range_decoder decode_escape(const cdf_table *t, const char *bits, uint32_t low, int n_low, int *symbol)
{
    static uint8_t data[64];
    bytes_writer out = { 0 };
    range_encoder e;
    range_encoder_init(&e, &out);
    const uint32_t escape = t->cdf_length - 1;
    range_encode(&e, t->cdf[escape], t->cdf[escape] + cdf_frequency(t, escape), CDF_PRECISION);
    for (const char *b = bits; *b; b++)
        range_encode_bits(&e, *b == '1', 1);
    if (n_low > 0)
        range_encode_bits(&e, low, n_low);
    cdf_encode(t, &e, t->cdf_offset);
    assert_true(range_encoder_finish(&e) && out.size <= sizeof data);
    memcpy(data, out.data, out.size);
    range_decoder d;
    range_decoder_init(&d, data, out.size);
    free(out.data);
    *symbol = cdf_decode(t, &d);
    return d;
}

static void assert_damage(range_decoder d, int symbol, const cdf_table *t)
{
    assert_true(range_decoder_damaged(&d));
    assert_int_equal(symbol, 0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(cdf_decode(t, &d), 0);
    assert_true(range_decoder_damaged(&d));
}

static void bad_escapes_are_damage(void **state)
{
    (void)state;
    const uint16_t frequency[] = { 65000, 300, 236 };
    test_table t = test_table_make(100, frequency, 3); /* values 100 and 101 */
    int symbol;
    range_decoder d = decode_escape(&t.table, "0" "111111111111110", 32767 - 101 - 16384, 14, &symbol);
    assert_int_equal(symbol, 32767);
    assert_false(range_decoder_damaged(&d));
    assert_int_equal(cdf_decode(&t.table, &d), 100);
    d = decode_escape(&t.table, "0" "1111111111111110", 0, 15, &symbol);
    assert_damage(d, symbol, &t.table); /* 101 + 2^15 */
    d = decode_escape(&t.table, "1" "1111111111111110", 100, 15, &symbol);
    assert_int_equal(symbol, -32768);
    assert_false(range_decoder_damaged(&d));
    d = decode_escape(&t.table, "1" "1111111111111110", 101, 15, &symbol);
    assert_damage(d, symbol, &t.table);
    d = decode_escape(&t.table, "1" "1111111111111111" "0", 0, 0, &symbol);
    assert_damage(d, symbol, &t.table);
    test_table_free(&t);
}

/* Bits written are bits promised, for random tables and for one so skewed that a symbol costs 2e-5 bits. */
static void nothing_is_lost(void **state)
{
    (void)state;
    test_random r = test_random_open("loss");
    enum { N_TABLES = 12, N = 200000 };
    for (int skewed = 0; skewed < 2; skewed++) {
        double ideal = 0;
        bytes_writer out = { 0 };
        range_encoder e;
        range_encoder_init(&e, &out);
        for (int k = 0; k < N_TABLES; k++) {
            test_table t = skewed ? test_table_make(0, (const uint16_t[]){ 65535, 1 }, 2) : test_table_random(&r, 100);
            for (int i = 0; i < N; i++) {
                const int symbol = test_draw(&r, &t.table);
                ideal += cdf_bits(&t.table, symbol);
                cdf_encode(&t.table, &e, symbol);
            }
            test_table_free(&t);
        }
        assert_true(range_encoder_finish(&e));
        const double spent = 8.0 * (double)out.size;
        print_message("%d symbols, %s: %.1f bits ideal, %.0f spent, %+.5f %%\n", N_TABLES * N,
                      skewed ? "skewed table" : "random tables", ideal, spent, 100 * (spent / ideal - 1));
        assert_true(spent <= ideal * 1.0005 + 64);
        assert_true(spent >= ideal * 0.9995 - 64);
        free(out.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_tables_are_refused),
        cmocka_unit_test(the_example_has_its_bytes),
        cmocka_unit_test(random_symbols_come_back),
        cmocka_unit_test(every_int16_can_be_coded),
        cmocka_unit_test(find_agrees_with_a_plain_search),
        cmocka_unit_test(noise_decodes_as_by_search),
        cmocka_unit_test(bad_escapes_are_damage),
        cmocka_unit_test(nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
