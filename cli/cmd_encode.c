/* cmd_encode.c - gingham encode: pictures in, streams out. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "batch.h"
#include "commands.h"
#include "eval/metrics.h"
#include "input.h"
#include "io/metadata.h"
#include "io/reader.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "parse.h"
#include "progress.h"
#include "weights.h"

#define SUFFIX ".ghm"

typedef struct encode_options {
    const char *output;
    double quality, alpha_quality;
    int threads, verbose;
    weights_options weights;
    bool lossless, no_picture_hash, verify, no_overwrite, json, quiet;
    color background;
    metadata_set strip;
    uint64_t limit_pixels, max_memory;
    batch_options batch;
    option_texts texts;
} encode_options;

#define FIELD(name) offsetof(encode_options, name)
static const option encode_option_table[] = {
    { "output", 'o', OPTION_COMMON, "FILE", NULL, parse_text, FIELD(output),
      "write the stream here; '-' is standard output" },
    { "quality", 'q', OPTION_COMMON | OPTION_PER_FILE, "Q", "60", parse_quality, FIELD(quality),
      "any number from 0 to 100; higher is better and larger, typical are 30 to 80" },
    { "lossless", 0, OPTION_COMMON | OPTION_PER_FILE, NULL, NULL, parse_switch, FIELD(lossless),
      "keep every sample as it is; files are then several times as large, about those of WebP without loss" },
    { "alpha-quality", 0, OPTION_PER_FILE, "Q", NULL, parse_quality, FIELD(alpha_quality),
      "0 to 100; 100, as without it, keeps alpha without loss, below errors are at most (100 - Q) / 800 of the range, and clear "
      "and opaque stay so" },
    { "threads", 'j', OPTION_COMMON, "N", "all", parse_threads, FIELD(threads),
      "threads, 1 to 256; 0 or all: as many as the process may use. The stream does not depend on it" },
    WEIGHTS_OPTION_ROWS(FIELD(weights)),
    { "no-picture-hash", 0, OPTION_PER_FILE, NULL, NULL, parse_switch, FIELD(no_picture_hash),
      "leave out the hash of the decoded picture, 16 bytes, by which a decoder checks its result" },
    { "background", 0, OPTION_PER_FILE, "COLOR", NULL, parse_color, FIELD(background),
      "lay the picture on this colour, as #rrggbb, instead of keeping its alpha" },
    { "strip", 0, OPTION_PER_FILE, "KINDS", NULL, parse_metadata_set, FIELD(strip),
      "leave out metadata: all, or icc, exif, xmp, iptc separated by commas" },
    { "verify", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(verify),
      "decode the result before it is written, and report PSNR-RGB against the input" },
    { "psnr", 0, 0, NULL, NULL, parse_switch, FIELD(verify),
      "the same as --verify" },
    { "max-memory", 0, 0, "BYTES", NULL, parse_memory, FIELD(max_memory),
      "refuse what needs more working memory, beside weights, picture and stream; takes k, M and G" },
    { "limit-pixels", 0, 0, "N", DEFAULT_LIMIT_PIXELS, parse_pixels, FIELD(limit_pixels),
      "refuse larger pictures; takes k, M and G" },
    { "no-overwrite", 'n', OPTION_COMMON, NULL, NULL, parse_switch, FIELD(no_overwrite),
      "leave an existing output alone and exit with 9; in a batch, count it as skipped" },
    BATCH_OPTION_ROWS(FIELD(batch)),
    { "json", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(json),
      "report as one JSON object; one a file in a batch" },
    { "verbose", 'v', 0, NULL, NULL, parse_count, FIELD(verbose),
      "say more on standard error" },
    { "quiet", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(quiet),
      "print errors only" },
};

static exit_code encode_run(int argc, char **argv);

const command encode_command = {
    .name = "encode",
    .operands = "INPUT [OUTPUT] | INPUT... --out-dir FOLDER",
    .summary = "Compress PNG, JPEG, PNM, WebP and TIFF pictures.",
    .details =
        "INPUT is told apart by its content, not its name (WebP and TIFF where built\n"
        "with their libraries); '-' is standard input. OUTPUT is INPUT with .ghm\n"
        "appended (photo.jpg.ghm) unless it is named; an input from a pipe goes to\n"
        "standard output. An existing output is replaced, once the new one is complete,\n"
        "unless --no-overwrite is given.\n\n"
        "With --out-dir or --manifest a batch: many files by one process, -j of them at\n"
        "a time. Folders are searched at any depth, a/b.jpg gives FOLDER/a/b.jpg.ghm.\n"
        "What was done already, from the same bytes with equal options and weights, is\n"
        "skipped. The first signal lets the files at work be finished, and the status is\n"
        "75; it is 10 when files failed. cli/BATCHES.md tells all.\n\n"
        "Grey stays grey, and samples keep their bits, up to 16; the networks tell about\n"
        "14 of them apart. Alpha is kept without loss unless --alpha-quality allows\n"
        "errors. ICC, Exif, XMP, IPTC, CICP and PNG's gamma are kept byte by byte unless\n"
        "--strip names them; samples are coded as they are, as profile and orientation\n"
        "say how to show them. Where Exif is stripped, its orientation is applied. A\n"
        "warning says what cannot be kept.\n\n"
        "The report, one line or one JSON object, goes to standard output, or to\n"
        "standard error when the stream takes that.",
    .options = encode_option_table,
    .n_options = sizeof encode_option_table / sizeof *encode_option_table,
    .texts = FIELD(texts),
    .max_operands = 1 << 30,
    .run = encode_run,
};

/* What one file needs; zeroed at first, released by release(). */
typedef struct encode_job {
    encode_options options;
    const char *input_path, *output_path;
    const ghm_model *model;
    input in;
    ghm_origin origin;
    int threads;
    bool in_batch;
    picture picture;
    output out;
    ghm_buffer stream;
    double seconds, psnr;
} encode_job;

