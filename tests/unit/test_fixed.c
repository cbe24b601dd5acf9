/* The rounding rules of the exact zone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fixed.h"

static void saturation(void **state)
{
    (void)state;
    assert_int_equal(fixed_sat16(32767), 32767);
    assert_int_equal(fixed_sat16(32768), 32767);
    assert_int_equal(fixed_sat16(-32768), -32768);
    assert_int_equal(fixed_sat16(-32769), -32768);
    assert_int_equal(fixed_sat16(INT64_MAX), 32767);
    assert_int_equal(fixed_sat16(INT64_MIN), -32768);
    assert_int_equal(fixed_sat16(-1), -1);
}

/* Halves go up, towards +infinity, on both sides of zero. */
static void round_shift(void **state)
{
    (void)state;
    static const struct { int64_t v; int shift; int64_t expected; } cases[] = {
        { 0, 1, 0 }, { 1, 1, 1 }, { 3, 1, 2 }, { -1, 1, 0 }, { -3, 1, -1 }, { -2, 1, -1 }, { 5, 2, 1 }, { 6, 2, 2 },
        { 7, 2, 2 }, { -5, 2, -1 }, { -6, 2, -1 }, { -7, 2, -2 }, { (int64_t)1 << 61, 62, 1 },
        { ((int64_t)1 << 61) - 1, 62, 0 }, { -((int64_t)1 << 61), 62, 0 }, { -((int64_t)1 << 61) - 1, 62, -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(fixed_round_shift(cases[i].v, cases[i].shift), cases[i].expected);
    for (int64_t v = -100000; v <= 100000; v++)
        assert_int_equal(fixed_round_shift(v, 7), (int64_t)floor((double)v / 128 + 0.5));
}

static void requantize(void **state)
{
    (void)state;
    const int32_t half = 1 << 30; /* 1/2 */
    assert_int_equal(fixed_requantize(3, half), 2);
    assert_int_equal(fixed_requantize(1, half), 1);
    assert_int_equal(fixed_requantize(-1, half), 0);
    assert_int_equal(fixed_requantize(-3, half), -1);
    assert_int_equal(fixed_requantize(-2, half), -1);
    assert_int_equal(fixed_requantize(12345, 0), 0);
    assert_int_equal(fixed_requantize(-12345, 0), 0);
    /* the largest multiplier, just below 1, at the ends of an accumulator */
    assert_int_equal(fixed_requantize(INT32_MAX, INT32_MAX), INT32_MAX - 1);
    assert_int_equal(fixed_requantize(INT32_MIN, INT32_MAX), INT32_MIN + 1);
    assert_int_equal(fixed_requantize(1, INT32_MAX), 1);
    assert_int_equal(fixed_requantize(-1, INT32_MAX), -1);
    /* ties at +1/2 and -1/2, and just beside them */
    assert_int_equal(fixed_requantize(1 << 20, 1 << 10), 1);
    assert_int_equal(fixed_requantize(-(1 << 20), 1 << 10), 0);
    assert_int_equal(fixed_requantize((1 << 20) - 1, 1 << 10), 0);
    assert_int_equal(fixed_requantize(-(1 << 20) - 1, 1 << 10), -1);
}

static void leaky_relu(void **state)
{
    (void)state;
    for (int v = -32768; v <= 32767; v++)
        assert_int_equal(fixed_leaky_relu((int16_t)v), v >= 0 ? v : (int)floor(v / 8.0 + 0.5));
}

/* 2e-5 relative, and the half unit of Q20 that rounding may take, which weighs more for results below 2^-5. */
static void exp2_is_accurate(void **state)
{
    (void)state;
    double worst = 0;
    for (int32_t x = -10 * 4096; x <= 11 * 4096; x++) {
        const double exact = exp2(x / 4096.0) * 1048576;
        const double error = fabs(fixed_exp2_q20(x) - exact);
        assert_true(error <= 2e-5 * exact + 0.5);
        if (exact >= 1 << 20)
            worst = fmax(worst, error / exact);
    }
    print_message("2^x, x >= 0: largest relative error %.3g\n", worst);
    assert_true(worst < 2e-5);
}

static void exp2_is_monotone_and_clamped(void **state)
{
    (void)state;
    for (int32_t x = -10 * 4096; x < 11 * 4096; x++)
        assert_true(fixed_exp2_q20(x) <= fixed_exp2_q20(x + 1));
    for (int32_t octave = -10; octave <= 11; octave++)
        assert_int_equal(fixed_exp2_q20(octave * 4096), (uint32_t)1 << (20 + octave));
    assert_int_equal(fixed_exp2_q20(-10 * 4096 - 1), 1 << 10);
    assert_int_equal(fixed_exp2_q20(INT32_MIN), 1 << 10);
    assert_int_equal(fixed_exp2_q20(INT32_MAX), (uint32_t)1 << 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saturation),
        cmocka_unit_test(round_shift),
        cmocka_unit_test(requantize),
        cmocka_unit_test(leaky_relu),
        cmocka_unit_test(exp2_is_accurate),
        cmocka_unit_test(exp2_is_monotone_and_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
