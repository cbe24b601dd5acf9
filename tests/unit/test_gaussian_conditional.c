/* The prior of y: rows with any pattern of skipped elements, and the points that symbols become. */
#include "entropy_test.h"

#include <math.h>

#include "entropy/dependent_quantizer.h"
#include "entropy/gaussian_conditional.h"

enum { N_SCALES = 64 };

static double normal_above(double v) { return 0.5 * erfc(v / sqrt(2)); }

/* The rounded normal distribution, 4 sigma wide, and the escape. */
static test_table make_table(double sigma)
{
    uint16_t frequency[CDF_MAX_LENGTH];
    const int reach = 1 + (int)(4 * sigma);
    const int n = 2 * reach + 1;
    int sum = 0;
    for (int i = 0; i < n; i++) {
        const double p = normal_above((i - reach - 0.5) / sigma) - normal_above((i - reach + 0.5) / sigma);
        frequency[i] = (uint16_t)fmax(1, floor(65000 * p));
        sum += frequency[i];
    }
    frequency[n] = 8;
    frequency[reach] += (uint16_t)(65536 - 8 - sum);
    return test_table_make(-reach, frequency, (size_t)n + 1);
}

/* Sigma 0.11 .. 32, log spaced; of quantizer 1 from the largest down, so that the wrong table is noticed. */
typedef struct fixture {
    test_table owner[2 * N_SCALES];
    cdf_table tables[2 * N_SCALES];
} fixture;

static int set_up(void **state)
{
    fixture *f = malloc(sizeof *f);
    assert_non_null(f);
    for (int i = 0; i < 2 * N_SCALES; i++) {
        const int scale = i < N_SCALES ? i : 2 * N_SCALES - 1 - i;
        f->owner[i] = make_table(0.11 * pow(32 / 0.11, scale / (N_SCALES - 1.0)));
        f->tables[i] = f->owner[i].table;
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 2 * N_SCALES; i++)
        test_table_free(&f->owner[i]);
    free(f);
    return 0;
}

typedef struct row {
    size_t n;
    uint8_t *scale_index;
    int16_t *symbol;
} row;

/* Arrays of exactly n elements. */
static row make_row(test_random *t, const gaussian_conditional *g, size_t n, uint32_t percent_skipped)
{
    row r = { n, malloc(n ? n : 1), malloc(n ? 2 * n : 1) };
    assert_true(r.scale_index && r.symbol);
    for (size_t i = 0; i < n; i++) {
        const bool skip = g->n_skipped > 0 && test_random_below(t, 100) < percent_skipped;
        const uint32_t from = skip ? 0 : (uint32_t)g->n_skipped, to = skip ? (uint32_t)g->n_skipped : N_SCALES;
        r.scale_index[i] = (uint8_t)(from + test_random_below(t, to - from));
        r.symbol[i] = skip ? 0 : (int16_t)test_draw(t, &g->tables[r.scale_index[i]]);
    }
    return r;
}

static void free_row(row *r)
{
    free(r->scale_index);
    free(r->symbol);
}

/* BITSTREAM.md section 4, written down once more: [quantizer][parity]. */
static const unsigned flips[2][2] = { { 0, 117 }, { 131, 246 } };

/* Point of a symbol, and the next state. */
static int16_t walk(unsigned *at, int symbol)
{
    const unsigned quantizer = *at % 2;
    int point = 2 * symbol;
    if (quantizer == 1 && symbol != 0)
        point -= symbol > 0 ? 1 : -1;
    *at = *at / 2 ^ flips[quantizer][symbol % 2 != 0];
    return (int16_t)(point < -32768 ? -32768 : point > 32767 ? 32767 : point);
}

/* Points of the row, to be freed. *at: the state before and behind it. */
static int16_t *expected_points(const gaussian_conditional *g, const row *r, unsigned *at)
{
    int16_t *points = malloc(r->n ? 2 * r->n : 1);
    assert_non_null(points);
    for (size_t i = 0; i < r->n; i++)
        points[i] = r->scale_index[i] < g->n_skipped ? 0 : walk(at, r->symbol[i]);
    return points;
}

static void rows_come_back(void **state)
{
    const fixture *f = *state;
    test_random t = test_random_open("rows");
    static const uint8_t n_skipped[] = { 0, 1, 5, 63 };
    static const uint8_t percent[] = { 0, 50, 85, 99, 100 };
    for (size_t n = 0; n < 300; n += n < 150 ? 1 : 37)
        for (int k = 0; k < 20; k++) {
            const gaussian_conditional g = { f->tables, N_SCALES, n_skipped[k % 4] };
            row a = make_row(&t, &g, n, percent[k / 4]), b = make_row(&t, &g, n, 20);
            unsigned walked = 0, encoder_state = DQ_START, decoder_state = DQ_START;
            int16_t *a_points = expected_points(&g, &a, &walked), *b_points = expected_points(&g, &b, &walked);
            bytes_writer out = { 0 };
            range_encoder e;
            range_encoder_init(&e, &out);
            gaussian_encode_row(&g, &e, &encoder_state, a.scale_index, a.symbol, n);
            gaussian_encode_row(&g, &e, &encoder_state, b.scale_index, b.symbol, n);
            assert_true(range_encoder_finish(&e));

            range_decoder d;
            range_decoder_init(&d, out.data, out.size);
            int16_t *decoded = malloc(n ? 2 * n : 1);
            assert_non_null(decoded);
            memset(decoded, 0x55, 2 * n);
            gaussian_decode_row(&g, &d, &decoder_state, a.scale_index, decoded, n);
            assert_memory_equal(decoded, a_points, 2 * n);
            assert_memory_equal(a.symbol, a_points, 2 * n);
            gaussian_decode_row(&g, &d, &decoder_state, b.scale_index, decoded, n);
            assert_memory_equal(decoded, b_points, 2 * n);
            assert_int_equal(encoder_state, walked);
            assert_int_equal(decoder_state, walked);
            assert_false(range_decoder_damaged(&d));
            assert_int_equal(range_decoder_bytes_left(&d), 0);
            free(decoded);
            free(a_points);
            free(b_points);
            free(out.data);
            free_row(&a);
            free_row(&b);
        }
}

