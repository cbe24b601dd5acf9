/* cmd_encode.c - gingham encode: picture in, stream out. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "eval/metrics.h"
#include "input.h"
#include "io/reader.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "parse.h"
#include "progress.h"
#include "weights.h"

#define SUFFIX ".ghm"

typedef struct encode_options {
    const char *output, *model_file;
    double quality;
    int threads, verbose;
    ghm_backend backend;
    bool no_picture_hash, verify, no_overwrite, json, quiet;
    color background;
    uint64_t limit_pixels;
} encode_options;

#define FIELD(name) offsetof(encode_options, name)
static const option encode_option_table[] = {
    { "output", 'o', true, "FILE", NULL, parse_text, FIELD(output),
      "write the stream here; '-' is standard output" },
    { "quality", 'q', true, "Q", "60", parse_quality, FIELD(quality),
      "any number from 0 to 100; higher is better and larger, typical are 30 to 80" },
    { "threads", 'j', true, "N", "all", parse_threads, FIELD(threads),
      "threads, 1 to 256; 0 or all: as many as the process may use. The stream does not depend on it" },
    { "backend", 0, false, "NAME", "auto", parse_backend, FIELD(backend),
      "c, blas, avx2, avx512 or auto: how the networks are computed. The stream does not depend on it" },
    { "model", 0, false, "FILE", NULL, parse_text, FIELD(model_file),
      "use the weights in FILE instead of the built-in ones; decoding needs the same file" },
    { "no-picture-hash", 0, false, NULL, NULL, parse_switch, FIELD(no_picture_hash),
      "leave out the hash of the decoded picture, 16 bytes, by which a decoder checks its result" },
    { "background", 0, false, "COLOR", NULL, parse_color, FIELD(background),
      "the colour behind transparent pixels, as #rrggbb; without it they are refused" },
    { "verify", 0, true, NULL, NULL, parse_switch, FIELD(verify),
      "decode the result before it is written, and report PSNR-RGB against the input" },
    { "psnr", 0, false, NULL, NULL, parse_switch, FIELD(verify),
      "the same as --verify" },
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

static exit_code encode_run(int argc, char **argv);

const command encode_command = {
    .name = "encode",
    .operands = "INPUT [OUTPUT]",
    .summary = "Compress a PNG, JPEG, PPM or PGM picture.",
    .details =
        "INPUT is told apart by its content, not its name; '-' is standard input. OUTPUT\n"
        "is INPUT with .ghm appended (photo.jpg.ghm) unless it is named; an input from a\n"
        "pipe goes to standard output. An existing output is replaced, once the new one\n"
        "is complete, unless --no-overwrite is given.\n\n"
        "The codec keeps 8-bit RGB. Grey and palette pictures are coded as RGB, 16-bit\n"
        "samples are rounded, Exif orientation is applied; other metadata is dropped,\n"
        "and a warning says what.\n\n"
        "The report, one line or one JSON object, goes to standard output, or to\n"
        "standard error when the stream takes that.",
    .options = encode_option_table,
    .n_options = sizeof encode_option_table / sizeof *encode_option_table,
    .min_operands = 1,
    .max_operands = 2,
    .too_many = "one input and one output at a time, in this version",
    .run = encode_run,
};

/* What one run holds; zeroed at first, released by release(). */
typedef struct encode_job {
    encode_options options;
    const char *input_path, *output_path;
    char *default_output; /* owns output_path when that was not given */
    ghm_model *model;
    ghm_image image;
    output out;
    ghm_buffer stream;
    double seconds, psnr;
} encode_job;

static exit_code choose_output(encode_job *job, int n_operands, char **operands)
{
    if (n_operands == 2 && job->options.output)
        return options_fail_usage(&encode_command, "the output is named twice");
    job->input_path = operands[0];
    job->output_path = n_operands == 2 ? operands[1] : job->options.output;
    if (job->output_path)
        return EXIT_OK;
    if (strcmp(job->input_path, "-") == 0) {
        job->output_path = "-";
        return EXIT_OK;
    }
    const size_t length = strlen(job->input_path);
    job->default_output = malloc(length + sizeof SUFFIX);
    if (!job->default_output)
        return fail(EXIT_LIMIT, job->input_path, "out of memory");
    memcpy(job->default_output, job->input_path, length);
    memcpy(job->default_output + length, SUFFIX, sizeof SUFFIX);
    job->output_path = job->default_output;
    return EXIT_OK;
}

static exit_code read_picture(encode_job *job)
{
    input in;
    exit_code code = input_read(job->input_path, input_byte_limit(job->options.limit_pixels), &in);
    if (code != EXIT_OK)
        return code;
    const picture_source source = { in.label, in.data, in.size, &in.data, job->options.limit_pixels,
                                    job->options.background };
    code = picture_read(&source, &job->image);
    input_free(&in);
    return code;
}

