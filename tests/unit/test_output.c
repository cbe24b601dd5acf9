/* Output that is there whole or not at all, where writing fails in a way that no command line can bring about. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "output.h"

enum { FITTING_BYTES = 8192, LINES = 10000 };

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Reports are printed line by line, and what becomes of each is not asked. A write that fails drops the lines in the buffer:
 * when there is room again at the end, all that is left to write goes through. */
static void failed_write_is_remembered(void **state)
{
    (void)state;
    char folder[] = "/tmp/gingham-output.XXXXXX", path[sizeof folder + 8];
    output out;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    assert_int_equal(output_open(&out, path, false), EXIT_OK);
    limit_files(FITTING_BYTES);
    for (int i = 0; i < LINES; i++)
        fprintf(out.file, "line %d\n", i);
    limit_files(RLIM_INFINITY);
    assert_int_equal(output_commit(&out), EXIT_WRITE);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rmdir(folder), 0); /* the temporary file has gone */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(failed_write_is_remembered) };
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
