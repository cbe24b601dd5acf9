/* The encoder's choice of symbols: the best path there is, by trying all of them in short passes, and by a plain search. */
#include "entropy_test.h"

#include <math.h>

#include "entropy/dependent_quantizer.h"
#include "entropy/trellis.h"

enum { N_SCALES = 5, PRICES = TRELLIS_REACH + 1, SHORT = 5, REACH = 4 /* of the search */ };

/* Prices that rise with the magnitude, faster for small scales. */
static trellis_prices make_prices(test_random *t, float *price, size_t n_skipped)
{
    for (size_t table = 0; table < DQ_N_QUANTIZERS * N_SCALES; table++) {
        float *p = price + table * PRICES;
        p[0] = 0.01f;
        for (int k = 1; k < PRICES; k++)
            p[k] = p[k - 1] + (float)test_random_below(t, 1000) / 4000.0f / (float)(1 + table % N_SCALES);
    }
    return (trellis_prices){ price, N_SCALES, n_skipped };
}

/* Of any scales, within +-reach steps. */
static void draw_elements(test_random *t, uint8_t *scale, float *wanted, size_t n, float reach)
{
    for (size_t i = 0; i < n; i++) {
        scale[i] = (uint8_t)test_random_below(t, N_SCALES);
        wanted[i] = ((float)test_random_below(t, 60001) / 30000.0f - 1.0f) * reach;
    }
}

static double cost_of(const trellis_prices *prices, unsigned state, int scale, float wanted, int symbol)
{
    const double e = wanted - 0.5 * dq_point(state, symbol);
    const size_t table = dq_quantizer(state) * N_SCALES + (size_t)scale, magnitude = (size_t)abs(symbol);
    return e * e + prices->price[table * PRICES + (magnitude < TRELLIS_REACH ? magnitude : TRELLIS_REACH)];
}

static void choose(const trellis_prices *prices, const uint8_t *scale, const float *wanted, int16_t *symbol, size_t n)
{
    trellis *t = malloc(sizeof *t);
    assert_non_null(t);
    trellis_init(t, prices);
    trellis_extend(t, scale, wanted, symbol, n);
    trellis_end(t);
    free(t);
}

/* Costs are rounded to 1/512 of a squared step in the search. */
static double slack(size_t n) { return (double)n / 512; }

static double cost_of_symbols(const trellis_prices *prices, const uint8_t *scale, const float *wanted, const int16_t *symbol,
                              size_t n)
{
    double cost = 0;
    unsigned state = DQ_START;
    for (size_t i = 0; i < n; i++) {
        if (scale[i] < prices->n_skipped) {
            assert_int_equal(symbol[i], 0);
            continue;
        }
        cost += cost_of(prices, state, scale[i], wanted[i], symbol[i]);
        state = dq_next(state, symbol[i]);
    }
    return cost;
}

static double least_cost(const trellis_prices *prices, const uint8_t *scale, const float *wanted, size_t n, unsigned state)
{
    if (n == 0)
        return 0;
    if (scale[0] < prices->n_skipped)
        return least_cost(prices, scale + 1, wanted + 1, n - 1, state);
    double least = INFINITY;
    for (int k = -REACH; k <= REACH; k++) {
        const double rest = least_cost(prices, scale + 1, wanted + 1, n - 1, dq_next(state, k));
        least = fmin(least, cost_of(prices, state, scale[0], wanted[0], k) + rest);
    }
    return least;
}

static void no_path_is_cheaper(void **unused)
{
    (void)unused;
    test_random t = test_random_open("trellis");
    for (int run = 0; run < 300; run++) {
        float price[DQ_N_QUANTIZERS * N_SCALES * PRICES], wanted[SHORT];
        uint8_t scale[SHORT];
        int16_t symbol[SHORT];
        const trellis_prices prices = make_prices(&t, price, (size_t)run % 3);
        draw_elements(&t, scale, wanted, SHORT, 2.5f);
        choose(&prices, scale, wanted, symbol, SHORT);
        const double cost = cost_of_symbols(&prices, scale, wanted, symbol, SHORT);
        assert_true(cost < least_cost(&prices, scale, wanted, SHORT, DQ_START) + slack(SHORT));
    }
}

/* The same by Viterbi's algorithm as dependent_quantizer.h numbers the states, in double precision, a window long. */
static double least_cost_of_window(const trellis_prices *prices, const uint8_t *scale, const float *wanted, size_t n)
{
    double path[DQ_N_STATES], next[DQ_N_STATES], least = INFINITY;
    for (unsigned state = 0; state < DQ_N_STATES; state++)
        path[state] = state == DQ_START ? 0 : INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (scale[i] < prices->n_skipped)
            continue;
        for (unsigned state = 0; state < DQ_N_STATES; state++)
            next[state] = INFINITY;
        for (unsigned state = 0; state < DQ_N_STATES; state++)
            for (int k = (int)lrintf(wanted[i]) - REACH; k <= (int)lrintf(wanted[i]) + REACH; k++) {
                const unsigned to = dq_next(state, k);
                next[to] = fmin(next[to], path[state] + cost_of(prices, state, scale[i], wanted[i], k));
            }
        memcpy(path, next, sizeof path);
    }
    for (unsigned state = 0; state < DQ_N_STATES; state++)
        least = fmin(least, path[state]);
    return least;
}

