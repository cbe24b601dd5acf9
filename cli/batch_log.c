#define _POSIX_C_SOURCE 200809L
#include "batch_log.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "folders.h"
#include "input.h"
#include "message.h"
#include "parse.h"

#define MAX_LOG_BYTES (UINT64_C(1) << 32)

uint64_t batch_log_key(const char *output, uint64_t input_hash, const char *options, uint64_t model_id)
{
    char numbers[2 * 16 + 1];
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return 0;
    snprintf(numbers, sizeof numbers, "%016" PRIx64 "%016" PRIx64, input_hash, model_id);
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, numbers, sizeof numbers);
    XXH3_64bits_update(state, options, strlen(options) + 1);
    XXH3_64bits_update(state, output, strlen(output));
    const uint64_t key = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return key;
}

/* -------------------------------------------------------------------------------------------------- reading */

static const char *text_member(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static exit_code note_done(batch_log *log, const cJSON *object)
{
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(object, "output_bytes");
    if (strcmp(text_member(object, "status"), "done") != 0 || !cJSON_IsNumber(bytes))
        return EXIT_OK;
    if (log->n_done == log->capacity) {
        const size_t capacity = log->capacity ? 2 * log->capacity : 1024;
        log_entry *done = realloc(log->done, capacity * sizeof *done);
        if (!done)
            return fail_memory(log->path);
        log->done = done;
        log->capacity = capacity;
    }
    const uint64_t key = batch_log_key(text_member(object, "output"),
                                       strtoull(text_member(object, "input_hash"), NULL, 16),
                                       text_member(object, "options"),
                                       strtoull(text_member(object, "model_id"), NULL, 16));
    log->done[log->n_done++] = (log_entry){ key, parse_count_in_json(bytes->valuedouble) };
    return EXIT_OK;
}

/* By key and size: a file made again may have come out larger, and both lines stay. */
static int compare_entries(const void *a, const void *b)
{
    const log_entry *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->output_bytes < y->output_bytes ? -1 : x->output_bytes > y->output_bytes;
}

static exit_code read_log(batch_log *log)
{
    input in;
    exit_code code = input_read(log->path, MAX_LOG_BYTES, &in);
    if (code != EXIT_OK)
        return code;
    for (size_t start = 0; start < in.size && code == EXIT_OK;) {
        const char *line = (const char *)in.data + start;
        const char *end = memchr(line, '\n', in.size - start);
        const size_t length = end ? (size_t)(end - line) : in.size - start;
        cJSON *object = cJSON_ParseWithLength(line, length);
        code = note_done(log, object);
        cJSON_Delete(object);
        start += length + 1;
    }
    input_free(&in);
    if (log->n_done > 0)
        qsort(log->done, log->n_done, sizeof *log->done, compare_entries);
    return code;
}

bool batch_log_find(const batch_log *log, uint64_t key, const char *output)
{
    struct stat st;
    if (log->n_done == 0 || stat(output, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    const log_entry wanted = { key, (uint64_t)st.st_size };
    return bsearch(&wanted, log->done, log->n_done, sizeof *log->done, compare_entries) != NULL;
}

/* -------------------------------------------------------------------------------------------------- writing */

static exit_code fail_log(const batch_log *log)
{
    return fail(EXIT_WRITE, log->path, "the log cannot be written: %s", strerror(errno));
}

exit_code batch_log_append(const batch_log *log, const char *line, size_t size)
{
    while (log->path && size > 0) {
        const ssize_t n = write(log->fd, line, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_log(log);
        line += n;
        size -= (size_t)n;
    }
    return EXIT_OK;
}

/* A machine that stopped in the middle of a line left one without an end. */
static exit_code end_last_line(const batch_log *log)
{
    char last = '\n';
    const off_t size = lseek(log->fd, 0, SEEK_END);
    if (size > 0 && pread(log->fd, &last, 1, size - 1) != 1)
        return fail_log(log);
    return last == '\n' ? EXIT_OK : batch_log_append(log, "\n", 1);
}

exit_code batch_log_open(batch_log *log, const char *path, bool read)
{
    *log = (batch_log){ .path = path, .fd = -1 };
    if (!path)
        return EXIT_OK;
    exit_code code = make_folders(path);
    if (code != EXIT_OK)
        return code;
    log->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (log->fd < 0)
        return fail_log(log);
    code = read ? read_log(log) : EXIT_OK;
    return code == EXIT_OK ? end_last_line(log) : code;
}

void batch_log_close(batch_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    free(log->done);
    *log = (batch_log){ .fd = -1 };
}