static void all_128_scales_and_all_skipped(void **state)
{
    const fixture *f = *state;
    cdf_table tables[2 * GAUSSIAN_MAX_SCALES];
    uint8_t scale_index[GAUSSIAN_MAX_SCALES];
    int16_t symbol[GAUSSIAN_MAX_SCALES], decoded[GAUSSIAN_MAX_SCALES];
    for (int i = 0; i < GAUSSIAN_MAX_SCALES; i++) {
        tables[i] = f->tables[i / 2];
        tables[GAUSSIAN_MAX_SCALES + i] = f->tables[N_SCALES + i / 2];
        scale_index[i] = (uint8_t)i;
    }
    for (size_t n_skipped = 0; n_skipped <= GAUSSIAN_MAX_SCALES; n_skipped++) {
        const gaussian_conditional g = { tables, GAUSSIAN_MAX_SCALES, n_skipped };
        for (size_t i = 0; i < GAUSSIAN_MAX_SCALES; i++)
            symbol[i] = i < n_skipped ? 0 : (int16_t)(1 + i % 3);
        bytes_writer out = { 0 };
        range_encoder e;
        unsigned encoder_state = DQ_START, decoder_state = DQ_START;
        range_encoder_init(&e, &out);
        gaussian_encode_row(&g, &e, &encoder_state, scale_index, symbol, GAUSSIAN_MAX_SCALES);
        assert_true(range_encoder_finish(&e));
        assert_int_equal(out.size == 0, n_skipped == GAUSSIAN_MAX_SCALES);
        range_decoder d;
        range_decoder_init(&d, out.data, out.size);
        gaussian_decode_row(&g, &d, &decoder_state, scale_index, decoded, GAUSSIAN_MAX_SCALES);
        assert_memory_equal(decoded, symbol, sizeof symbol); /* points by now */
        free(out.data);
    }
}

/* Noise: whatever comes, once it is damaged the rest is zero, of this row and of the next. */
static void zeros_after_damage(void **state)
{
    const fixture *f = *state;
    const gaussian_conditional g = { f->tables, N_SCALES, 10 };
    test_random t = test_random_open("damage");
    enum { N = 2000 };
    int n_damaged = 0;
    for (int run = 0; run < 200; run++) {
        row r = make_row(&t, &g, N, 85);
        uint8_t data[256];
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = run % 2 ? 0xff : (uint8_t)test_random_u64(&t);
        range_decoder d, one_by_one;
        range_decoder_init(&d, data, sizeof data);
        range_decoder_init(&one_by_one, data, sizeof data);
        unsigned state_of_row = DQ_START, at = 0;
        gaussian_decode_row(&g, &d, &state_of_row, r.scale_index, r.symbol, N);
        for (size_t i = 0; i < N; i++) {
            const cdf_table *table = &g.tables[at % 2 * N_SCALES + r.scale_index[i]];
            const bool coded = r.scale_index[i] >= g.n_skipped;
            assert_int_equal(r.symbol[i], coded ? walk(&at, cdf_decode(table, &one_by_one)) : 0);
            assert_true(!range_decoder_damaged(&one_by_one) || r.symbol[i] == 0);
        }
        assert_int_equal(range_decoder_damaged(&d), range_decoder_damaged(&one_by_one));
        n_damaged += range_decoder_damaged(&d);
        free_row(&r);
    }
    print_message("%d of 200 streams of noise damaged\n", n_damaged);
    assert_true(n_damaged > 0);
}

static void nothing_is_lost(void **state)
{
    const fixture *f = *state;
    const gaussian_conditional g = { f->tables, N_SCALES, 6 };
    test_random t = test_random_open("loss");
    row r = make_row(&t, &g, 8000000, 85);
    double ideal = 0;
    size_t n_coded = 0;
    unsigned at = 0, encoder_state = DQ_START;
    for (size_t i = 0; i < r.n; i++)
        if (r.scale_index[i] >= g.n_skipped) {
            ideal += cdf_bits(&g.tables[at % 2 * N_SCALES + r.scale_index[i]], r.symbol[i]);
            walk(&at, r.symbol[i]);
            n_coded++;
        }
    assert_float_equal(gaussian_bits_of_row(&g, DQ_START, r.scale_index, r.symbol, r.n), ideal, 1e-9 * ideal);
    bytes_writer out = { 0 };
    range_encoder e;
    range_encoder_init(&e, &out);
    gaussian_encode_row(&g, &e, &encoder_state, r.scale_index, r.symbol, r.n);
    assert_true(range_encoder_finish(&e));
    const double spent = 8.0 * (double)out.size;
    print_message("%zu coded of %zu: %.1f bits ideal, %.0f spent, %+.5f %%\n", n_coded, r.n, ideal, spent,
                  100 * (spent / ideal - 1));
    assert_true(n_coded >= 1000000);
    assert_true(spent <= ideal * 1.0005 + 64);
    free(out.data);
    free_row(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(all_128_scales_and_all_skipped),
        cmocka_unit_test(zeros_after_damage),
        cmocka_unit_test(nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
