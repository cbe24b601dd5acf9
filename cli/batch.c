#define _POSIX_C_SOURCE 200809L
#include "batch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "batch_list.h"
#include "batch_log.h"
#include "folders.h"
#include "message.h"
#include "output.h"

/* A thread for every so many pixels: smaller parts gain less than whole files side by side. */
#define PIXELS_A_THREAD (UINT64_C(4) << 20)
#define MAX_WORKERS 256

struct batch {
    bool has_many; /* false: one file, without list, log and lock */
    const batch_command *command;
    const batch_options *options;
    const batch_setup *setup;
    batch_list list;
    batch_log log;
    int n_threads, n_workers;
    /* What follows changes under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t next; /* file to be taken */
    int free_threads;
    uint64_t last_ticket, ticket_served; /* threads are given out in the order of asking */
    size_t n_done, n_skipped, n_failed;
    exit_code log_code;
};

static atomic_int stop;

const batch_options *batch_options_of(const batch_command *kind, const void *settings)
{
    return (const batch_options *)((const char *)settings + kind->options);
}

/* -------------------------------------------------------------------------------------------------- threads */

int batch_take_threads(batch *b, uint64_t pixels)
{
    if (!b->has_many)
        return b->setup->threads;
    const uint64_t worth = 1 + pixels / PIXELS_A_THREAD;
    int n = b->n_threads / b->n_workers;
    if (worth > (uint64_t)n)
        n = worth < (uint64_t)b->n_threads ? (int)worth : b->n_threads;
    pthread_mutex_lock(&b->lock);
    const uint64_t ticket = b->last_ticket++;
    while (b->ticket_served != ticket || b->free_threads < n)
        pthread_cond_wait(&b->changed, &b->lock);
    b->ticket_served++;
    b->free_threads -= n;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    return n;
}

void batch_return_threads(batch *b, int n)
{
    if (!b->has_many)
        return;
    pthread_mutex_lock(&b->lock);
    b->free_threads += n;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

/* -------------------------------------------------------------------------------------------------- one file */

void *batch_user(const batch *b)
{
    return b->setup->user;
}

bool batch_has_many(const batch *b)
{
    return b->has_many;
}

exit_code batch_check_output(const batch *b, const batch_file *file)
{
    const bool no_overwrite = b->options->no_overwrite;
    if (!b->has_many)
        return output_check_names(file->output, file->input, no_overwrite);
    return no_overwrite && output_exists(file->output) ? EXIT_SKIPPED : output_check_differs(file->output, file->input);
}

FILE *batch_report(const batch *b, const batch_file *file)
{
    return !b->has_many && output_is_stdout(file->output) ? stderr : stdout;
}

bool batch_log_has(const batch *b, const batch_file *file, uint64_t input_hash, uint64_t model_id)
{
    return batch_log_find(&b->log, batch_log_key(file->output, input_hash, file->options, model_id), file->output);
}

static const char *status_name(exit_code code)
{
    return code == EXIT_OK ? "done" : code == EXIT_SKIPPED ? "skipped" : "failed";
}

static exit_code write_line(batch *b, const batch_file *file, FILE *memory)
{
    json_object line = json_begin(memory);
    json_string(&line, "id", file->id);
    json_string(&line, "input", file->input);
    json_string(&line, "output", file->output);
    message_forget_failure();
    exit_code code = make_folders(file->output);
    if (code == EXIT_OK)
        code = b->command->run(b, file, &line);
    json_string(&line, "status", status_name(code));
    json_integer(&line, "code", code == EXIT_SKIPPED ? EXIT_OK : code);
    if (code != EXIT_OK && message_last_failure()[0])
        json_string(&line, "error", message_last_failure());
    json_string(&line, "options", file->options);
    json_string(&line, "version", ghm_version());
    json_end(&line);
    return code;
}

static void count_file(batch *b, exit_code code, const char *line, size_t size)
{
    pthread_mutex_lock(&b->lock);
    b->n_done += code == EXIT_OK;
    b->n_skipped += code == EXIT_SKIPPED;
    b->n_failed += code != EXIT_OK && code != EXIT_SKIPPED;
    if (b->log_code == EXIT_OK)
        b->log_code = batch_log_append(&b->log, line, size);
    if (b->options->json)
        fwrite(line, 1, size, stdout);
    pthread_mutex_unlock(&b->lock);
}

static void run_file(batch *b, const batch_file *file)
{
    char *line = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&line, &size);
    exit_code code;
    if (memory) {
        code = write_line(b, file, memory);
        fclose(memory);
    } else {
        code = fail_memory(file->input);
    }
    count_file(b, code, line, size);
    free(line);
}

/* -------------------------------------------------------------------------------------------------- all files */

/* NULL when there is none left, or none is to be begun. */
static const batch_file *take_file(batch *b)
{
    pthread_mutex_lock(&b->lock);
    const bool more = b->next < b->list.n && !stop && b->log_code == EXIT_OK;
    const batch_file *file = more ? &b->list.files[b->next++] : NULL;
    pthread_mutex_unlock(&b->lock);
    return file;
}

static void *work(void *user)
{
    batch *b = user;
    const batch_file *file;
    output_block_signals();
    while ((file = take_file(b)) != NULL)
        run_file(b, file);
    return NULL;
}

