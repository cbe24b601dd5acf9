/* process.h - commands run as processes of their own, timed and weighed. No shell is involved. */
#ifndef CLI_EVAL_PROCESS_H
#define CLI_EVAL_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "exit_codes.h"

typedef struct process_usage {
    double seconds;     /* from start to end */
    double cpu_seconds; /* user and system */
    uint64_t peak_bytes; /* largest resident set. What this process holds when it starts the other is a lower bound */
} process_usage;

typedef enum process_end { PROCESS_NOT_FOUND, PROCESS_FAILED, PROCESS_DONE } process_end;

/* Run argv (ends with NULL; argv[0] is looked up in PATH) with an empty standard input; what it prints goes to the file
 * log_path. PROCESS_FAILED: it could not be started, ended with a status other than 0, or by a signal. */
process_end process_run(const char *const *argv, const char *log_path, process_usage *usage);

/* Call work(task, result) in a copy of this process, so that the memory it takes does not count for the processes
 * started later. result has size bytes, at most 4096, and is filled on EXIT_OK only. */
typedef exit_code process_work(const void *task, void *result);
exit_code process_fork(process_work *work, const void *task, void *result, size_t size);

#endif
