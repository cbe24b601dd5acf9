/* input.h - a whole file, or standard input, in memory. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "exit_codes.h"

typedef struct input {
    const char *label; /* how messages name it; valid as long as the path it was read from */
    uint8_t *data;
    size_t size;
} input;

/* path: "-" is standard input. On success released with input_free(). */
exit_code input_read(const char *path, uint64_t max_bytes, input *in);
void input_free(input *in);

#endif
