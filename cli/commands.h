/* commands.h - the subcommands, one file each. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

extern const command encode_command, decode_command, info_command, model_command, eval_command, compare_command,
    bdrate_command, bench_command, completion_command;

/* All of them, in the order of the help. */
extern const command *const commands[];
extern const size_t n_commands;

/* gingham --version */
exit_code print_version(void);

#endif
