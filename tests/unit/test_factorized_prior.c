/* The prior of z: each channel with the table its index names. */
#include "entropy_test.h"

#include "entropy/factorized_prior.h"

enum { N_TABLES = 256 };

typedef struct bank {
    test_table owner[N_TABLES];
    cdf_table tables[N_TABLES];
} bank;

static bank *make_bank(test_random *t)
{
    bank *b = malloc(sizeof *b);
    assert_non_null(b);
    for (int i = 0; i < N_TABLES; i++) {
        b->owner[i] = test_table_random(t, 50);
        b->tables[i] = b->owner[i].table;
    }
    return b;
}

static void free_bank(bank *b)
{
    for (int i = 0; i < N_TABLES; i++)
        test_table_free(&b->owner[i]);
    free(b);
}

static void rows_come_back(void **state)
{
    (void)state;
    test_random t = test_random_open("rows");
    bank *b = make_bank(&t);
    enum { MAX_CHANNELS = 70, MAX_POSITIONS = 12 };
    for (int run = 0; run < 300; run++) {
        uint8_t index[MAX_CHANNELS];
        int16_t symbol[MAX_CHANNELS * MAX_POSITIONS], decoded[MAX_CHANNELS * MAX_POSITIONS];
        const size_t n_channels = 1 + test_random_below(&t, MAX_CHANNELS), n = test_random_below(&t, MAX_POSITIONS + 1);
        for (size_t c = 0; c < n_channels; c++)
            index[c] = (uint8_t)test_random_u64(&t);
        for (size_t i = 0; i < n * n_channels; i++)
            symbol[i] = (int16_t)test_draw(&t, &b->tables[index[i % n_channels]]);
        const factorized_prior prior = { b->tables, index, n_channels };
        bytes_writer out = { 0 };
        range_encoder e;
        range_encoder_init(&e, &out);
        factorized_encode(&prior, &e, symbol, n);
        assert_true(range_encoder_finish(&e));

        range_decoder d;
        range_decoder_init(&d, out.data, out.size);
        factorized_decode(&prior, &d, decoded, n);
        assert_memory_equal(decoded, symbol, n * n_channels * sizeof *symbol);
        assert_int_equal(range_decoder_bytes_left(&d), 0);
        assert_false(range_decoder_damaged(&d));

        range_decoder_init(&d, out.data, out.size); /* the order is position by position, channel fastest */
        for (size_t i = 0; i < n * n_channels; i++)
            assert_int_equal(cdf_decode(&b->tables[index[i % n_channels]], &d), symbol[i]);
        free(out.data);
    }
    free_bank(b);
}

/* Sound symbols, then an escape code of too many ones: the sound ones come back, all others are 0. */
static void zeros_after_damage(void **state)
{
    (void)state;
    test_random t = test_random_open("damage");
    bank *b = make_bank(&t);
    const uint8_t index[3] = { 1, 200, 77 };
    const factorized_prior prior = { b->tables, index, 3 };
    int16_t symbol[300];
    enum { N_SOUND = 31 };
    bytes_writer out = { 0 };
    range_encoder e;
    range_encoder_init(&e, &out);
    for (int i = 0; i < N_SOUND; i++) {
        symbol[i] = (int16_t)test_draw(&t, &b->tables[index[i % 3]]);
        cdf_encode(&b->tables[index[i % 3]], &e, symbol[i]);
    }
    const cdf_table *hit = &b->tables[index[N_SOUND % 3]];
    range_encode(&e, hit->cdf[hit->cdf_length - 1], 65536, CDF_PRECISION);
    for (int i = 0; i < 100; i++)
        range_encode_bits(&e, 1, 1);
    assert_true(range_encoder_finish(&e));

    range_decoder d;
    range_decoder_init(&d, out.data, out.size);
    int16_t decoded[300];
    memset(decoded, 0x55, sizeof decoded);
    factorized_decode(&prior, &d, decoded, 100);
    assert_true(range_decoder_damaged(&d));
    for (int i = 0; i < 300; i++)
        assert_int_equal(decoded[i], i < N_SOUND ? symbol[i] : 0);
    free(out.data);
    free_bank(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(zeros_after_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
