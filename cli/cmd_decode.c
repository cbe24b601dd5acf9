/* cmd_decode.c - gingham decode: stream in, picture out. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "input.h"
#include "io/reader.h"
#include "io/writer.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "parse.h"
#include "progress.h"
#include "weights.h"

#define SUFFIX ".ghm"

typedef struct decode_options {
    const char *output, *model_file;
    const writer *format;
    int threads, jpeg_quality, verbose;
    ghm_backend backend;
    bool no_verify, no_overwrite, json, quiet;
    uint64_t limit_pixels;
} decode_options;

static const char *parse_format(const char *value, void *field)
{
    const writer *w = writer_by_name(value);
    *(const writer **)field = w;
    return w ? NULL : WRITER_NAMES;
}

#define FIELD(name) offsetof(decode_options, name)
static const option decode_option_table[] = {
    { "output", 'o', true, "FILE", NULL, parse_text, FIELD(output),
      "write the picture here; '-' is standard output" },
    { "format", 0, true, "NAME", NULL, parse_format, FIELD(format),
      WRITER_NAMES ", whatever the output's suffix; without either it is png" },
    { "jpeg-quality", 0, false, "N", "95", parse_jpeg_quality, FIELD(jpeg_quality),
      "1 to 100, for JPEG output; chroma is never subsampled" },
    { "threads", 'j', true, "N", "all", parse_threads, FIELD(threads),
      "threads, 1 to 256; 0 or all: as many as the process may use. The pixels do not depend on it" },
    { "backend", 0, false, "NAME", "auto", parse_backend, FIELD(backend),
      "c, blas, avx2, avx512 or auto: how the networks are computed. The pixels do not depend on it" },
    { "model", 0, false, "FILE", NULL, parse_text, FIELD(model_file),
      "use the weights in FILE instead of the built-in ones" },
    { "no-verify", 0, false, NULL, NULL, parse_switch, FIELD(no_verify),
      "do not compare the picture with the hash in the stream" },
    { "limit-pixels", 0, false, "N", DEFAULT_LIMIT_PIXELS, parse_pixels, FIELD(limit_pixels),
      "refuse larger pictures; takes k, M and G" },
    { "no-overwrite", 'n', true, NULL, NULL, parse_switch, FIELD(no_overwrite),
      "leave an existing output alone and exit with 9" },
    { "json", 0, true, NULL, NULL, parse_switch, FIELD(json),
      "report as one JSON object" },
    { "verbose", 'v', false, NULL, NULL, parse_count, FIELD(verbose),
      "say more on standard error" },
    { "quiet", 0, true, NULL, NULL, parse_switch, FIELD(quiet),
      "print errors only" },
};

static exit_code decode_run(int argc, char **argv);

const command decode_command = {
    .name = "decode",
    .operands = "INPUT [OUTPUT]",
    .summary = "Decompress a stream to PNG, PPM or JPEG.",
    .details =
        "INPUT is a stream that 'gingham encode' made; '-' is standard input. OUTPUT is\n"
        "INPUT without .ghm and with .png appended (photo.jpg.ghm gives photo.jpg.png),\n"
        "or the suffix of --format, unless it is named; an input from a pipe goes to\n"
        "standard output. The suffix of a named OUTPUT chooses the format:\n"
        WRITER_SUFFIXES ". An existing output is replaced, once\n"
        "the new one is complete, unless --no-overwrite is given.\n\n"
        "The report, one line or one JSON object, goes to standard output, or to\n"
        "standard error when the picture takes that.",
    .options = decode_option_table,
    .n_options = sizeof decode_option_table / sizeof *decode_option_table,
    .min_operands = 1,
    .max_operands = 2,
    .too_many = "one input and one output at a time, in this version",
    .run = decode_run,
};

/* What one run holds; zeroed at first, released by release(). */
typedef struct decode_job {
    decode_options options;
    const char *input_path, *output_path;
    char *default_output; /* owns output_path when that was not given */
    const writer *format;
    input in;
    ghm_stream_info info;
    ghm_model *model;
    output out;
    ghm_image image;
    double seconds;
} decode_job;

static exit_code make_default_output(decode_job *job)
{
    const char *suffix = job->options.format ? job->options.format->suffixes[0] : ".png";
    size_t length = strlen(job->input_path);
    if (length > strlen(SUFFIX) && strcmp(job->input_path + length - strlen(SUFFIX), SUFFIX) == 0)
        length -= strlen(SUFFIX);
    job->default_output = malloc(length + strlen(suffix) + 1);
    if (!job->default_output)
        return fail(EXIT_LIMIT, job->input_path, "out of memory");
    memcpy(job->default_output, job->input_path, length);
    memcpy(job->default_output + length, suffix, strlen(suffix) + 1);
    job->output_path = job->default_output;
    return EXIT_OK;
}