static exit_code read_input(encode_job *job)
{
    return input_read(job->input_path, input_byte_limit(job->options.limit_pixels), &job->in);
}

static exit_code read_picture(encode_job *job)
{
    input *in = &job->in;
    const picture_source source = { in->label, in->data, in->size, &in->data, job->options.limit_pixels,
                                    job->options.background };
    const exit_code code = picture_read_whole(&source, &job->picture);
    input_free(in);
    return code == EXIT_OK ? picture_strip(&job->picture, job->options.strip, job->input_path) : code;
}

static exit_code encode(encode_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_encode_settings settings;
    progress p = progress_begin(job->in_batch ? NULL : "encoding");
    ghm_encode_settings_default(&settings);
    settings.quality = job->options.quality;
    settings.lossless = job->options.lossless;
    settings.alpha_quality = job->options.alpha_quality;
    settings.threads = job->threads;
    settings.picture_hash = !job->options.no_picture_hash;
    settings.progress = progress_callback;
    settings.progress_user = &p;
    settings.metadata = &job->picture.metadata;
    settings.max_memory = job->options.max_memory;
    const ghm_status status = ghm_encode_image(job->model, &settings, &job->picture.image, &job->stream, &diag);
    job->seconds = progress_end(&p);
    return fail_status(status, job->input_path, &diag);
}