static void windows_have_their_best_path(void **unused)
{
    (void)unused;
    test_random t = test_random_open("windows");
    for (int run = 0; run < 40; run++) {
        float price[DQ_N_QUANTIZERS * N_SCALES * PRICES], wanted[TRELLIS_WINDOW];
        uint8_t scale[TRELLIS_WINDOW];
        int16_t symbol[TRELLIS_WINDOW];
        const trellis_prices prices = make_prices(&t, price, (size_t)run % 3);
        const size_t n = run < 20 ? TRELLIS_WINDOW : 1 + test_random_below(&t, 200);
        draw_elements(&t, scale, wanted, n, (float)(1 << run % 5));
        choose(&prices, scale, wanted, symbol, n);
        const double cost = cost_of_symbols(&prices, scale, wanted, symbol, n), least = least_cost_of_window(&prices, scale, wanted, n);
        assert_true(cost > least - 1e-6 && cost < least + slack(n) / 8);
    }
}

/* However a pass comes in rows. */
static void rows_are_one_pass(void **unused)
{
    (void)unused;
    enum { N = 5000 };
    static float wanted[N], price[DQ_N_QUANTIZERS * N_SCALES * PRICES];
    static uint8_t scale[N];
    static int16_t symbol[N], in_rows[N];
    test_random t = test_random_open("rows");
    const trellis_prices prices = make_prices(&t, price, 1);
    draw_elements(&t, scale, wanted, N, 2.5f);
    choose(&prices, scale, wanted, symbol, N);
    trellis *made = malloc(sizeof *made);
    assert_non_null(made);
    trellis_init(made, &prices);
    for (int pass = 0; pass < 2; pass++) { /* the first leaves nothing behind */
        for (size_t i = 0, n; i < N; i += n) {
            n = test_random_below(&t, 700);
            n = n < N - i ? n : N - i;
            trellis_extend(made, scale + i, wanted + i, in_rows + i, n);
        }
        trellis_end(made);
        assert_memory_equal(in_rows, symbol, sizeof symbol);
    }
    free(made);
}

/* Passes of many windows: less than three quarters of the squared error of whole steps. */
static void points_are_closer_than_whole_steps(void **unused)
{
    (void)unused;
    enum { N = 20000 };
    static float wanted[N], price[DQ_N_QUANTIZERS * N_SCALES * PRICES];
    static uint8_t scale[N];
    static int16_t symbol[N];
    test_random t = test_random_open("error");
    const trellis_prices prices = { price, N_SCALES, 1 };
    size_t n_coded = 0;
    for (size_t i = 0; i < N; i++) {
        scale[i] = (uint8_t)test_random_below(&t, N_SCALES);
        wanted[i] = ((float)test_random_below(&t, 1000001) - 500000.0f) / 25000.0f;
        n_coded += scale[i] >= 1;
    }
    choose(&prices, scale, wanted, symbol, N);
    const double error = cost_of_symbols(&prices, scale, wanted, symbol, N) / (double)n_coded;
    print_message("squared error %.4f, of whole steps %.4f\n", error, 1 / 12.0);
    assert_true(error < 0.736 / 12); /* theory: 1.33 dB less for 256 states, 1.53 at best */
}

/* All variants that run here are the C code. */
static void variants_agree(void **unused)
{
    (void)unused;
    enum { N = 101 };
    test_random t = test_random_open("variants");
    for (int run = 0; run < 300; run++) {
        const size_t n = test_random_below(&t, N + 1);
        const uint32_t most = run % 3 ? 1 + test_random_below(&t, TRELLIS_MOST) : TRELLIS_MOST;
        int16_t begin[DQ_N_STATES], expected[DQ_N_STATES], path[DQ_N_STATES];
        trellis_costs cost[N];
        static trellis_origins expected_from[N], from[N];
        for (int state = 0; state < DQ_N_STATES; state++)
            begin[state] = (int16_t)(run % 2 ? test_random_below(&t, TRELLIS_FAR + 1) : state == run ? 0 : TRELLIS_FAR);
        for (size_t i = 0; i < n; i++)
            for (int k = 0; k < 4; k++)
                cost[i][k / 2][k % 2] = (int16_t)(run % 4 ? test_random_below(&t, most + 1) : test_random_below(&t, 2) * most);
        memcpy(expected, begin, sizeof begin);
        trellis_variants[trellis_n_variants - 1].extend(expected, cost, expected_from, n);
        for (size_t v = 0; v + 1 < trellis_n_variants; v++) {
            if (!trellis_variants[v].runs()) {
                if (run == 0)
                    print_message("%s does not run here\n", trellis_variants[v].name);
                continue;
            }
            memcpy(path, begin, sizeof begin);
            trellis_variants[v].extend(path, cost, from, n);
            assert_memory_equal(path, expected, sizeof path);
            assert_memory_equal(from, expected_from, n * sizeof *from);
        }
    }
}

static void any_float_will_do(void **unused)
{
    (void)unused;
    static const float wanted[] = { NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 40000.0f, -0.0f, 15000.3f };
    enum { N = sizeof wanted / sizeof *wanted };
    static float price[DQ_N_QUANTIZERS * N_SCALES * PRICES];
    const trellis_prices prices = { price, N_SCALES, 0 };
    uint8_t scale[N] = { 0 };
    int16_t symbol[N];
    choose(&prices, scale, wanted, symbol, N);
    for (int i = 0; i < N; i++)
        assert_in_range(abs(symbol[i]), 0, TRELLIS_MAX_SYMBOL);
    assert_in_range(symbol[1], TRELLIS_MAX_SYMBOL - 8, TRELLIS_MAX_SYMBOL);
    assert_in_range(-symbol[2], TRELLIS_MAX_SYMBOL - 8, TRELLIS_MAX_SYMBOL);
    assert_in_range(symbol[7], 14999, 15002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_path_is_cheaper),
        cmocka_unit_test(windows_have_their_best_path),
        cmocka_unit_test(rows_are_one_pass),
        cmocka_unit_test(points_are_closer_than_whole_steps),
        cmocka_unit_test(variants_agree),
        cmocka_unit_test(any_float_will_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