static exit_code encode(encode_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_encode_settings settings;
    progress p = progress_begin("encoding");
    ghm_encode_settings_default(&settings);
    settings.quality = job->options.quality;
    settings.threads = job->options.threads;
    settings.picture_hash = !job->options.no_picture_hash;
    settings.progress = progress_callback;
    settings.progress_user = &p;
    const ghm_status status = ghm_encode_image(job->model, &settings, &job->image, &job->stream, &diag);
    job->seconds = progress_end(&p);
    return fail_status(status, job->input_path, &diag);
}

static exit_code verify(encode_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_decode_settings settings;
    ghm_image decoded = { 0 };
    progress p = progress_begin("verifying");
    ghm_decode_settings_default(&settings);
    settings.threads = job->options.threads;
    settings.max_pixels = job->options.limit_pixels;
    settings.progress = progress_callback;
    settings.progress_user = &p;
    const ghm_status status =
        ghm_decode_image(job->model, &settings, job->stream.data, job->stream.size, &decoded, &diag);
    progress_end(&p);
    if (status != GHM_OK)
        return fail_status(status, "verification of the new stream", &diag);
    picture_metrics metrics;
    metrics_measure_psnr(&job->image, &decoded, &metrics);
    job->psnr = metrics.psnr_rgb;
    ghm_image_free(&decoded);
    return EXIT_OK;
}

static exit_code write_stream(encode_job *job)
{
    const exit_code code = output_write(&job->out, job->stream.data, job->stream.size);
    if (code == EXIT_OK)
        return output_commit(&job->out);
    output_abandon(&job->out);
    return code;
}

/* The output is opened before the long work, so that an unwritable place is reported at once. */
static exit_code encode_to_output(encode_job *job)
{
    exit_code code = output_open(&job->out, job->output_path, job->options.no_overwrite);
    if (code != EXIT_OK)
        return code;
    code = encode(job);
    if (code == EXIT_OK && job->options.verify)
        code = verify(job);
    if (code == EXIT_OK)
        return write_stream(job);
    output_abandon(&job->out);
    return code;
}

static void report_json(const encode_job *job, double bpp, FILE *file)
{
    json_object o = json_begin(file);
    json_string(&o, "input", job->input_path);
    json_string(&o, "output", job->output_path);
    json_integer(&o, "width", job->image.width);
    json_integer(&o, "height", job->image.height);
    json_real(&o, "quality", job->options.quality);
    json_integer(&o, "bytes", job->stream.size);
    json_real(&o, "bpp", bpp);
    if (job->options.verify)
        json_real(&o, "psnr_rgb", job->psnr);
    json_real(&o, "seconds", job->seconds);
    weights_report(job->model, &o);
    json_end(&o);
}

static void report(const encode_job *job)
{
    FILE *file = output_is_stdout(job->output_path) ? stderr : stdout;
    const double bpp = 8.0 * (double)job->stream.size / ((double)job->image.width * job->image.height);
    if (job->options.json) {
        report_json(job, bpp, file);
    } else if (!job->options.quiet) {
        fprintf(file, "%s: %" PRIu32 "x%" PRIu32 ", %zu bytes, %.3f bpp, ", job->out.label, job->image.width,
                job->image.height, job->stream.size, bpp);
        if (job->options.verify)
            fprintf(file, "%.2f dB, ", job->psnr);
        fprintf(file, "%.2f s\n", job->seconds);
    }
}

static exit_code run_job(encode_job *job, int n_operands, char **operands)
{
    exit_code code = choose_output(job, n_operands, operands);
    if (code == EXIT_OK)
        code = output_check_names(job->output_path, job->input_path, job->options.no_overwrite);
    if (code == EXIT_OK)
        code = weights_open(job->options.model_file, job->options.backend, &job->model);
    if (code == EXIT_OK)
        code = read_picture(job);
    if (code == EXIT_OK)
        code = encode_to_output(job);
    if (code == EXIT_OK)
        report(job);
    return code;
}

static void release(encode_job *job)
{
    ghm_buffer_free(&job->stream);
    ghm_image_free(&job->image);
    ghm_model_close(&job->model);
    free(job->default_output);
}

static exit_code encode_run(int argc, char **argv)
{
    encode_job job;
    int n_operands;
    exit_code code;
    memset(&job, 0, sizeof job);
    if (!options_parse(&encode_command, argc, argv, &job.options, &n_operands, &code))
        return code;
    message_set_verbosity(job.options.quiet, job.options.verbose);
    code = run_job(&job, n_operands, argv + 1);
    release(&job);
    return code;
}
