/* cmd_completion.c - gingham completion: what a shell needs to complete our command lines, from the option tables. */
#include <ctype.h>
#include <string.h>

#include <gingham/gingham.h>

#include "commands.h"

static exit_code completion_run(int argc, char **argv);

const command completion_command = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "Print a script by which a shell completes command lines.",
    .details =
        "An installation has put these where the shells look for them. Otherwise:\n\n"
        "  . <(gingham completion bash)\n"
        "  gingham completion zsh >\"${fpath[1]}/_gingham\"\n"
        "  gingham completion fish >~/.config/fish/completions/gingham.fish",
    .max_operands = 1,
    .too_many = "one shell at a time",
    .run = completion_run,
};

/* -------------------------------------------------------------------------------------------------- the tables */

static bool takes(const option *o, const char *metavar)
{
    return o->metavar && strcmp(o->metavar, metavar) == 0;
}

/* One, or the first of a list. */
static bool takes_profile(const option *o)
{
    return takes(o, "PROFILE") || takes(o, "PROFILE,...");
}

/* "one|of|these", or the names of profiles or backends */
static bool takes_words(const option *o)
{
    return (o->metavar && strchr(o->metavar, '|')) || takes_profile(o) || takes(o, "BACKEND");
}

static void print_profiles(void)
{
    ghm_profile_info profile;
    for (size_t i = 0; ghm_profile_get_info(i, &profile); i++)
        printf("%s%s", i == 0 ? "" : " ", profile.name);
}

/* All of them: the script may be made on one machine for others. */
static void print_backends(void)
{
    const char *name;
    for (int i = 0; (name = ghm_backend_name((ghm_backend)i)) != NULL; i++)
        printf("%s%s", i == 0 ? "" : " ", name);
}

/* "one of these" */
static void print_words(const option *o)
{
    if (takes_profile(o)) {
        print_profiles();
    } else if (takes(o, "BACKEND")) {
        print_backends();
    } else {
        for (const char *text = o->metavar; *text; text++)
            putchar(*text == '|' ? ' ' : *text);
    }
}

/* Operands in lower case stand for themselves: "info [FILE]" gives "info", "bash|zsh" gives "bash zsh". */
static void print_operand_words(const command *c)
{
    const char *text = c->operands;
    while (*text) {
        const size_t length = strcspn(text, " ");
        bool literal = islower((unsigned char)text[0]);
        for (size_t i = 0; i < length; i++)
            literal = literal && (islower((unsigned char)text[i]) || text[i] == '|');
        for (size_t i = 0; literal && i < length; i++)
            putchar(text[i] == '|' ? ' ' : text[i]);
        if (literal)
            putchar(' ');
        text += length;
        text += strspn(text, " ");
    }
}

static void print_command_names(void)
{
    for (size_t i = 0; i < n_commands; i++)
        printf("%s ", commands[i]->name);
    printf("help");
}

/* text for a place between single quotes; each of specials with a backslash. */
static void print_quoted(const char *text, const char *specials)
{
    for (; *text; text++) {
        if (*text == '\'')
            printf("'\\'"); /* '\'' */
        else if (strchr(specials, *text))
            putchar('\\');
        putchar(*text);
    }
}

/* The first clause of the help. */
static void print_short_help(const option *o, const char *specials)
{
    char text[128];
    snprintf(text, sizeof text, "%.*s", (int)strcspn(o->help, ";"), o->help);
    print_quoted(text, specials);
}

/* -------------------------------------------------------------------------------------------------- bash */

/* "--quality|-q" */
static void print_bash_pattern(const option *o)
{
    printf("        --%s", o->name);
    if (o->letter)
        printf("|-%c", o->letter);
    printf(") ");
}

static void print_bash_values(const command *c)
{
    printf("        case $previous in\n");
    for (size_t i = 0; i < c->n_options; i++) {
        const option *o = &c->options[i];
        if (!o->metavar)
            continue;
        print_bash_pattern(o);
        if (takes_words(o)) {
            printf("words='");
            print_words(o);
            printf("' ;;\n");
        } else if (takes(o, "FILE")) {
            printf("return ;;\n");
        } else {
            printf("compopt +o default%s; return ;;\n", takes(o, "FOLDER") ? " -o dirnames" : "");
        }
    }
    printf("        esac\n");
}

static void print_bash_command(const command *c)
{
    printf("    %s)\n        options='", c->name);
    for (size_t i = 0; i < c->n_options; i++)
        printf("--%s ", c->options[i].name);
    printf("--help'\n        operands='");
    print_operand_words(c);
    printf("'\n");
    print_bash_values(c);
    printf("        ;;\n");
}

