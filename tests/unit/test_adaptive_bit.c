/* Adaptive bits: the stated example, round trips, and what they cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "entropy/adaptive_bit.h"
#include "random.h"

static bool draw(test_random *r, double p)
{
    return test_random_below(r, 1 << 24) < p * (1 << 24);
}

/* Bytes that n bits take in one context, 1 with probability p; decoded and compared. */
static size_t code(size_t n, double p, test_random *r)
{
    bytes_writer out = { 0 };
    range_encoder e;
    range_decoder d;
    adaptive_bit b = ADAPTIVE_BIT_START;
    const test_random start = *r;
    range_encoder_init(&e, &out);
    for (size_t i = 0; i < n; i++)
        adaptive_bit_encode(&b, &e, draw(r, p));
    assert_true(range_encoder_finish(&e));

    b = ADAPTIVE_BIT_START;
    *r = start;
    range_decoder_init(&d, out.data, out.size);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(adaptive_bit_decode(&b, &d), draw(r, p));
    free(out.data);
    return out.size;
}

static void cost_is_near_the_entropy(void **state)
{
    (void)state;
    enum { N = 200000 };
    test_random r = test_random_open("cost");
    for (double p = 0.002; p < 1; p += 0.0831) {
        const double ideal = N * -(p * log2(p) + (1 - p) * log2(1 - p)) / 8;
        const size_t size = code(N, p, &r);
        print_message("p %.4f: %zu bytes, ideal %.0f\n", p, size, ideal);
        assert_true((double)size < 1.03 * ideal + N / 1000.0); /* a context that forgets after 64 bits cannot know rare ones */
    }
}

static void what_never_changes_costs_nothing(void **state)
{
    (void)state;
    test_random r = test_random_open("what never changes");
    assert_true(code(1, 0, &r) <= 1);
    assert_true(code(1000000, 0, &r) <= 4);
    assert_true(code(1000000, 1, &r) <= 8);
}

/* RANGE_CODER.md, "Examples". */
static void example(void **state)
{
    (void)state;
    static const char bits[] = "0010111110000000000000000000000000000000000000000000000000000000000000000000000000000001";
    static const uint8_t expected[] = { 0x5b, 0xa6, 0x08, 0x84, 0x80 };
    bytes_writer out = { 0 };
    range_encoder e;
    adaptive_bit b = ADAPTIVE_BIT_START;
    range_encoder_init(&e, &out);
    for (const char *p = bits; *p; p++)
        adaptive_bit_encode(&b, &e, *p == '1');
    assert_true(range_encoder_finish(&e));
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    free(out.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cost_is_near_the_entropy),
        cmocka_unit_test(what_never_changes_costs_nothing),
        cmocka_unit_test(example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