static exit_code choose_output(decode_job *job, int n_operands, char **operands)
{
    if (n_operands == 2 && job->options.output)
        return options_fail_usage(&decode_command, "the output is named twice");
    job->input_path = operands[0];
    job->output_path = n_operands == 2 ? operands[1] : job->options.output;
    if (!job->output_path && strcmp(job->input_path, "-") == 0)
        job->output_path = "-";
    return job->output_path ? EXIT_OK : make_default_output(job);
}

static exit_code choose_format(decode_job *job)
{
    job->format = job->options.format;
    if (!job->format)
        job->format = output_is_stdout(job->output_path) ? &png_writer : writer_by_suffix(job->output_path);
    if (!job->format)
        return fail(EXIT_USAGE, job->output_path, "the suffix names no known format; use %s, or --format",
                    WRITER_SUFFIXES);
    return EXIT_OK;
}

static exit_code read_stream(decode_job *job)
{
    const exit_code code = input_read(job->input_path, input_byte_limit(job->options.limit_pixels), &job->in);
    if (code != EXIT_OK)
        return code;
    const reader *foreign = reader_find(job->in.data, job->in.size);
    if (foreign)
        return fail(EXIT_BAD_INPUT, job->in.label, "is a %s picture, not a Gingham stream", foreign->name);
    ghm_diagnostics diag = { "" };
    return fail_status(ghm_stream_get_info(job->in.data, job->in.size, &job->info, &diag), job->in.label, &diag);
}

static exit_code decode(decode_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_decode_settings settings;
    progress p = progress_begin("decoding");
    ghm_decode_settings_default(&settings);
    settings.threads = job->options.threads;
    settings.ignore_picture_hash = job->options.no_verify;
    settings.max_pixels = job->options.limit_pixels;
    settings.progress = progress_callback;
    settings.progress_user = &p;
    const ghm_status status =
        ghm_decode_image(job->model, &settings, job->in.data, job->in.size, &job->image, &diag);
    job->seconds = progress_end(&p);
    return fail_status(status, job->in.label, &diag);
}

/* The output is opened before the long work, so that an unwritable place is reported at once. */
static exit_code decode_to_output(decode_job *job)
{
    const write_settings settings = { .jpeg_quality = job->options.jpeg_quality };
    exit_code code = output_open(&job->out, job->output_path, job->options.no_overwrite);
    if (code != EXIT_OK)
        return code;
    code = decode(job);
    if (code == EXIT_OK)
        code = job->format->write(&job->image, &settings, &job->out);
    if (code == EXIT_OK)
        return output_commit(&job->out);
    output_abandon(&job->out);
    return code;
}

static const char *hash_verdict(const decode_job *job)
{
    if (!job->info.has_picture_hash)
        return "absent";
    return job->options.no_verify ? "ignored" : "verified";
}

static void report_json(const decode_job *job, FILE *file)
{
    json_object o = json_begin(file);
    json_string(&o, "input", job->input_path);
    json_string(&o, "output", job->output_path);
    json_string(&o, "format", job->format->name);
    json_integer(&o, "width", job->image.width);
    json_integer(&o, "height", job->image.height);
    json_real(&o, "quality", job->info.quality);
    json_integer(&o, "bytes", job->in.size);
    json_string(&o, "picture_hash", hash_verdict(job));
    json_real(&o, "seconds", job->seconds);
    weights_report(job->model, &o);
    json_end(&o);
}

static void report(const decode_job *job)
{
    FILE *file = output_is_stdout(job->output_path) ? stderr : stdout;
    if (job->options.json)
        report_json(job, file);
    else if (!job->options.quiet)
        fprintf(file, "%s: %" PRIu32 "x%" PRIu32 ", picture hash %s, %.2f s\n", job->out.label, job->image.width,
                job->image.height, hash_verdict(job), job->seconds);
}

static exit_code run_job(decode_job *job, int n_operands, char **operands)
{
    exit_code code = choose_output(job, n_operands, operands);
    if (code == EXIT_OK)
        code = choose_format(job);
    if (code == EXIT_OK)
        code = output_check_names(job->output_path, job->input_path, job->options.no_overwrite);
    if (code == EXIT_OK)
        code = weights_open(job->options.model_file, job->options.backend, &job->model);
    if (code == EXIT_OK)
        code = read_stream(job);
    if (code == EXIT_OK)
        code = decode_to_output(job);
    if (code == EXIT_OK)
        report(job);
    return code;
}

static void release(decode_job *job)
{
    ghm_image_free(&job->image);
    ghm_model_close(&job->model);
    input_free(&job->in);
    free(job->default_output);
}

static exit_code decode_run(int argc, char **argv)
{
    decode_job job;
    int n_operands;
    exit_code code;
    memset(&job, 0, sizeof job);
    if (!options_parse(&decode_command, argc, argv, &job.options, &n_operands, &code))
        return code;
    message_set_verbosity(job.options.quiet, job.options.verbose);
    code = run_job(&job, n_operands, argv + 1);
    release(&job);
    return code;
}
