/* gingham: the command. This file only finds the subcommand. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "message.h"
#include "output.h"
#include "suggest.h"

#define MAX_COMMANDS 32

static const char hint[] = "'gingham --help' lists the commands";

static void print_usage(FILE *file)
{
    fprintf(file, "Usage: gingham COMMAND [OPTION]... [OPERAND]...\n\n"
                  "Gingham is a learned image codec.\n\n"
                  "Commands:\n");
    for (size_t i = 0; i < n_commands; i++)
        fprintf(file, "  %-12s%s\n", commands[i]->name, commands[i]->summary);
    fprintf(file, "  %-12s%s\n\n", "help", "Show all there is to say about a command.");
    fprintf(file, "  gingham encode photo.jpg         writes photo.jpg.ghm\n"
                  "  gingham decode photo.jpg.ghm     writes photo.jpg.png\n\n"
                  "'gingham COMMAND -h' shows the common options, '--help' all of them.\n"
                  "'gingham --version' shows version, build and weights.\n");
}

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < n_commands; i++)
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i];
    return NULL;
}

static exit_code fail_unknown_command(const char *word)
{
    const char *names[MAX_COMMANDS];
    for (size_t i = 0; i < n_commands; i++)
        names[i] = commands[i]->name;
    const char *close = suggest_name(word, strlen(word), names, n_commands);
    return fail(EXIT_USAGE, NULL, "unknown %s '%s'%s%s%s; %s", word[0] == '-' ? "option" : "command", word,
                close ? " (did you mean '" : "", close ? close : "", close ? "'?)" : "", hint);
}

static exit_code help(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return EXIT_OK;
    }
    const command *c = find_command(argv[1]);
    if (!c)
        return fail_unknown_command(argv[1]);
    options_print_help(c, true, stdout);
    return EXIT_OK;
}

static exit_code dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0)
        return print_version();
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "help") == 0)
        return help(argc - 1, argv + 1);
    const command *c = find_command(word);
    return c ? c->run(argc - 1, argv + 1) : fail_unknown_command(word);
}

/* A caller may start us with 0, 1 or 2 closed; the next file opened would then take that number and get what is meant
 * for stdout. Fill the gaps with descriptors that fail when used the intended way. */
static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(EXIT_GENERIC);
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    output_catch_signals();
    return output_finish_stdout(dispatch(argc, argv));
}
