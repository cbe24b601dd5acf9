#define _POSIX_C_SOURCE 200809L /* PATH_MAX */
#include "message.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* A byte below the space, DEL, or the second byte of U+0080 to U+009F, which terminals take for ESC and a letter. */
static bool is_control(const char *text, size_t i)
{
    const unsigned char c = (unsigned char)text[i];
    return c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0 && i > 0 && (unsigned char)text[i - 1] == 0xc2);
}

/* File names and library texts come from outside: keep their control characters away from the terminal. */
static void blank_control_characters(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!is_control(text, i))
            continue;
        if ((unsigned char)text[i] >= 0x80) /* not half of a character */
            text[i - 1] = '?';
        text[i] = '?';
    }
}

/* One fprintf a line, because stderr is unbuffered and may be shared. */
static void print_line(const char *kind, const char *subject, const char *format, va_list args)
{
    char name[1024], sentence[1024];
    snprintf(name, sizeof name, "%s%s", subject ? subject : "", subject ? ": " : "");
    vsnprintf(sentence, sizeof sentence, format, args);
    blank_control_characters(name, strlen(name));
    blank_control_characters(sentence, strlen(sentence));
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

void print_clean(FILE *file, const char *format, ...)
{
    char text[2 * PATH_MAX + 1024]; /* some lines name two files */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const size_t length = strlen(text);
    blank_control_characters(text, length > 0 && text[length - 1] == '\n' ? length - 1 : length);
    fputs(text, file);
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
