/* cmd_encode.c - gingham encode: pictures in, streams out. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "batch.h"
#include "commands.h"
#include "eval/metrics.h"
#include "inspect.h"
#include "io/metadata.h"
#include "io/reader.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "parse.h"
#include "progress.h"
#include "source.h"
#include "weights.h"

#define SUFFIX ".ghm"

typedef struct encode_options {
    const char *output;
    double quality, alpha_quality;
    int effort, threads;
    weights_options weights;
    bool lossless, no_picture_hash, verify;
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
    { "effort", 'e', OPTION_COMMON | OPTION_PER_FILE, "N", NULL, parse_effort, FIELD(effort),
      "1 to 9; 1, as without it, is the fastest. Above, latents are refined in 1, 2, 3, 4, 6, 8, 12 or 16 rounds: smaller files, "
      "several times as long" },
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
      "leave out metadata: all, or icc, exif, xmp, iptc separated by commas; CICP and gamma go with icc" },
    { "verify", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(verify),
      "decode the result before it is written, and report PSNR-RGB against the input" },
    { "psnr", 0, 0, NULL, NULL, parse_switch, FIELD(verify),
      "the same as --verify" },
    { "max-memory", 0, 0, "BYTES", NULL, parse_memory, FIELD(max_memory),
      "refuse what needs more working memory, beside weights and what is read whole; takes k, M and G" },
    LIMIT_PIXELS_OPTION_ROW(FIELD(limit_pixels)),
    BATCH_OPTION_ROWS(FIELD(batch)),
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
        "unless --no-overwrite is given; a second operand only where it is a stream or\n"
        "named .ghm, so that 'encode a.png b.png' is refused.\n\n"
        "With --out-dir or --manifest a batch: many files by one process, -j of them at\n"
        "a time. Folders are searched at any depth, links followed but not in circles;\n"
        "a/b.jpg gives FOLDER/a/b.jpg.ghm. What was done already, from the same bytes\n"
        "with equal options and weights, is skipped. The first signal lets the files at\n"
        "work be finished, and the status is 75; it is 10 when files failed.\n"
        "cli/BATCHES.md tells all.\n\n"
        "Grey stays grey, and samples keep their bits, up to 16; the networks tell about\n"
        "14 of them apart. Alpha is kept without loss unless --alpha-quality allows\n"
        "errors. ICC, Exif, XMP, IPTC, CICP and PNG's gamma are kept byte by byte unless\n"
        "--strip names them; samples are coded as they are, as profile and orientation\n"
        "say how to show them. Where Exif is stripped, its orientation is applied. A\n"
        "warning says what cannot be kept.\n\n"
        "Memory follows the width of a picture, not its height: it is read, encoded and\n"
        "written row by row. Whole in memory are WebP, interlaced PNG, PNG with Exif or\n"
        "XMP behind its samples, TIFF of palettes, inks or separate planes, pictures\n"
        "with alpha and without --background, those that are to be turned, all with\n"
        "--verify, and progressive JPEG as its coefficients. PNG and TIFF from a pipe\n"
        "are held as they come.\n\n"
        "The report, one line or one JSON object, goes to standard output, or to\n"
        "standard error when the stream takes that.",
    .options = encode_option_table,
    .n_options = sizeof encode_option_table / sizeof *encode_option_table,
    .texts = FIELD(texts),
    .max_operands = 1 << 30,
    .run = encode_run,
};

/* What one file needs; zeroed at first, released by run_file(). */
typedef struct encode_job {
    encode_options options;
    const batch_file *file;
    const ghm_model *model;
    source source;
    picture_reader picture;
    ghm_origin origin;
    bool in_batch;
    int threads;
    output out;
    exit_code write_code; /* of what the encoder has given out */
    uint64_t size;        /* of the stream */
    double seconds, psnr;
} encode_job;

static exit_code open_picture(encode_job *job)
{
    const picture_settings settings = { .limit_pixels = job->options.limit_pixels, .background = job->options.background,
                                        .strip = job->options.strip, .whole = job->options.verify };
    return picture_open(&job->picture, &job->source, &settings);
}

static ghm_encode_settings encode_settings(const encode_job *job, progress *p)
{
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    settings.quality = job->options.quality;
    settings.lossless = job->options.lossless;
    settings.alpha_quality = job->options.alpha_quality;
    settings.effort = job->options.effort;
    settings.threads = job->threads;
    settings.picture_hash = !job->options.no_picture_hash;
    settings.progress = progress_callback;
    settings.progress_user = p;
    settings.metadata = &job->picture.metadata;
    settings.origin = job->in_batch ? &job->origin : NULL;
    settings.max_memory = job->options.max_memory;
    return settings;
}

/* -------------------------------------------------------------------------------------------------- by rows */

static int take_bytes(void *user, const uint8_t *data, size_t size)
{
    encode_job *job = user;
    job->size += size;
    job->write_code = output_write(&job->out, data, size);
    return job->write_code != EXIT_OK;
}

