/* output.h - output that is there whole or not at all.
 *
 * A file is written under a temporary name in its directory, flushed to the disk and renamed; on failure and on SIGINT,
 * SIGTERM, SIGHUP and SIGXCPU the temporary file is removed. Devices and pipes that exist already are written directly,
 * and "-" is standard output. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "exit_codes.h"

typedef struct output {
    const char *label;  /* how messages name it; valid as long as the path */
    FILE *file;         /* NULL: closed */
    char *target;       /* where temporary is renamed to, links resolved; NULL: written directly */
    char *temporary;
    bool no_overwrite;
} output;

/* To be called once, early in main(): a closed pipe and a limit on file sizes become write errors, and signals remove
 * temporary files. */
void output_catch_signals(void);

/* From now on the first such signal only sets *stop; another one ends the process as before. Several outputs may then
 * be open at once, one a thread, in threads that output_block_signals() was called in. */
void output_defer_signals(atomic_int *stop);
void output_block_signals(void);

/* "-", or another name of it, such as /dev/stdout: what is printed there would end up in the output. */
bool output_is_stdout(const char *path);

bool output_exists(const char *path);
/* EXIT_SKIPPED with a message when the path exists. */
exit_code output_check_absent(const char *path);
/* EXIT_USAGE with a message when both names lead to one file; "-" never does. */
exit_code output_check_differs(const char *path, const char *input_path);
/* Both, as encode and decode want them before the long work. */
exit_code output_check_names(const char *path, const char *input_path, bool no_overwrite);

/* EXIT_WRITE, EXIT_SKIPPED, or EXIT_USAGE for a terminal, which is no place for binary data. After success exactly one
 * of output_commit(), output_abandon() and output_close() follows. */
exit_code output_open(output *out, const char *path, bool no_overwrite);
exit_code output_write(output *out, const void *data, size_t size);
exit_code output_commit(output *out);
void output_abandon(output *out);
/* The one or the other: commit when code, of the writing, is EXIT_OK. Returns code, or what committing came to. */
exit_code output_close(output *out, exit_code code);

/* Flush what was printed on stdout; returns code, or EXIT_WRITE when code was EXIT_OK and the flush fails. */
exit_code output_finish_stdout(exit_code code);

#endif
