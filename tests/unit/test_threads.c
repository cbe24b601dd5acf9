/* The parallel for: every index exactly once, whatever the size of the pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/threads.h"

enum { MAX_TASKS = 500, MAX_WORKERS = 32 };

typedef struct tally {
    atomic_int n_calls[MAX_TASKS];
    atomic_int busy[MAX_WORKERS]; /* no worker runs two tasks at once */
    atomic_int n_wrong;
    size_t n;
    int n_workers;
} tally;

/* Asserts of cmocka jump, which a worker thread must not: mistakes are counted instead. */
static void count(void *user, size_t i, int worker)
{
    tally *t = user;
    if (i >= t->n || worker < 0 || worker >= t->n_workers || atomic_exchange(&t->busy[worker], 1)) {
        t->n_wrong++;
        return;
    }
    t->n_calls[i]++;
    t->busy[worker] = 0;
}

static void run_and_check(thread_pool *pool, size_t n)
{
    tally *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->n = n;
    t->n_workers = thread_pool_size(pool);
    thread_pool_run(pool, n, count, t);
    assert_int_equal(t->n_wrong, 0);
    for (size_t i = 0; i < MAX_TASKS; i++)
        assert_int_equal(t->n_calls[i], i < n);
    free(t);
}

static void every_index_once(void **state)
{
    (void)state;
    static const int sizes[] = { 1, 2, 3, 4, 7, 16, 32 };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        thread_pool *pool = thread_pool_open(sizes[s]);
        assert_non_null(pool);
        assert_int_equal(thread_pool_size(pool), sizes[s]);
        for (int run = 0; run < 50; run++)
            for (size_t n = 0; n <= 5; n++)
                run_and_check(pool, n);
        run_and_check(pool, MAX_TASKS);
        thread_pool_close(pool);
    }
}

/* Opened and closed at once, with work and without: the threads may not have reached their first wait. */
static void short_lives(void **state)
{
    (void)state;
    for (int run = 0; run < 200; run++) {
        thread_pool *pool = thread_pool_open(1 + run % 8);
        assert_non_null(pool);
        if (run % 3)
            run_and_check(pool, (size_t)run);
        thread_pool_close(pool);
    }
    thread_pool_close(NULL);
}

static void set_flag(void *user, size_t i, int worker)
{
    (void)worker;
    ((int *)user)[i] = (int)i + 1;
}

/* What the tasks wrote is visible after the run without further synchronisation. */
static void results_are_visible(void **state)
{
    (void)state;
    thread_pool *pool = thread_pool_open(4);
    assert_non_null(pool);
    for (int run = 0; run < 500; run++) {
        int flag[64] = { 0 };
        thread_pool_run(pool, 64, set_flag, flag);
        for (int i = 0; i < 64; i++)
            assert_int_equal(flag[i], i + 1);
    }
    thread_pool_close(pool);
}

static void there_is_a_cpu(void **state)
{
    (void)state;
    assert_true(threads_available() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_once),
        cmocka_unit_test(short_lives),
        cmocka_unit_test(results_are_visible),
        cmocka_unit_test(there_is_a_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
