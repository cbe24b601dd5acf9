#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "suggest.h"

#define HELP_COLUMN 28
#define HELP_WIDTH 79

/* -------------------------------------------------------------------------------------------------- help */

/* Words of text from column on, continued on further lines at HELP_COLUMN. */
static void print_wrapped(FILE *file, const char *text, int column)
{
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (column > HELP_COLUMN && column + 1 + length > HELP_WIDTH) {
            fprintf(file, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        if (column > HELP_COLUMN)
            column += fprintf(file, " ");
        column += fprintf(file, "%.*s", length, text);
        text += length;
        text += strspn(text, " ");
    }
    fprintf(file, "\n");
}

static void print_option_help(const option *o, FILE *file)
{
    char text[512];
    int column = o->letter ? fprintf(file, "  -%c, ", o->letter) : fprintf(file, "      ");
    column += fprintf(file, "--%s%s%s", o->name, o->metavar ? " " : "", o->metavar ? o->metavar : "");
    if (column > HELP_COLUMN - 2) {
        fprintf(file, "\n");
        column = 0;
    }
    fprintf(file, "%*s", HELP_COLUMN - column, "");
    snprintf(text, sizeof text, o->fallback ? "%s [default: %s]" : "%s", o->help, o->fallback);
    print_wrapped(file, text, HELP_COLUMN);
}

void options_print_help(const command *c, bool complete, FILE *file)
{
    fprintf(file, "Usage: gingham %s [OPTION]... %s\n\n%s\n", c->name, c->operands, c->summary);
    if (complete && c->details)
        fprintf(file, "\n%s\n", c->details);
    fprintf(file, complete ? "\nOptions:\n" : "\nCommon options:\n");
    for (size_t i = 0; i < c->n_options; i++)
        if (complete || (c->options[i].use & OPTION_COMMON))
            print_option_help(&c->options[i], file);
    fprintf(file, "  -h, --help                short help (-h) or all of it (--help)\n");
}

/* -------------------------------------------------------------------------------------------------- errors */

exit_code options_fail_usage(const command *c, const char *sentence)
{
    return fail(EXIT_USAGE, c->name, "%s; 'gingham %s -h' shows the usage", sentence, c->name);
}

static const char *suggest_option(const command *c, const char *name, size_t length)
{
    const char *names[OPTIONS_MAX];
    for (size_t i = 0; i < c->n_options; i++)
        names[i] = c->options[i].name;
    return suggest_name(name, length, names, c->n_options);
}

static exit_code fail_unknown(const command *c, const char *name, size_t length)
{
    char sentence[256];
    const char *close = suggest_option(c, name, length);
    snprintf(sentence, sizeof sentence, "unknown option '--%.*s'%s%s%s", (int)length, name,
             close ? " (did you mean '--" : "", close ? close : "", close ? "'?)" : "");
    return options_fail_usage(c, sentence);
}

static exit_code fail_option(const command *c, const option *o, const char *sentence)
{
    char text[256];
    snprintf(text, sizeof text, "option --%s %s", o->name, sentence);
    return options_fail_usage(c, text);
}

/* -------------------------------------------------------------------------------------------------- parsing */

typedef struct parser {
    const command *command;
    void *settings;
    int argc, next; /* argv[next] is the next argument to look at */
    char **argv;
    bool help, complete_help;
} parser;

/* NULL, or what was expected instead. */
static const char *store_text(const command *c, void *settings, const option *o, const char *value)
{
    const char *expected = o->parse(value, (char *)settings + o->field);
    if (!expected && c->texts)
        ((option_texts *)((char *)settings + c->texts))->of[o - c->options] = value;
    return expected;
}

static exit_code store(const parser *p, const option *o, const char *value)
{
    const char *expected = store_text(p->command, p->settings, o, value);
    if (!expected)
        return EXIT_OK;
    return fail(EXIT_USAGE, p->command->name, "option --%s: '%s' is not %s", o->name, value, expected);
}

/* value: what stood in the same argument, or NULL to take the next one. */
static exit_code store_value(parser *p, const option *o, const char *value)
{
    if (!value && p->next == p->argc)
        return fail_option(p->command, o, "needs a value");
    return store(p, o, value ? value : p->argv[p->next++]);
}

static const option *find_name(const command *c, const char *name, size_t length)
{
    for (size_t i = 0; i < c->n_options; i++)
        if (strlen(c->options[i].name) == length && strncmp(c->options[i].name, name, length) == 0)
            return &c->options[i];
    return NULL;
}

/* text: NAME or NAME=VALUE. */
static exit_code parse_long(parser *p, const char *text)
{
    const size_t length = strcspn(text, "=");
    const char *value = text[length] ? text + length + 1 : NULL;
    if (strcmp(text, "help") == 0) {
        p->help = p->complete_help = true;
        return EXIT_OK;
    }
    const option *o = find_name(p->command, text, length);
    if (!o)
        return fail_unknown(p->command, text, length);
    if (o->metavar)
        return store_value(p, o, value);
    return value ? fail_option(p->command, o, "takes no value") : store(p, o, "");
}

static const option *find_letter(const command *c, char letter)
{
    for (size_t i = 0; i < c->n_options; i++)
        if (c->options[i].letter == letter)
            return &c->options[i];
    return NULL;
}

/* letters: switches, and at the end perhaps an option with its value: "vq60". */
static exit_code parse_letters(parser *p, const char *letters)
{
    for (; *letters; letters++) {
        const option *o = find_letter(p->command, *letters);
        exit_code code = EXIT_OK;
        if (*letters == 'h') {
            p->help = true;
        } else if (!o) {
            char sentence[] = "unknown option '-?'";
            sentence[sizeof sentence - 3] = *letters;
            code = options_fail_usage(p->command, sentence);
        } else if (o->metavar) {
            return store_value(p, o, letters[1] ? letters + 1 : NULL);
        } else {
            code = store(p, o, "");
        }
        if (code != EXIT_OK)
            return code;
    }
    return EXIT_OK;
}

static exit_code parse_arguments(parser *p, int *n_operands)
{
    bool only_operands = false;
    *n_operands = 0;
    while (p->next < p->argc) {
        char *argument = p->argv[p->next++];
        exit_code code = EXIT_OK;
        if (only_operands || argument[0] != '-' || argument[1] == '\0')
            p->argv[1 + (*n_operands)++] = argument; /* never ahead of next */
        else if (strcmp(argument, "--") == 0)
            only_operands = true;
        else if (argument[1] == '-')
            code = parse_long(p, argument + 2);
        else
            code = parse_letters(p, argument + 1);
        if (code != EXIT_OK)
            return code;
    }
    return EXIT_OK;
}

static exit_code check_operand_count(const command *c, int n_operands)
{
    if (n_operands < c->min_operands)
        return options_fail_usage(c, n_operands == 0 ? "no input is named" : c->too_few);
    if (n_operands > c->max_operands)
        return options_fail_usage(c, c->too_many);
    return EXIT_OK;
}

static void store_fallbacks(const parser *p)
{
    for (size_t i = 0; i < p->command->n_options; i++)
        if (p->command->options[i].fallback)
            store(p, &p->command->options[i], p->command->options[i].fallback);
}

bool options_parse(const command *c, int argc, char **argv, void *settings, int *n_operands, exit_code *code)
{
    parser p = { .command = c, .settings = settings, .argc = argc, .next = 1, .argv = argv };
    store_fallbacks(&p);
    *code = parse_arguments(&p, n_operands);
    if (*code != EXIT_OK)
        return false;
    if (p.help) {
        options_print_help(c, p.complete_help, stdout);
        return false;
    }
    *code = check_operand_count(c, *n_operands);
    return *code == EXIT_OK;
}

/* -------------------------------------------------------------------------------------------------- batches */

const option *options_find(const command *c, const char *name, char *sentence, size_t size)
{
    const option *o = find_name(c, name, strlen(name));
    if (o && (o->use & OPTION_PER_FILE))
        return o;
    const char *close = o ? NULL : suggest_option(c, name, strlen(name));
    snprintf(sentence, size, "'%s' is not an option of single files%s%s%s", name, close ? " (did you mean '" : "",
             close ? close : "", close ? "'?)" : "");
    return NULL;
}

bool options_set(const command *c, void *settings, const option *o, const char *value, char *sentence, size_t size)
{
    const char *expected = store_text(c, settings, o, value);
    if (expected)
        snprintf(sentence, size, "option '%s': '%s' is not %s", o->name, value, expected);
    return !expected;
}

char *options_describe(const command *c, const void *settings)
{
    const option_texts *texts = (const option_texts *)((const char *)settings + c->texts);
    char *description = NULL;
    size_t size;
    FILE *file = open_memstream(&description, &size);
    if (!file)
        return NULL;
    const char *separator = "";
    for (size_t i = 0; i < c->n_options; i++) {
        const option *o = &c->options[i];
        if (!(o->use & OPTION_PER_FILE) || !texts->of[i])
            continue;
        fprintf(file, "%s%s%s%s", separator, o->name, o->metavar ? "=" : "", texts->of[i]);
        separator = " ";
    }
    const bool failed = ferror(file) != 0;
    if (fclose(file) == 0 && !failed)
        return description;
    free(description);
    return NULL;
}
