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

/* The largest file that can hold a picture of limit_pixels: 8 bytes a pixel (16-bit RGBA, uncompressed) and room for
 * metadata. It bounds what is read from a pipe that never ends. */
uint64_t input_byte_limit(uint64_t limit_pixels);

/* path: "-" is standard input. On success released with input_free(). */
exit_code input_read(const char *path, uint64_t max_bytes, input *in);
void input_free(input *in);

#endif
