/* message.h - everything the command says on stderr, one line each: "gingham: photo.png: sentence"; and the lines of reports
 * that name files. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stdbool.h>
#include <stdio.h>

#include <gingham/gingham.h>

#include "exit_codes.h"

#if defined(__GNUC__)
#define CLI_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define CLI_PRINTF(f, a)
#endif

typedef enum message_level {
    MESSAGE_ERRORS,   /* --quiet */
    MESSAGE_WARNINGS, /* the usual */
    MESSAGE_NOTES     /* -v */
} message_level;

/* Process-wide. From --quiet and the number of -v, once after the options are parsed; or for a while. */
void message_set_verbosity(bool quiet, int verbose);
void message_set_level(message_level level);
message_level message_get_level(void);

/* An error: printed at every level. Returns code, so that `return fail(...)` reads well. subject: the file or command
 * it is about, or NULL. */
exit_code fail(exit_code code, const char *subject, const char *format, ...) CLI_PRINTF(3, 4);

exit_code fail_memory(const char *subject);

/* The same for a library call that failed: the sentence is the library's. GHM_OK gives EXIT_OK and prints nothing. */
exit_code fail_status(ghm_status status, const char *subject, const ghm_diagnostics *diag);

/* The last sentence that this thread failed with, "" at first and after message_forget_failure(). */
const char *message_last_failure(void);
void message_forget_failure(void);

void warn(const char *subject, const char *format, ...) CLI_PRINTF(2, 3);
void note(const char *subject, const char *format, ...) CLI_PRINTF(2, 3);

/* Print a line of a report for people, or a part of one: for all that holds names, which come from outside. Control
 * characters become '?', as above, but for a line end at the end. One call of stdio, because threads share the file. */
void print_clean(FILE *file, const char *format, ...) CLI_PRINTF(2, 3);

#endif
