#include "commands.h"

const command *const commands[] = {
    &encode_command,  &decode_command, &info_command,  &model_command,      &eval_command,
    &compare_command, &bdrate_command, &bench_command, &completion_command,
};
const size_t n_commands = sizeof commands / sizeof *commands;