static exit_code verify(encode_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_decode_settings settings;
    ghm_image decoded = { 0 };
    progress p = progress_begin(job->in_batch ? NULL : "verifying");
    ghm_decode_settings_default(&settings);
    settings.threads = job->threads;
    settings.max_pixels = job->options.limit_pixels;
    settings.progress = progress_callback;
    settings.progress_user = &p;
    const ghm_status status =
        ghm_decode_image(job->model, &settings, job->stream.data, job->stream.size, &decoded, &diag);
    progress_end(&p);
    if (status != GHM_OK)
        return fail_status(status, "verification of the new stream", &diag);
    picture_metrics metrics;
    metrics_measure_psnr(&job->picture.image, &decoded, &metrics);
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

static exit_code add_origin(encode_job *job)
{
    ghm_diagnostics diag = { "" };
    return fail_status(ghm_stream_add_origin(&job->stream, &job->origin, &diag), job->input_path, &diag);
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
    if (code == EXIT_OK && job->in_batch)
        code = add_origin(job);
    if (code == EXIT_OK)
        return write_stream(job);
    output_abandon(&job->out);
    return code;
}

static double bits_per_pixel(const encode_job *job)
{
    return 8.0 * (double)job->stream.size / ((double)job->picture.image.width * job->picture.image.height);
}

static void report_members(const encode_job *job, json_object *o)
{
    json_integer(o, "width", job->picture.image.width);
    json_integer(o, "height", job->picture.image.height);
    json_real(o, "quality", job->options.quality);
    if (job->options.lossless)
        json_bool(o, "lossless", true);
    json_integer(o, "bytes", job->stream.size);
    json_real(o, "bpp", bits_per_pixel(job));
    if (job->options.verify)
        json_real(o, "psnr_rgb", job->psnr);
    json_real(o, "seconds", job->seconds);
}

static void report_json(const encode_job *job, FILE *file)
{
    json_object o = json_begin(file);
    json_string(&o, "input", job->input_path);
    json_string(&o, "output", job->output_path);
    report_members(job, &o);
    weights_report(job->model, &o);
    json_end(&o);
}

static void report_line(const encode_job *job, FILE *file)
{
    char psnr[32] = "";
    if (job->options.verify)
        snprintf(psnr, sizeof psnr, "%.2f dB, ", job->psnr);
    /* One call: there may be other threads. */
    fprintf(file, "%s: %" PRIu32 "x%" PRIu32 ", %zu bytes, %.3f bpp, %s%.2f s\n", job->out.label,
            job->picture.image.width, job->picture.image.height, job->stream.size, bits_per_pixel(job), psnr, job->seconds);
}

static void release(encode_job *job)
{
    ghm_buffer_free(&job->stream);
    picture_free(&job->picture);
    input_free(&job->in);
}

/* -------------------------------------------------------------------------------------------------- one file */

static exit_code encode_one(encode_job *job)
{
    exit_code code = output_check_names(job->output_path, job->input_path, job->options.no_overwrite);
    if (code == EXIT_OK)
        code = read_input(job);
    if (code == EXIT_OK)
        code = read_picture(job);
    if (code == EXIT_OK)
        code = encode_to_output(job);
    if (code != EXIT_OK)
        return code;
    FILE *file = output_is_stdout(job->output_path) ? stderr : stdout;
    if (job->options.json)
        report_json(job, file);
    else if (!job->options.quiet)
        report_line(job, file);
    return EXIT_OK;
}

/* input_path.ghm; to be freed. */
static char *name_output(const char *input_path, const void *settings)
{
    (void)settings;
    char *name = malloc(strlen(input_path) + sizeof SUFFIX);
    if (name) {
        strcpy(name, input_path);
        strcat(name, SUFFIX);
    }
    return name;
}

static exit_code run_one(const encode_options *options, const ghm_model *model, int n_operands, char **operands)
{
    encode_job job = { .options = *options, .model = model, .input_path = operands[0], .threads = options->threads };
    char *default_output = NULL;
    job.output_path = n_operands == 2 ? operands[1] : options->output;
    if (!job.output_path && strcmp(job.input_path, "-") == 0)
        job.output_path = "-";
    if (!job.output_path)
        job.output_path = default_output = name_output(job.input_path, options);
    const exit_code code = job.output_path ? encode_one(&job) : fail(EXIT_LIMIT, job.input_path, "out of memory");
    release(&job);
    free(default_output);
    return code;
}

/* -------------------------------------------------------------------------------------------------- a batch */

/* Whether the output holds what this job would make: a whole stream, with these weights, of this origin. */
static bool is_done(const encode_job *job, uint64_t model_id)
{
    ghm_stream_info stream;
    ghm_origin origin;
    input in;
    if (!output_exists(job->output_path) || input_read(job->output_path, UINT64_MAX, &in) != EXIT_OK)
        return false;
    const bool done = ghm_stream_get_info(in.data, in.size, &stream, NULL) == GHM_OK && stream.complete &&
                      stream.model_id == model_id && ghm_stream_get_origin(in.data, in.size, &origin) &&
                      origin.input_hash == job->origin.input_hash && origin.options_hash == job->origin.options_hash;
    input_free(&in);
    return done;
}

static exit_code encode_in_batch(encode_job *job, batch *b, const batch_file *file, json_object *line)
{
    ghm_model_info model;
    ghm_model_get_info(job->model, &model);
    json_id(line, "model_id", model.id);
    if (job->options.no_overwrite && output_exists(job->output_path))
        return EXIT_SKIPPED;
    exit_code code = output_check_differs(job->output_path, job->input_path);
    if (code == EXIT_OK)
        code = read_input(job);
    if (code != EXIT_OK)
        return code;
    job->origin.input_hash = XXH3_64bits(job->in.data, job->in.size);
    job->origin.options_hash = XXH3_64bits(file->options, strlen(file->options));
    json_id(line, "input_hash", job->origin.input_hash);
    if (!job->options.batch.force && is_done(job, model.id))
        return EXIT_SKIPPED;
    /* How many pixels there are is not known yet, but a file of n bytes has about n. */
    job->threads = batch_take_threads(b, job->in.size);
    code = read_picture(job);
    if (code == EXIT_OK)
        code = encode_to_output(job);
    batch_return_threads(b, job->threads);
    return code;
}

static exit_code run_in_batch(batch *b, const batch_file *file, json_object *line)
{
    encode_job job = { .options = *(const encode_options *)file->settings, .model = batch_user(b), .in_batch = true,
                       .input_path = file->input, .output_path = file->output };
    const exit_code code = encode_in_batch(&job, b, file, line);
    if (code == EXIT_OK) {
        report_members(&job, line);
        if (!job.options.json && !job.options.quiet)
            report_line(&job, stdout);
    }
    release(&job);
    return code;
}

static const char *const picture_suffixes[] = {
    ".png", ".jpg", ".jpeg", ".ppm", ".pgm", ".pnm", ".pam",
#ifdef GHM_HAVE_WEBP
    ".webp",
#endif
#ifdef GHM_HAVE_TIFF
    ".tif", ".tiff",
#endif
    NULL
};

const batch_command encode_batch = {
    .command = &encode_command,
    .settings_size = sizeof(encode_options),
    .options = FIELD(batch),
    .suffixes = picture_suffixes,
    .name_output = name_output,
    .run = run_in_batch,
};

/* -------------------------------------------------------------------------------------------------- the command */

static exit_code encode_run(int argc, char **argv)
{
    encode_options options;
    int n_operands;
    exit_code code;
    bool is_batch;
    ghm_model *model = NULL;
    memset(&options, 0, sizeof options);
    options.alpha_quality = 100; /* no default of the table: origins of earlier streams do not name it */
    if (!options_parse(&encode_command, argc, argv, &options, &n_operands, &code))
        return code;
    message_set_verbosity(options.quiet, options.verbose);
    if (options.lossless && options.alpha_quality < 100)
        return options_fail_usage(&encode_command, "--lossless is of alpha without loss too, which --alpha-quality denies");
    code = batch_check_options(&encode_batch, &options, options.output, n_operands, &is_batch);
    if (code == EXIT_OK)
        code = weights_open(&encode_command, &options.weights, &model);
    const batch_setup setup = { model, options.threads, options.json };
    if (code == EXIT_OK)
        code = is_batch ? batch_run(&encode_batch, &options, &setup, argv + 1, n_operands)
                        : run_one(&options, model, n_operands, argv + 1);
    ghm_model_close(&model);
    return code;
}
