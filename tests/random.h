/* random.h - random numbers that can be had again; include after cmocka.h. */
#ifndef GHM_TESTS_RANDOM_H
#define GHM_TESTS_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

typedef struct test_random {
    uint64_t state;
} test_random;

/* Seeded from the environment, GHM_TEST_SEED, or by default the same in every run; prints which. */
static inline test_random test_random_open(const char *test)
{
    const char *given = getenv("GHM_TEST_SEED");
    const uint64_t seed = given ? strtoull(given, NULL, 0) : 20261123;
    print_message("%s: GHM_TEST_SEED=%llu\n", test, (unsigned long long)seed);
    return (test_random){ seed };
}

/* splitmix64 (Vigna, 2015). */
static inline uint64_t test_random_u64(test_random *t)
{
    uint64_t z = t->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 .. n - 1, n > 0. */
static inline uint32_t test_random_below(test_random *t, uint32_t n)
{
    return (uint32_t)((test_random_u64(t) >> 32) * n >> 32);
}

#endif
