/* Work in a process of its own, while signals arrive that this one catches. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "eval/process.h"

enum { SIGNALS = 5, RESULT = 1234 };

static volatile sig_atomic_t n_caught;

static void on_signal(int number)
{
    (void)number;
    n_caught = n_caught + 1;
}

/* As those of cmd_eval.c: calls that wait are not restarted. */
static void catch_signal(int number)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(number, &action, NULL), 0);
}

/* The parent is waiting for the result when one of them comes. */
static exit_code signal_parent(const void *task, void *result)
{
    const struct timespec pause = { 0, 20 * 1000 * 1000 };
    for (int i = 0; i < SIGNALS; i++) {
        nanosleep(&pause, NULL);
        kill(getppid(), *(const int *)task);
    }
    nanosleep(&pause, NULL);
    *(int *)result = RESULT;
    return EXIT_OK;
}

static void signals_do_not_lose_the_result(void **state)
{
    (void)state;
    const int number = SIGTERM;
    int result = 0;
    catch_signal(number);
    assert_int_equal(process_fork(signal_parent, &number, &result, sizeof result), EXIT_OK);
    assert_int_equal(result, RESULT);
    assert_true(n_caught > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(signals_do_not_lose_the_result) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
