/* The prior of z: each channel with the table its index names, for what its neighbours leave. */
#include "entropy_test.h"

#include <math.h>

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

/* By BITSTREAM.md: symbols (h, w, n) out of what is coded, in place. */
static void add_predictions(int16_t *symbol, const factorized_weight *weight, size_t h, size_t w, size_t n)
{
    for (size_t i = 0; i < h * w * n; i++) {
        const size_t x = i / n % w, y = i / n / w;
        const int to_the_left = x > 0 ? symbol[i - n] : 0, above = y > 0 ? symbol[i - w * n] : 0;
        const int west = x > 0 ? to_the_left : above, north = y > 0 ? above : to_the_left;
        const int k = symbol[i] + (int)floor((weight[i % n].west * west + weight[i % n].north * north + 32) / 64.0);
        symbol[i] = (int16_t)(k < -32768 ? -32768 : k > 32767 ? 32767 : k);
    }
}

static void symbols_come_back(void **state)
{
    (void)state;
    test_random t = test_random_open("symbols");
    bank *b = make_bank(&t);
    enum { MAX_CHANNELS = 70, MAX_SIDE = 5, MAX_SYMBOLS = MAX_CHANNELS * MAX_SIDE * MAX_SIDE };
    for (int run = 0; run < 300; run++) {
        uint8_t index[MAX_CHANNELS];
        factorized_weight weight[MAX_CHANNELS];
        int16_t left[MAX_SYMBOLS], symbol[MAX_SYMBOLS], decoded[MAX_SYMBOLS];
        const size_t n_channels = 1 + test_random_below(&t, MAX_CHANNELS);
        const size_t h = test_random_below(&t, MAX_SIDE + 1), w = 1 + test_random_below(&t, MAX_SIDE), n = h * w;
        for (size_t c = 0; c < n_channels; c++) {
            index[c] = (uint8_t)test_random_u64(&t);
            weight[c].west = (int8_t)((int)test_random_below(&t, 2 * FACTORIZED_ONE + 1) - FACTORIZED_ONE);
            const int rest = FACTORIZED_ONE - abs(weight[c].west);
            weight[c].north = (int8_t)((int)test_random_below(&t, 2 * (uint32_t)rest + 1) - rest);
        }
        for (size_t i = 0; i < n * n_channels; i++)
            symbol[i] = left[i] = (int16_t)(test_draw(&t, &b->tables[index[i % n_channels]]) % 1000); /* no sum leaves int16 */
        add_predictions(symbol, weight, h, w, n_channels);
        const factorized_prior prior = { b->tables, index, weight, n_channels };
        bytes_writer out = { 0 };
        range_encoder e;
        range_encoder_init(&e, &out);
        factorized_encode(&prior, &e, symbol, h, w);
        assert_true(range_encoder_finish(&e));

        range_decoder d;
        range_decoder_init(&d, out.data, out.size);
        factorized_decode(&prior, &d, decoded, h, w);
        assert_memory_equal(decoded, symbol, n * n_channels * sizeof *symbol);
        assert_int_equal(range_decoder_bytes_left(&d), 0);
        assert_false(range_decoder_damaged(&d));

        range_decoder_init(&d, out.data, out.size); /* the order is position by position, channel fastest */
        double bits = 0;
        for (size_t i = 0; i < n * n_channels; i++) {
            assert_int_equal(cdf_decode(&b->tables[index[i % n_channels]], &d), left[i]);
            bits += cdf_bits(&b->tables[index[i % n_channels]], left[i]);
        }
        assert_float_equal(factorized_bits(&prior, symbol, h, w), bits, 1e-9);
        free(out.data);
    }
    free_bank(b);
}

/* Sound symbols, then an escape code of too many ones: the sound ones come back, all others are what their neighbours predict. */
static void zeros_after_damage(void **state)
{
    (void)state;
    test_random t = test_random_open("damage");
    bank *b = make_bank(&t);
    const uint8_t index[3] = { 1, 200, 77 };
    const factorized_weight weight[3] = { { 0, 0 }, { 64, 0 }, { 0, 64 } };
    const factorized_prior prior = { b->tables, index, weight, 3 };
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
    memset(symbol + N_SOUND, 0, sizeof symbol - N_SOUND * sizeof *symbol);
    add_predictions(symbol, weight, 10, 10, 3);
    factorized_decode(&prior, &d, decoded, 10, 10);
    assert_true(range_decoder_damaged(&d));
    for (int i = 0; i < 300; i++)
        assert_int_equal(decoded[i], symbol[i]);
    free(out.data);
    free_bank(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_come_back),
        cmocka_unit_test(zeros_after_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
