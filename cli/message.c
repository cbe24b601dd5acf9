#include "message.h"

#include <stdarg.h>
#include <stdio.h>

#include "progress.h"

static message_level current_level = MESSAGE_WARNINGS;
static _Thread_local char last_failure[512];

void message_set_level(message_level level)
{
    current_level = level;
}

void message_set_verbosity(bool quiet, int verbose)
{
    current_level = quiet ? MESSAGE_ERRORS : verbose > 0 ? MESSAGE_NOTES : MESSAGE_WARNINGS;
}

message_level message_get_level(void)
{
    return current_level;
}

/* File names and library texts come from outside: keep their control characters away from the terminal. */
static void blank_control_characters(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

/* One fprintf a line, because stderr is unbuffered and may be shared. */
static void print_line(const char *kind, const char *subject, const char *format, va_list args)
{
    char name[1024], sentence[1024];
    snprintf(name, sizeof name, "%s%s", subject ? subject : "", subject ? ": " : "");
    vsnprintf(sentence, sizeof sentence, format, args);
    blank_control_characters(name);
    blank_control_characters(sentence);
    progress_hide();
    fprintf(stderr, "gingham: %s%s%s\n", name, kind, sentence);
}

exit_code fail(exit_code code, const char *subject, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("", subject, format, args);
    va_end(args);
    va_start(args, format);
    vsnprintf(last_failure, sizeof last_failure, format, args);
    va_end(args);
    return code;
}

exit_code fail_memory(const char *subject)
{
    return fail(EXIT_LIMIT, subject, "out of memory");
}

const char *message_last_failure(void)
{
    return last_failure;
}

void message_forget_failure(void)
{
    last_failure[0] = '\0';
}

void warn(const char *subject, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (current_level >= MESSAGE_WARNINGS)
        print_line("warning: ", subject, format, args);
    va_end(args);
}

void note(const char *subject, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (current_level >= MESSAGE_NOTES)
        print_line("", subject, format, args);
    va_end(args);
}

static exit_code code_of_status(ghm_status status)
{
    switch (status) {
    case GHM_OK:                 return EXIT_OK;
    case GHM_ERR_ARGUMENT:       return EXIT_USAGE;
    case GHM_ERR_MEMORY:         return EXIT_LIMIT;
    case GHM_ERR_CANCELLED:      return EXIT_GENERIC;
    case GHM_ERR_TRUNCATED:      return EXIT_DAMAGED;
    case GHM_ERR_BITSTREAM:      return EXIT_DAMAGED;
    case GHM_ERR_UNSUPPORTED:    return EXIT_BAD_INPUT;
    case GHM_ERR_CHECKSUM:       return EXIT_DAMAGED;
    case GHM_ERR_MODEL:          return EXIT_WEIGHTS;
    case GHM_ERR_MODEL_MISMATCH: return EXIT_WEIGHTS;
    case GHM_ERR_LIMIT:          return EXIT_LIMIT;
    }
    return EXIT_GENERIC;
}

exit_code fail_status(ghm_status status, const char *subject, const ghm_diagnostics *diag)
{
    if (status == GHM_OK)
        return EXIT_OK;
    return fail(code_of_status(status), subject, "%s", diag->text[0] ? diag->text : ghm_status_string(status));
}
