/* batch_log.h - the lines of a batch's log: written as files are done, and read to know what was done before. */
#ifndef CLI_BATCH_LOG_H
#define CLI_BATCH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exit_codes.h"

typedef struct log_entry {
    uint64_t key; /* of output, input, options and weights */
    uint64_t output_bytes;
} log_entry;

typedef struct batch_log {
    const char *path;
    int fd;
    log_entry *done; /* sorted */
    size_t n_done, capacity;
} batch_log;

/* path: NULL for no log, which the other functions take. With `read`, what earlier lines say is done is noted; lines
 * that are none of ours are passed over. A message has been printed unless EXIT_OK. */
exit_code batch_log_open(batch_log *log, const char *path, bool read);
void batch_log_close(batch_log *log);

/* One line, whole or not at all, however many processes append. */
exit_code batch_log_append(const batch_log *log, const char *line, size_t size);

uint64_t batch_log_key(const char *output, uint64_t input_hash, const char *options, uint64_t model_id);
/* Whether the log has the key and the output still has its size. */
bool batch_log_find(const batch_log *log, uint64_t key, const char *output);

#endif
