/* options.h - one table per subcommand drives parsing, -h, --help, the defaults, the options of single files of a batch
 * and shell completion, so that they cannot disagree. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "exit_codes.h"

/* Stores value in *field. Returns NULL, or what was expected instead: "a number from 0 to 100". */
typedef const char *option_parser(const char *value, void *field);

typedef enum option_use {
    OPTION_COMMON = 1,  /* listed by -h too */
    OPTION_PER_FILE = 2 /* what is written depends on it, and files of a batch may differ in it */
} option_use;

typedef struct option {
    const char *name;     /* after "--" */
    char letter;          /* after "-"; 0: none */
    unsigned use;         /* option_use flags */
    const char *metavar;  /* FILE, FOLDER, PROFILE, PROFILE,..., BACKEND, "one|of|these", or what else the value is; NULL: a
                           * switch; its parser gets "", or NULL to take it back */
    const char *fallback; /* parsed before the command line and shown as the default; NULL: the field stays zero */
    option_parser *parse;
    size_t field;         /* offset in the settings */
    const char *help;
} option;

enum { OPTIONS_MAX = 64 };

/* The texts that the options' values were read from, in the order of the table: given, or the fallback, or NULL. */
typedef struct option_texts {
    const char *of[OPTIONS_MAX];
} option_texts;

typedef struct command {
    const char *name;
    const char *operands; /* for the usage line */
    const char *summary;  /* one sentence */
    const char *details;  /* paragraphs for --help, separated by empty lines; lines are broken by hand */
    const option *options;
    size_t n_options;
    size_t texts; /* offset of an option_texts in the settings; 0: none is kept */
    int min_operands, max_operands;
    const char *too_few;  /* the sentence when there are fewer, but some; NULL: never so */
    const char *too_many; /* the sentence when there are more */
    exit_code (*run)(int argc, char **argv); /* argv[0] is the command's name */
} command;

/* Parse argv into the zeroed settings; operands are moved to argv[1..*n_operands]. Returns true when the command is to
 * run; otherwise help was printed or an error reported, and *code is what to leave with. */
bool options_parse(const command *c, int argc, char **argv, void *settings, int *n_operands, exit_code *code);

/* The option of this name, when it has OPTION_PER_FILE; otherwise NULL with a sentence about what is wrong. */
const option *options_find(const command *c, const char *name, char *sentence, size_t size);

/* Set it, as if it stood at the end of the command line. value: "" for a switch, NULL for one that is not to be set; kept.
 * False with a sentence about what is wrong. */
bool options_set(const command *c, void *settings, const option *o, const char *value, char *sentence, size_t size);

/* "quality=60 background=#ffffff": the options with OPTION_PER_FILE that have a value. To be freed; NULL: no memory. */
char *options_describe(const command *c, const void *settings);

/* complete: every option and the details, as --help; otherwise the common options, as -h. */
void options_print_help(const command *c, bool complete, FILE *file);

/* The sentence with the way to the help, for usage errors found later. */
exit_code options_fail_usage(const command *c, const char *sentence);

#endif