/* What a call of the encoder came to, and when it began. */
static exit_code judge(encode_job *job, const ghm_encoder *encoder, ghm_status status, double start)
{
    job->seconds += clock_seconds() - start;
    if (job->write_code != EXIT_OK)
        return job->write_code;
    return fail_status(status, job->source.label, ghm_encoder_diagnostics(encoder));
}

static exit_code push_rows(encode_job *job, ghm_encoder *encoder)
{
    ghm_image rows;
    exit_code code = EXIT_OK;
    while (code == EXIT_OK && job->picture.row < job->picture.image.height) {
        code = picture_next_rows(&job->picture, &rows);
        const double start = clock_seconds();
        if (code == EXIT_OK)
            code = judge(job, encoder, ghm_encoder_push(encoder, &rows), start);
    }
    const double start = clock_seconds();
    return code == EXIT_OK ? judge(job, encoder, ghm_encoder_finish(encoder), start) : code;
}

static exit_code encode_rows(encode_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_encoder *encoder;
    progress p = progress_begin(job->in_batch ? NULL : "encoding");
    const ghm_encode_settings settings = encode_settings(job, &p);
    const ghm_status status =
        ghm_encoder_open(job->model, &settings, &job->picture.image, take_bytes, job, &encoder, &diag);
    if (status != GHM_OK)
        return fail_status(status, job->source.label, &diag);
    const exit_code code = push_rows(job, encoder);
    ghm_encoder_close(&encoder);
    progress_end(&p);
    return code;
}

/* -------------------------------------------------------------------------------------------------- verified */

static exit_code encode_whole(encode_job *job, ghm_buffer *stream)
{
    ghm_diagnostics diag = { "" };
    progress p = progress_begin(job->in_batch ? NULL : "encoding");
    const ghm_encode_settings settings = encode_settings(job, &p);
    const ghm_status status = ghm_encode_image(job->model, &settings, &job->picture.image, stream, &diag);
    job->seconds = progress_end(&p);
    return fail_status(status, job->source.label, &diag);
}

static exit_code verify(encode_job *job, const ghm_buffer *stream)
{
    ghm_diagnostics diag = { "" };
    ghm_decode_settings settings;
    ghm_image decoded = { 0 };
    progress p = progress_begin(job->in_batch ? NULL : "verifying");
    ghm_decode_settings_default(&settings);
    settings.threads = job->threads;
    settings.max_pixels = job->options.limit_pixels;
    settings.max_memory = job->options.max_memory;
    settings.progress = progress_callback;
    settings.progress_user = &p;
    const ghm_status status = ghm_decode_image(job->model, &settings, stream->data, stream->size, &decoded, &diag);
    progress_end(&p);
    if (status != GHM_OK)
        return fail_status(status, "verification of the new stream", &diag);
    picture_metrics metrics;
    metrics_measure_psnr(&job->picture.image, &decoded, &metrics);
    job->psnr = metrics.psnr_rgb;
    ghm_image_free(&decoded);
    return EXIT_OK;
}

static exit_code encode_verified(encode_job *job)
{
    ghm_buffer stream = { NULL, 0 };
    exit_code code = encode_whole(job, &stream);
    if (code == EXIT_OK)
        code = verify(job, &stream);
    if (code == EXIT_OK)
        code = output_write(&job->out, stream.data, stream.size);
    job->size = stream.size;
    ghm_buffer_free(&stream);
    return code;
}

/* The output is opened before the long work, so that an unwritable place is reported at once. */
static exit_code encode_to_output(encode_job *job)
{
    const exit_code code = output_open(&job->out, job->file->output, job->options.batch.no_overwrite);
    if (code != EXIT_OK)
        return code;
    return output_close(&job->out, job->options.verify ? encode_verified(job) : encode_rows(job));
}

/* -------------------------------------------------------------------------------------------------- reports */

static double bits_per_pixel(const encode_job *job)
{
    return 8.0 * (double)job->size / ((double)job->picture.image.width * job->picture.image.height);
}

static void report_members(const encode_job *job, json_object *o)
{
    json_integer(o, "width", job->picture.image.width);
    json_integer(o, "height", job->picture.image.height);
    json_real(o, "quality", job->options.quality);
    if (job->options.lossless)
        json_bool(o, "lossless", true);
    json_integer(o, "bytes", job->size);
    json_real(o, "bpp", bits_per_pixel(job));
    if (job->options.verify)
        json_real(o, "psnr_rgb", job->psnr);
    json_real(o, "seconds", job->seconds);
}

static void report_line(const encode_job *job, FILE *file)
{
    char psnr[32] = "";
    if (job->options.verify)
        snprintf(psnr, sizeof psnr, "%.2f dB, ", job->psnr);
    print_clean(file, "%s: %" PRIu32 "x%" PRIu32 ", %" PRIu64 " bytes, %.3f bpp, %s%.2f s\n", job->out.label,
                job->picture.image.width, job->picture.image.height, job->size, bits_per_pixel(job), psnr, job->seconds);
}

/* -------------------------------------------------------------------------------------------------- one file */

