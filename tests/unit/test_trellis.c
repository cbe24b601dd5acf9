/* The encoder's choice of symbols: the best path there is, by trying all of them in short rows. */
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

static double cost_of(const trellis_prices *prices, unsigned state, int scale, float wanted, int symbol)
{
    const double e = wanted - 0.5 * dq_point(state, symbol);
    const size_t table = dq_quantizer(state) * N_SCALES + (size_t)scale, magnitude = (size_t)abs(symbol);
    return e * e + prices->price[table * PRICES + (magnitude < TRELLIS_REACH ? magnitude : TRELLIS_REACH)];
}

/* Cost of the symbols; the states on the way are those that trellis_choose() told, skipped elements aside. */
static double cost_of_row(const trellis_prices *prices, const uint8_t *scale, const float *wanted, const int16_t *symbol,
                          const uint8_t *told, size_t n)
{
    double cost = 0;
    unsigned state = DQ_START;
    for (size_t i = 0; i < n; i++) {
        if (scale[i] < prices->n_skipped) {
            assert_int_equal(symbol[i], 0);
            continue;
        }
        assert_int_equal(told[i], state);
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
        uint8_t scale[SHORT], state[SHORT];
        int16_t symbol[SHORT];
        const trellis_prices prices = make_prices(&t, price, (size_t)run % 3);
        for (int i = 0; i < SHORT; i++) {
            scale[i] = (uint8_t)test_random_below(&t, N_SCALES);
            wanted[i] = ((float)test_random_below(&t, 60001) - 30000.0f) / 12000.0f;
        }
        trellis_choose(&prices, scale, wanted, symbol, state, SHORT);
        const double cost = cost_of_row(&prices, scale, wanted, symbol, state, SHORT);
        assert_true(cost < least_cost(&prices, scale, wanted, SHORT, DQ_START) + 1e-4);
    }
}

/* Rows of many windows: half the squared error of whole steps, or nearly so. */
static void points_are_closer_than_whole_steps(void **unused)
{
    (void)unused;
    enum { N = 20000 };
    static float wanted[N], price[DQ_N_QUANTIZERS * N_SCALES * PRICES];
    static uint8_t scale[N], state[N];
    static int16_t symbol[N], again[N];
    test_random t = test_random_open("error");
    const trellis_prices prices = { price, N_SCALES, 1 };
    size_t n_coded = 0;
    for (size_t i = 0; i < N; i++) {
        scale[i] = (uint8_t)test_random_below(&t, N_SCALES);
        wanted[i] = ((float)test_random_below(&t, 1000001) - 500000.0f) / 25000.0f;
        n_coded += scale[i] >= 1;
    }
    trellis_choose(&prices, scale, wanted, symbol, state, N);
    const double error = cost_of_row(&prices, scale, wanted, symbol, state, N) / (double)n_coded;
    print_message("squared error %.4f, of whole steps %.4f\n", error, 1 / 12.0);
    assert_true(error < 0.82 / 12); /* theory: 10^-0.09 */
    trellis_choose(&prices, scale, wanted, again, NULL, N);
    assert_memory_equal(again, symbol, sizeof symbol);
}

static void any_float_will_do(void **unused)
{
    (void)unused;
    static const float wanted[] = { NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 40000.0f, -0.0f, 15000.3f };
    enum { N = sizeof wanted / sizeof *wanted };
    static float price[DQ_N_QUANTIZERS * N_SCALES * PRICES];
    const trellis_prices prices = { price, N_SCALES, 0 };
    uint8_t scale[N] = { 0 }, state[N];
    int16_t symbol[N];
    trellis_choose(&prices, scale, wanted, symbol, state, N);
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
        cmocka_unit_test(points_are_closer_than_whole_steps),
        cmocka_unit_test(any_float_will_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
