/* Logs of batches, which tell what was done before. Whatever stands in one, a line added to it is found again; and whatever
 * bytes a name is made of, the line is JSON. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "batch_log.h"
#include "fuzz.h"
#include "json.h"
#include "message.h"

/* Stands for a file that a batch wrote: it is there under the same name wherever this runs. */
static const char output[] = "/proc/self/exe", options[] = "quality=60";
enum { INPUT_HASH = 1, MODEL_ID = 2 };

static void open_log(batch_log *log, const char *path)
{
    char last = '\n';
    FUZZ_CHECK(batch_log_open(log, path, true) == EXIT_OK);
    const off_t size = lseek(log->fd, 0, SEEK_END);
    FUZZ_CHECK(size == 0 || (pread(log->fd, &last, 1, size - 1) == 1 && last == '\n'));
}

/* The line of a file that was done, whose name is bytes of the input. */
static char *make_line(const uint8_t *data, size_t size, size_t output_bytes, size_t *length)
{
    char *line = NULL, *id = calloc(size + 1, 1);
    FILE *memory = open_memstream(&line, length);
    FUZZ_CHECK(id && memory);
    for (size_t i = 0; i < size; i++)
        id[i] = (char)data[i];
    json_object object = json_begin(memory);
    json_string(&object, "id", id);
    json_string(&object, "output", output);
    json_id(&object, "model_id", MODEL_ID);
    json_id(&object, "input_hash", INPUT_HASH);
    json_integer(&object, "output_bytes", output_bytes);
    json_string(&object, "status", "done");
    json_string(&object, "options", options);
    json_end(&object);
    fclose(memory);
    free(id);
    return line;
}

static void check_line(const char *line, size_t length)
{
    const char *end;
    cJSON *object = cJSON_ParseWithLengthOpts(line, length, &end, 0);
    FUZZ_CHECK(cJSON_IsObject(object) && end == line + length - 1 && *end == '\n');
    FUZZ_CHECK(memchr(line, '\n', length) == end);
    cJSON_Delete(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct stat st;
    batch_log log;
    const int file = memfd_create("fuzz", 0);
    message_set_level(MESSAGE_NOTES);
    FUZZ_CHECK(file >= 0 && write(file, data, size) == (ssize_t)size && stat(output, &st) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    size_t length;
    char *line = make_line(data, size < 1000 ? size : 1000, (size_t)st.st_size, &length);
    check_line(line, length);

    open_log(&log, path);
    const size_t n_before = log.n_done;
    FUZZ_CHECK(batch_log_append(&log, line, length) == EXIT_OK);
    batch_log_close(&log);
    open_log(&log, path);
    FUZZ_CHECK(log.n_done == n_before + 1);
    FUZZ_CHECK(batch_log_find(&log, batch_log_key(output, INPUT_HASH, options, MODEL_ID), output));
    batch_log_close(&log);
    free(line);
    close(file);
    return 0;
}