/* The main thread only waits, so that it is the one to see signals. */
static exit_code run_workers(batch *b)
{
    pthread_t workers[MAX_WORKERS];
    int n = 0;
    output_defer_signals(&stop);
    while (n < b->n_workers && pthread_create(&workers[n], NULL, work, b) == 0)
        n++;
    for (int i = 0; i < n; i++)
        pthread_join(workers[i], NULL);
    output_defer_signals(NULL);
    return n > 0 ? EXIT_OK : fail(EXIT_LIMIT, b->command->command->name, "no thread can be started");
}

static exit_code finish(const batch *b)
{
    const size_t n = b->n_done + b->n_skipped + b->n_failed;
    if (message_get_level() > MESSAGE_ERRORS)
        fprintf(stderr, "gingham: %zu files: %zu done, %zu skipped, %zu failed\n", n, b->n_done, b->n_skipped,
                b->n_failed);
    if (b->log_code != EXIT_OK)
        return b->log_code;
    if (n < b->list.n)
        return fail(EXIT_RESUME, b->command->command->name,
                    "stopped by a signal before %zu more files; the same command goes on from here", b->list.n - n);
    return b->n_failed > 0 || b->list.incomplete ? EXIT_FILES : EXIT_OK;
}

static exit_code run(batch *b)
{
    b->n_threads = b->setup->threads > 0 ? b->setup->threads : ghm_available_threads();
    if (b->n_threads > MAX_WORKERS)
        b->n_threads = MAX_WORKERS;
    b->n_workers = b->list.n < (size_t)b->n_threads ? (int)b->list.n : b->n_threads;
    b->free_threads = b->n_threads;
    const exit_code code = b->n_workers > 0 ? run_workers(b) : EXIT_OK; /* a shard may be empty */
    return code == EXIT_OK ? finish(b) : code;
}

static exit_code run_many(const batch_command *kind, const void *settings, const batch_setup *setup, char **operands,
                          int n_operands)
{
    batch b = { .has_many = true, .command = kind, .options = batch_options_of(kind, settings), .setup = setup,
                .log.fd = -1 };
    exit_code code = batch_list_make(&b.list, kind, settings, operands, n_operands);
    if (code == EXIT_OK)
        code = batch_log_open(&b.log, b.options->log, kind->resumes_from_log && !b.options->force);
    if (code == EXIT_OK) {
        pthread_mutex_init(&b.lock, NULL);
        pthread_cond_init(&b.changed, NULL);
        code = run(&b);
        pthread_cond_destroy(&b.changed);
        pthread_mutex_destroy(&b.lock);
    }
    batch_log_close(&b.log);
    batch_list_free(&b.list);
    return code;
}

/* -------------------------------------------------------------------------------------------------- the only file */

static exit_code run_only_file(batch *b, const batch_file *file)
{
    char *report = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&report, &size);
    if (!memory)
        return fail_memory(file->input);
    json_object line = json_begin(memory);
    json_string(&line, "input", file->input);
    json_string(&line, "output", file->output);
    const exit_code code = b->command->run(b, file, &line);
    json_end(&line);
    fclose(memory);
    if (code == EXIT_OK && b->options->json)
        fwrite(report, 1, size, batch_report(b, file));
    free(report);
    return code;
}

static exit_code run_one(const batch_command *kind, const void *settings, const batch_setup *setup, const char *named_output,
                         char **operands, int n_operands)
{
    batch b = { .command = kind, .options = batch_options_of(kind, settings), .setup = setup };
    const bool from_pipe = strcmp(operands[0], "-") == 0;
    const char *named = n_operands == 2 ? operands[1] : !named_output && from_pipe ? "-" : named_output;
    batch_file file = { .input = operands[0], .settings = settings };
    file.output = named ? strdup(named) : kind->name_output(file.input, settings);
    const exit_code code = file.output ? run_only_file(&b, &file) : fail_memory(file.input);
    free(file.output);
    return code;
}

/* -------------------------------------------------------------------------------------------------- either */

static bool is_batch(const batch_options *o)
{
    return o->out_dir || o->manifest;
}

exit_code batch_run(const batch_command *kind, const void *settings, const batch_setup *setup, const char *named_output,
                    char **operands, int n_operands)
{
    if (is_batch(batch_options_of(kind, settings)))
        return run_many(kind, settings, setup, operands, n_operands);
    return run_one(kind, settings, setup, named_output, operands, n_operands);
}

exit_code batch_check_options(const batch_command *kind, const void *settings, const char *named_output, int n_operands)
{
    const batch_options *o = batch_options_of(kind, settings);
    const bool many = is_batch(o);
    const char *wrong = NULL;
    if (!many && (o->log || o->part.count > 0 || o->force))
        wrong = "--log, --shard and --force are for batches; name --out-dir or --manifest";
    else if (o->manifest && n_operands > 0)
        wrong = "the inputs are named by the manifest; name no others";
    else if (!o->manifest && n_operands == 0)
        wrong = "no input is named";
    else if (many && named_output)
        wrong = "--output is for one file; a batch has --out-dir";
    else if (!many && n_operands > 2)
        wrong = "one input and one output, or --out-dir for many inputs";
    else if (!many && n_operands == 2 && named_output)
        wrong = "the output is named twice";
    return wrong ? options_fail_usage(kind->command, wrong) : EXIT_OK;
}
