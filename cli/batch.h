/* batch.h - many files by one process: what to do, what was done before, several at a time, one line each in a log.
 * BATCHES.md is for users. */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gingham/gingham.h>

#include "json.h"
#include "options.h"
#include "parse.h"

/* A member of the options of each command that has batches: what they ask alike, of many files and of one. */
typedef struct batch_options {
    const char *out_dir, *manifest, *log;
    shard part;
    int verbose;
    bool force, no_overwrite, json, quiet;
} batch_options;

/* Rows for the table of options; field: the offset of the batch_options. */
#define BATCH_OPTION_ROWS(field) \
    { "no-overwrite", 'n', OPTION_COMMON, NULL, NULL, parse_switch, (field) + offsetof(batch_options, no_overwrite), \
      "leave an existing output alone and exit with 9; in a batch, count it as skipped" }, \
    { "out-dir", 0, OPTION_COMMON, "FOLDER", NULL, parse_text, (field) + offsetof(batch_options, out_dir), \
      "take many inputs, folders too, and write the outputs below FOLDER, in folders like the inputs'" }, \
    { "manifest", 0, 0, "FILE", NULL, parse_text, (field) + offsetof(batch_options, manifest), \
      "take the inputs from FILE, one JSON object a line; '-' is standard input" }, \
    { "log", 0, 0, "FILE", NULL, parse_text, (field) + offsetof(batch_options, log), \
      "append a line of JSON for every file of a batch to FILE" }, \
    { "shard", 0, 0, "I/N", NULL, parse_shard, (field) + offsetof(batch_options, part), \
      "do every Nth file of a batch only, from the Ith on; I counts from 0" }, \
    { "force", 0, 0, NULL, NULL, parse_switch, (field) + offsetof(batch_options, force), \
      "in a batch, do again what was done already" }, \
    { "json", 0, OPTION_COMMON, NULL, NULL, parse_switch, (field) + offsetof(batch_options, json), \
      "report as one JSON object; one a file in a batch" }, \
    { "verbose", 'v', 0, NULL, NULL, parse_count, (field) + offsetof(batch_options, verbose), \
      "say more on standard error" }, \
    { "quiet", 0, OPTION_COMMON, NULL, NULL, parse_switch, (field) + offsetof(batch_options, quiet), \
      "print errors only" }

/* One file of a batch. */
typedef struct batch_file {
    char *id; /* in the log; the input's name unless a manifest says otherwise */
    char *input, *output;
    const void *settings;    /* the command's options for this file */
    const char *options;     /* options_describe() of them */
    struct own_options *own; /* holds those two when they are this file's alone, otherwise NULL */
} batch_file;

typedef struct batch batch; /* one at work; private to batch.c */

/* What a command tells of itself; one static object each. */
typedef struct batch_command {
    const command *command;
    size_t settings_size;
    size_t options; /* offset of the batch_options in the settings */
    const char *const *suffixes; /* of inputs looked for in folders, in lower case; ends with NULL */
    /* The name of the output for the name of an input; to be freed, NULL: no memory. */
    char *(*name_output)(const char *input_path, const void *settings);
    /* Do one file, in one of several threads, or the only one. EXIT_SKIPPED: it was done already. Adds to the line of the
     * log, or to the report. */
    exit_code (*run)(batch *b, const batch_file *file, json_object *line);
    bool resumes_from_log; /* run calls batch_log_has() */
} batch_command;

extern const batch_command encode_batch, decode_batch; /* cmd_encode.c, cmd_decode.c */

/* Within the command's settings. */
const batch_options *batch_options_of(const batch_command *kind, const void *settings);

/* EXIT_USAGE with a message when the options go together with no kind of run. named_output: what --output names, or NULL. */
exit_code batch_check_options(const batch_command *kind, const void *settings, const char *named_output, int n_operands);

typedef struct batch_setup {
    void *user;  /* what the command wants to have at hand for every file */
    int threads; /* 0: all */
} batch_setup;

/* The whole batch, when the options ask for one, otherwise the only file: operands are then the input and perhaps the
 * output, which named_output may name, or nothing. The options have been checked. Returns what the process is to leave
 * with. */
exit_code batch_run(const batch_command *kind, const void *settings, const batch_setup *setup, const char *named_output,
                    char **operands, int n_operands);

/* For batch_command.run: */
void *batch_user(const batch *b);
bool batch_has_many(const batch *b);
/* Whether the output may be written. EXIT_SKIPPED: --no-overwrite, and it exists; of an only file this has been said. */
exit_code batch_check_output(const batch *b, const batch_file *file);
/* Where a line for people goes. */
FILE *batch_report(const batch *b, const batch_file *file);
/* Wait for and take as many threads as a picture of this size is worth; returned with batch_return_threads(). 0, of an
 * only file: all. */
int batch_take_threads(batch *b, uint64_t pixels);
void batch_return_threads(batch *b, int n);
/* Whether the log says that the file was done, from this input, with these weights and the same options. run has put both
 * numbers into the line, as "input_hash" and "model_id". */
bool batch_log_has(const batch *b, const batch_file *file, uint64_t input_hash, uint64_t model_id);

#endif