/* Whether the output holds what this job would make: a whole stream, with these weights, of this origin. */
static bool is_done(const encode_job *job, uint64_t model_id)
{
    ghm_stream_info stream;
    ghm_origin origin;
    ghm_inspector *inspector = NULL;
    source s;
    uint64_t size;
    if (!output_exists(job->file->output))
        return false;
    const bool done = source_open(&s, job->file->output, UINT64_MAX) == EXIT_OK &&
                      inspect(&s, &inspector, &size) == EXIT_OK &&
                      ghm_inspector_get_info(inspector, &stream, NULL) == GHM_OK && stream.model_id == model_id &&
                      ghm_inspector_get_origin(inspector, &origin) &&
                      origin.input_hash == job->origin.input_hash && origin.options_hash == job->origin.options_hash;
    ghm_inspector_close(&inspector);
    source_close(&s);
    return done;
}

/* EXIT_SKIPPED when nothing is to be done. */
static exit_code check_done(encode_job *job, json_object *line)
{
    ghm_model_info model;
    const exit_code code = source_hash(&job->source, &job->origin.input_hash);
    ghm_model_get_info(job->model, &model);
    json_id(line, "model_id", model.id);
    if (code != EXIT_OK)
        return code;
    job->origin.options_hash = XXH3_64bits(job->file->options, strlen(job->file->options));
    json_id(line, "input_hash", job->origin.input_hash);
    return !job->options.batch.force && is_done(job, model.id) ? EXIT_SKIPPED : EXIT_OK;
}

static exit_code encode_file(encode_job *job, batch *b, json_object *line)
{
    exit_code code = batch_check_output(b, job->file);
    if (code != EXIT_OK)
        return code;
    code = source_open(&job->source, job->file->input, source_byte_limit(job->options.limit_pixels));
    if (code == EXIT_OK && job->in_batch)
        code = check_done(job, line);
    if (code != EXIT_OK)
        return code;
    /* How many pixels there are is not known yet, but a file of n bytes has about n. */
    job->threads = batch_take_threads(b, job->source.size);
    code = open_picture(job);
    if (code == EXIT_OK)
        code = encode_to_output(job);
    batch_return_threads(b, job->threads);
    return code;
}

static exit_code run_file(batch *b, const batch_file *file, json_object *line)
{
    encode_job job = { .options = *(const encode_options *)file->settings, .file = file, .model = batch_user(b),
                       .in_batch = batch_has_many(b), .source.fd = -1 };
    const exit_code code = encode_file(&job, b, line);
    if (code == EXIT_OK) {
        report_members(&job, line);
        if (!job.in_batch)
            weights_report(job.model, line);
        if (!job.options.batch.json && !job.options.batch.quiet)
            report_line(&job, batch_report(b, file));
    }
    picture_close(&job.picture);
    source_close(&job.source);
    return code;
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

const batch_command encode_batch = {
    .command = &encode_command,
    .settings_size = sizeof(encode_options),
    .options = FIELD(batch),
    .suffixes = reader_suffixes,
    .name_output = name_output,
    .run = run_file,
};

/* -------------------------------------------------------------------------------------------------- the command */

static bool ends_with_suffix(const char *path)
{
    const size_t length = strlen(path);
    return length >= strlen(SUFFIX) && strcmp(path + length - strlen(SUFFIX), SUFFIX) == 0;
}

/* Of two pictures on the command line the second is not meant to be replaced. */
static exit_code check_second_operand(const char *input_path, const char *path)
{
    struct stat st;
    const uint8_t *data;
    size_t size;
    source s;
    exit_code code = output_check_differs(path, input_path);
    if (code != EXIT_OK || ends_with_suffix(path) || stat(path, &st) != 0 || !S_ISREG(st.st_mode) || output_is_stdout(path))
        return code;
    code = source_open(&s, path, UINT64_MAX);
    if (code == EXIT_OK)
        code = source_peek(&s, SOURCE_PEEK_BYTES, &data, &size);
    if (code == EXIT_OK && !is_stream(data, size))
        code = fail(EXIT_USAGE, path, "exists and is no Gingham stream; use -o, or --out-dir for several inputs");
    source_close(&s);
    return code;
}

static exit_code encode_run(int argc, char **argv)
{
    encode_options options;
    int n_operands;
    exit_code code;
    ghm_model *model = NULL;
    memset(&options, 0, sizeof options);
    options.alpha_quality = 100; /* no defaults of the table: origins of earlier streams do not name them */
    options.effort = 1;
    if (!options_parse(&encode_command, argc, argv, &options, &n_operands, &code))
        return code;
    message_set_verbosity(options.batch.quiet, options.batch.verbose);
    if (options.lossless && options.alpha_quality < 100)
        return options_fail_usage(&encode_command, "--lossless is of alpha without loss too, which --alpha-quality denies");
    code = batch_check_options(&encode_batch, &options, options.output, n_operands);
    if (code == EXIT_OK && n_operands == 2 && !options.batch.out_dir && !options.batch.no_overwrite)
        code = check_second_operand(argv[1], argv[2]);
    if (code == EXIT_OK)
        code = weights_open(&encode_command, &options.weights, &model);
    const batch_setup setup = { model, options.threads };
    if (code == EXIT_OK)
        code = batch_run(&encode_batch, &options, &setup, options.output, argv + 1, n_operands);
    ghm_model_close(&model);
    return code;
}
