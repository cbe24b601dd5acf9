/* BD-rate: exact answers where there are some, and values of an independent implementation (numpy: polyfit, and the
 * pchip and Akima formulas; the curves in testdata/curves are compared in tests/cli/bdrate.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "eval/bdrate.h"

static void expect_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9g, expected %.9g", value, expected);
}

static const bd_range everything = { .given = false };

static const rd_curve anchor = { 5, { 0.10, 0.22, 0.45, 0.80, 1.40 }, { 27.1, 29.6, 32.2, 34.9, 37.9 } };

/* Two points in the wrong order. */
static const rd_curve unsorted = { 7,
                                   { 0.07, 0.09, 0.30, 0.29, 0.61, 1.05, 2.0 },
                                   { 26.0, 27.4, 31.2, 31.0, 34.3, 37.2, 40.6 } };

static rd_curve cleaned(rd_curve curve)
{
    curve_clean(&curve);
    return curve;
}

static rd_curve first_points(rd_curve curve, size_t n)
{
    curve.n = n;
    return curve;
}

static void ten_percent(void **state)
{
    (void)state;
    rd_curve test = anchor;
    for (size_t i = 0; i < test.n; i++)
        test.bpp[i] *= 1.1;
    for (int method = BD_PCHIP; method <= BD_AKIMA; method++) {
        const bd_result r = bd_rate(&anchor, &test, (bd_method)method, everything);
        assert_true(r.defined);
        expect_near(r.percent, 10, 1e-9);
        expect_near(r.low, 27.1, 0);
        expect_near(r.high, 37.9, 0);
        expect_near(r.overlap, 1, 1e-12);
    }
}

static void other_implementation(void **state)
{
    (void)state;
    static const double expected[][5] = {
        [BD_PCHIP] = { -15.587955, -14.502521, 18.466506, -15.947107, -18.132076 },
        [BD_CUBIC] = { -13.587232, -15.308904, 15.723639, -15.042608, -15.954874 },
        [BD_AKIMA] = { -15.250395, -13.978255, 17.994650, -15.486708, -17.532575 },
    };
    const rd_curve test = cleaned(unsorted), three = first_points(anchor, 3), two = first_points(anchor, 2);
    for (int i = BD_PCHIP; i <= BD_AKIMA; i++) {
        const bd_method method = (bd_method)i;
        expect_near(bd_rate(&anchor, &test, method, everything).percent, expected[i][0], 1e-5);
        expect_near(bd_rate(&anchor, &test, method, (bd_range){ true, 29, 33 }).percent, expected[i][1], 1e-5);
        expect_near(bd_rate(&test, &anchor, method, everything).percent, expected[i][2], 1e-5);
        expect_near(bd_rate(&three, &test, method, everything).percent, expected[i][3], 1e-5);
        expect_near(bd_rate(&two, &test, method, everything).percent, expected[i][4], 1e-5);
    }
}

static void cleaning(void **state)
{
    (void)state;
    const rd_curve curve = cleaned((rd_curve){ 8,
                                               { 0.4, 0.1, 0.2, 0.3, 0, 0.5, 0.5, NAN },
                                               { 33, 30, 32, 31, 20, INFINITY, 34, 35 } });
    const rd_curve expected = { 4, { 0.1, 0.2, 0.4, 0.5 }, { 30, 32, 33, 34 } };
    assert_int_equal(curve.n, expected.n);
    for (size_t i = 0; i < expected.n; i++) {
        assert_true(curve.bpp[i] == expected.bpp[i]);
        assert_true(curve.quality[i] == expected.quality[i]);
    }
}

static void overlaps(void **state)
{
    (void)state;
    const rd_curve low = { 2, { 0.1, 0.2 }, { 20, 30 } }, high = { 2, { 0.2, 0.4 }, { 28, 40 } };
    const rd_curve higher = { 2, { 1, 2 }, { 30, 40 } }, point = { 1, { 1 }, { 25 } }, nothing = { .n = 0 };
    expect_near(bd_rate(&low, &high, BD_PCHIP, everything).overlap, 0.1, 1e-12);
    expect_near(bd_rate(&low, &high, BD_PCHIP, (bd_range){ true, 27, 29 }).overlap, 0.5, 1e-12);
    assert_false(bd_rate(&low, &high, BD_PCHIP, (bd_range){ true, 31, 39 }).defined);
    assert_false(bd_rate(&low, &higher, BD_PCHIP, everything).defined);
    assert_false(bd_rate(&low, &point, BD_CUBIC, everything).defined);
    assert_false(bd_rate(&nothing, &low, BD_AKIMA, everything).defined);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_percent),
        cmocka_unit_test(other_implementation),
        cmocka_unit_test(cleaning),
        cmocka_unit_test(overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
