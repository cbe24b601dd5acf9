/* entropy_test.h - what the tests of the entropy room share: random tables and values, copies of exact size. */
#ifndef GHM_TESTS_UNIT_ENTROPY_TEST_H
#define GHM_TESTS_UNIT_ENTROPY_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entropy/cdf.h"
#include "random.h"

/* n frequencies of at least 1 that sum to `total`, n <= total, nearly even or very uneven. No one exceeds 65535. */
static inline void test_random_frequencies(test_random *t, uint16_t *frequency, uint32_t n, uint32_t total)
{
    uint32_t left = total - n;
    for (uint32_t i = 0; i < n; i++)
        frequency[i] = 1;
    const uint32_t grain = 1 + test_random_below(t, test_random_below(t, 2) ? 16 : total);
    while (left > 0) {
        const uint32_t share = 1 + test_random_below(t, grain < left ? grain : left);
        frequency[test_random_below(t, n)] += (uint16_t)share;
        left -= share;
    }
}

/* A table in memory of exactly the size it asks for, so that a sanitizer sees every step outside. */
typedef struct test_table {
    cdf_table table;
    uint16_t *storage;
} test_table;

static inline test_table test_table_make(int cdf_offset, const uint16_t *frequency, size_t cdf_length)
{
    test_table t = { .storage = malloc(cdf_table_storage(cdf_length)) };
    assert_non_null(t.storage);
    assert_true(cdf_table_init(&t.table, cdf_offset, frequency, cdf_length, t.storage));
    return t;
}

static inline void test_table_free(test_table *t) { free(t->storage); }

static inline test_table test_table_random(test_random *t, uint32_t max_length)
{
    static uint16_t frequency[CDF_MAX_LENGTH];
    const uint32_t length = 2 + test_random_below(t, max_length - 1);
    test_random_frequencies(t, frequency, length, 65536);
    return test_table_make((int)test_random_below(t, 40) - (int)length / 2, frequency, length);
}

/* A value drawn by the table's own probabilities; escapes become values near the table, or anywhere. */
static inline int test_draw(test_random *t, const cdf_table *table)
{
    const uint32_t entry = cdf_find(table, test_random_below(t, 65536));
    const int hi = table->cdf_offset + (int)table->cdf_length - 2;
    if (entry + 1 < table->cdf_length)
        return table->cdf_offset + (int)entry;
    const uint32_t kind = test_random_below(t, 3);
    if (kind == 0)
        return hi + 1 + (int)test_random_below(t, 20);
    if (kind == 1)
        return table->cdf_offset - 1 - (int)test_random_below(t, 20);
    return (int)test_random_below(t, 65536) - 32768;
}

/* A copy of exactly `size` bytes. */
static inline uint8_t *test_exact_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

#endif
