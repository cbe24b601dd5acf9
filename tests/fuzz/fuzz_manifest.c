/* Manifests of batches, as 'gingham encode' reads them: refused as a whole, or a list of files in which nothing is missing,
 * no output is written twice, and of which shards are parts. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "batch_list.h"
#include "commands.h"
#include "fuzz.h"
#include "message.h"

enum { N_SHARDS = 3 };

/* The settings that the command has from its command line; to be freed. */
static void *make_settings(char *path, char *part)
{
    char *arguments[] = { "encode", "--out-dir", "out", "--manifest", path, "--shard", part, NULL };
    int n_operands;
    exit_code code;
    void *settings = calloc(1, encode_batch.settings_size);
    FUZZ_CHECK(settings && options_parse(&encode_command, part ? 7 : 5, arguments, settings, &n_operands, &code));
    return settings;
}

static void check_file(const batch_file *file)
{
    FUZZ_CHECK(file->id && file->input && *file->input && file->output);
    FUZZ_CHECK(file->output[0] == '/' || strncmp(file->output, "out/", 4) == 0);
    char *options = options_describe(&encode_command, file->settings);
    FUZZ_CHECK(options && strcmp(options, file->options) == 0);
    free(options);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_outputs(const batch_list *list)
{
    const char **outputs = malloc(list->n * sizeof *outputs);
    FUZZ_CHECK(outputs);
    for (size_t i = 0; i < list->n; i++)
        outputs[i] = list->files[i].output;
    qsort(outputs, list->n, sizeof *outputs, compare_texts);
    for (size_t i = 1; i < list->n; i++)
        FUZZ_CHECK(strcmp(outputs[i - 1], outputs[i]) != 0);
    free(outputs);
}

static void check_shard(const batch_list *whole, size_t index, char *path)
{
    char text[16];
    batch_list part;
    snprintf(text, sizeof text, "%zu/%d", index, N_SHARDS);
    void *settings = make_settings(path, text);
    FUZZ_CHECK(batch_list_make(&part, &encode_batch, settings, NULL, 0) == EXIT_OK);
    FUZZ_CHECK(part.n == (whole->n + N_SHARDS - 1 - index) / N_SHARDS);
    for (size_t i = 0; i < part.n; i++)
        FUZZ_CHECK(strcmp(part.files[i].output, whole->files[index + N_SHARDS * i].output) == 0);
    batch_list_free(&part);
    free(settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    char path[64];
    batch_list list;
    message_set_level(MESSAGE_NOTES);
    if (file < 0)
        file = memfd_create("fuzz", 0);
    FUZZ_CHECK(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    void *settings = make_settings(path, NULL);
    const exit_code code = batch_list_make(&list, &encode_batch, settings, NULL, 0);
    FUZZ_CHECK(code == EXIT_OK || code == EXIT_BAD_INPUT || code == EXIT_USAGE);
    if (code == EXIT_OK) {
        for (size_t i = 0; i < list.n; i++)
            check_file(&list.files[i]);
        check_outputs(&list);
        for (size_t i = 0; i < N_SHARDS; i++)
            check_shard(&list, i, path);
    }
    batch_list_free(&list);
    free(settings);
    return 0;
}