static void print_bash(void)
{
    printf("# Completion for bash, made by 'gingham completion bash'.\n"
           "_gingham()\n{\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local options='' operands='' words=''\n"
           "    COMPREPLY=()\n"
           "    # --option=value comes as three words\n"
           "    if [ \"$current\" = = ]; then\n        current=''\n"
           "    elif [ \"$previous\" = = ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n"
           "        previous=${COMP_WORDS[COMP_CWORD-2]}\n    fi\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='");
    print_command_names();
    printf(" --help --version'\n    else\n    case ${COMP_WORDS[1]} in\n    help) words='");
    print_command_names();
    printf("' ;;\n");
    for (size_t i = 0; i < n_commands; i++)
        print_bash_command(commands[i]);
    printf("    esac\n    fi\n"
           "    if [ -z \"$words\" ]; then\n"
           "        case $current in\n        -*) words=$options ;;\n        *) words=$operands ;;\n        esac\n    fi\n"
           "    [ -z \"$words\" ] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "}\n"
           "complete -o default -F _gingham gingham\n");
}

/* -------------------------------------------------------------------------------------------------- zsh */

static void print_zsh_option(const option *o)
{
    printf(" \\\n      ");
    if (o->letter && o->metavar)
        printf("'(-%c --%s)'{-%c+,--%s=}", o->letter, o->name, o->letter, o->name);
    else if (o->letter)
        printf("'(-%c --%s)'{-%c,--%s}", o->letter, o->name, o->letter, o->name);
    else
        printf("--%s%s", o->name, o->metavar ? "=" : "");
    printf("'[");
    print_short_help(o, "[]:\\");
    printf("]");
    if (takes_words(o)) {
        printf(":value:(");
        print_words(o);
        printf(")");
    } else if (o->metavar) {
        printf(":%s:%s", o->metavar, takes(o, "FILE") ? "_files" : takes(o, "FOLDER") ? "_files -/" : "");
    }
    printf("'");
}

static void print_zsh_command(const command *c)
{
    printf("  %s)\n    _arguments -s '(- *)'{-h,--help}'[help]'", c->name);
    for (size_t i = 0; i < c->n_options; i++)
        print_zsh_option(&c->options[i]);
    printf(" \\\n      '*:operand:{ compadd -- ");
    print_operand_words(c);
    printf("; _files }' ;;\n");
}

static void print_zsh(void)
{
    printf("#compdef gingham\n# Completion for zsh, made by 'gingham completion zsh'.\n"
           "_gingham() {\n  local -a names\n  names=(");
    for (size_t i = 0; i < n_commands; i++) {
        printf("\n    '%s:", commands[i]->name);
        print_quoted(commands[i]->summary, ":\\");
        printf("'");
    }
    printf("\n    'help:Show all there is to say about a command.'\n  )\n"
           "  if (( CURRENT == 2 )); then\n    _describe command names\n    return\n  fi\n"
           "  shift words\n  (( CURRENT-- ))\n"
           "  case $words[1] in\n  help) _describe command names ;;\n");
    for (size_t i = 0; i < n_commands; i++)
        print_zsh_command(commands[i]);
    printf("  esac\n}\n_gingham \"$@\"\n");
}

/* -------------------------------------------------------------------------------------------------- fish */

static void print_fish_option(const command *c, const option *o)
{
    printf("complete -c gingham -n '__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
    if (o->letter)
        printf(" -s %c", o->letter);
    if (takes_words(o)) {
        printf(" -x -a '");
        print_words(o);
        printf("'");
    } else if (o->metavar) {
        printf("%s", takes(o, "FILE") ? " -r -F" : takes(o, "FOLDER") ? " -x -a '(__fish_complete_directories)'" : " -x");
    }
    printf(" -d '");
    print_short_help(o, "\\");
    printf("'\n");
}

static void print_fish_command(const command *c)
{
    printf("complete -c gingham -n __fish_use_subcommand -x -a %s -d '", c->name);
    print_quoted(c->summary, "\\");
    printf("'\ncomplete -c gingham -n '__fish_seen_subcommand_from %s' -a '", c->name);
    print_operand_words(c);
    printf("'\n");
    for (size_t i = 0; i < c->n_options; i++)
        print_fish_option(c, &c->options[i]);
}

static void print_fish(void)
{
    printf("# Completion for fish, made by 'gingham completion fish'.\n"
           "complete -c gingham -n __fish_use_subcommand -x -a help -d 'Show all there is to say about a command.'\n"
           "complete -c gingham -n '__fish_seen_subcommand_from help' -x -a '");
    print_command_names();
    printf("'\n");
    for (size_t i = 0; i < n_commands; i++)
        print_fish_command(commands[i]);
}

/* -------------------------------------------------------------------------------------------------- the command */

static exit_code completion_run(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };
    int n_operands;
    exit_code code;
    if (!options_parse(&completion_command, argc, argv, NULL, &n_operands, &code))
        return code;
    for (size_t i = 0; n_operands > 0 && i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(argv[1], shells[i].name) == 0) {
            shells[i].print();
            return EXIT_OK;
        }
    }
    return options_fail_usage(&completion_command, "the shells are bash, zsh and fish");
}
