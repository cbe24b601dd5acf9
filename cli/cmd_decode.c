/* cmd_decode.c - gingham decode: streams in, pictures out. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "batch.h"
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
#define HEADER_BYTES 64 /* enough for the header of any stream */
#define WHOLE_BYTES (UINT64_C(256) << 20) /* pictures up to this size are decoded whole, and checked before they are written */

typedef struct decode_options {
    const char *output;
    const writer *format;
    int threads, jpeg_quality, verbose;
    weights_options weights;
    bool no_verify, no_overwrite, json, quiet;
    color background;
    metadata_set strip;
    uint64_t limit_pixels, max_memory;
    ghm_region region;
    unsigned scale;
    bool partial;
    batch_options batch;
    option_texts texts;
} decode_options;

static const char *parse_format(const char *value, void *field)
{
    const writer *w = writer_by_name(value);
    *(const writer **)field = w;
    return w ? NULL : WRITER_NAMES;
}

#define FIELD(name) offsetof(decode_options, name)
static const option decode_option_table[] = {
    { "output", 'o', OPTION_COMMON, "FILE", NULL, parse_text, FIELD(output),
      "write the picture here; '-' is standard output" },
    { "format", 0, OPTION_COMMON | OPTION_PER_FILE, "png|ppm|pam|jpeg", NULL, parse_format, FIELD(format),
      "whatever the output's suffix; without either it is png" },
    { "jpeg-quality", 0, OPTION_PER_FILE, "N", "95", parse_jpeg_quality, FIELD(jpeg_quality),
      "1 to 100, for JPEG output; chroma is never subsampled" },
    { "background", 0, OPTION_PER_FILE, "COLOR", NULL, parse_color, FIELD(background),
      "the colour behind transparent pixels, as #rrggbb, where the format has no alpha" },
    { "strip", 0, OPTION_PER_FILE, "KINDS", NULL, parse_metadata_set, FIELD(strip),
      "leave out metadata: all, or icc, exif, xmp, iptc separated by commas" },
    { "threads", 'j', OPTION_COMMON, "N", "all", parse_threads, FIELD(threads),
      "threads, 1 to 256; 0 or all: as many as the process may use. The pixels do not depend on it" },
    WEIGHTS_OPTION_ROWS(FIELD(weights)),
    { "no-verify", 0, 0, NULL, NULL, parse_switch, FIELD(no_verify),
      "do not compare the picture with the hash in the stream" },
    { "region", 0, OPTION_PER_FILE, "X,Y,W,H", NULL, parse_region, FIELD(region),
      "decode this part only, in pixels from the upper left corner; the hash is not compared" },
    { "scale", 0, OPTION_PER_FILE, "1/2|1/4|1/8|1/16", "1/1", parse_scale, FIELD(scale),
      "a smaller picture: each pixel is the mean of a square of the decoded picture's; from 1/4 on of a cheaper decoding, "
      "close to it, and the hash is not compared" },
    { "partial", 0, 0, NULL, NULL, parse_switch, FIELD(partial),
      "write what there is of a truncated or damaged stream, grey where bands are missing; the status is still 5" },
    { "max-memory", 0, 0, "BYTES", NULL, parse_memory, FIELD(max_memory),
      "refuse what needs more working memory, beside weights and stream; takes k, M and G. PNG, PPM and PAM are "
      "written row by row where the whole picture would not fit" },
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

static exit_code decode_run(int argc, char **argv);

const command decode_command = {
    .name = "decode",
    .operands = "INPUT [OUTPUT] | INPUT... --out-dir FOLDER",
    .summary = "Decompress streams to PNG, PPM, PAM or JPEG.",
    .details =
        "INPUT is a stream that 'gingham encode' made; '-' is standard input. OUTPUT is\n"
        "INPUT without .ghm and with .png appended (photo.jpg.ghm gives photo.jpg.png),\n"
        "or the suffix of --format, unless it is named; an input from a pipe goes to\n"
        "standard output. The suffix of a named OUTPUT chooses the format:\n"
        WRITER_SUFFIXES ". An existing\n"
        "output is replaced, once the new one is complete, unless --no-overwrite is\n"
        "given.\n\n"
        "With --out-dir or --manifest a batch, as 'gingham help encode' tells it. What\n"
        "the --log of an earlier run says is done, from the same stream with equal\n"
        "options and weights, is skipped.\n\n"
        "PNG and JPEG get the stream's metadata back byte by byte. What a format cannot\n"
        "hold is named in a warning: JPEG has 8 bits, PPM and PAM have no metadata; an\n"
        "orientation is then applied to the pixels. JPEG and PPM have no alpha: it is\n"
        "refused without --background.\n\n"
        "Pictures of more than 256 MiB are not held in memory but written row by row as\n"
        "PNG, PPM or PAM; on standard output rows are then out before the last checksum\n"
        "is compared. 'gingham info' tells the memory that a stream needs.\n\n"
        "The report, one line or one JSON object, goes to standard output, or to\n"
        "standard error when the picture takes that.",
    .options = decode_option_table,
    .n_options = sizeof decode_option_table / sizeof *decode_option_table,
    .texts = FIELD(texts),
    .max_operands = 1 << 30,
    .run = decode_run,
};

/* What one file needs; zeroed at first, released by release(). */
typedef struct decode_job {
    decode_options options;
    const char *input_path, *output_path;
    const writer *format;
    input in;
    ghm_stream_info info;
    weights_set *weights;
    const ghm_model *model;
    int threads;
    bool in_batch;
    output out;
    picture picture;
    ghm_image size;     /* of the result, without samples */
    exit_code partial;  /* with --partial: what is wrong with the picture that is written */
    bool hash_compared;
    double seconds;
    /* row by row */
    ghm_decoder *decoder;
    void *writer_state;
    bool writing;
    exit_code write_code;
} decode_job;

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
    ghm_status status = ghm_stream_get_info(job->in.data, job->in.size, &job->info, &diag);
    if (status == GHM_ERR_BITSTREAM && job->options.partial && job->in.size > HEADER_BYTES) /* behind the header? */
        status = ghm_stream_get_info(job->in.data, HEADER_BYTES, &job->info, &diag);
    return fail_status(status, job->in.label, &diag);
}

static ghm_decode_settings decode_settings(const decode_job *job, progress *p)
{
    ghm_decode_settings settings;
    ghm_decode_settings_default(&settings);
    settings.threads = job->threads;
    settings.ignore_picture_hash = job->options.no_verify;
    settings.max_pixels = job->options.limit_pixels;
    settings.max_memory = job->options.max_memory;
    settings.region = job->options.region;
    settings.scale = job->options.scale;
    settings.partial = job->options.partial;
    settings.progress = progress_callback;
    settings.progress_user = p;
    return settings;
}

static write_settings settings_of_writer(const decode_job *job)
{
    return (write_settings){ .jpeg_quality = job->options.jpeg_quality, .metadata = &job->picture.metadata,
                             .background = job->options.background };
}

/* With --partial a damaged stream is told of, but its picture is written. */
static exit_code judge(decode_job *job, ghm_status status, bool has_picture, const ghm_diagnostics *diag)
{
    const exit_code code = fail_status(status, job->in.label, diag);
    if (code != EXIT_DAMAGED || !job->options.partial || !has_picture)
        return code;
    job->partial = code;
    return EXIT_OK;
}

static exit_code read_metadata(decode_job *job)
{
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_stream_get_metadata(job->in.data, job->in.size, &job->picture.metadata, &diag);
    return status == GHM_OK || job->options.partial ? EXIT_OK : fail_status(status, job->in.label, &diag);
}

/* -------------------------------------------------------------------------------------------------- whole */

static exit_code decode(decode_job *job)
{
    ghm_diagnostics diag = { "" };
    progress p = progress_begin(job->in_batch ? NULL : "decoding");
    const ghm_decode_settings settings = decode_settings(job, &p);
    const ghm_status status =
        ghm_decode_image(job->model, &settings, job->in.data, job->in.size, &job->picture.image, &diag);
    job->seconds = progress_end(&p);
    const exit_code code = judge(job, status, job->picture.image.owned != NULL, &diag);
    if (code != EXIT_OK)
        return code;
    job->hash_compared = status == GHM_OK && job->info.has_picture_hash && !job->options.no_verify &&
                         job->options.region.width == 0 && job->options.scale < GHM_PREVIEW_SCALE;
    return picture_strip(&job->picture, job->options.strip, job->in.label);
}

static exit_code decode_whole(decode_job *job)
{
    const write_settings settings = settings_of_writer(job);
    exit_code code = decode(job);
    if (code == EXIT_OK)
        code = picture_write(job->format, &job->picture.image, &settings, &job->out);
    job->size = job->picture.image; /* which may have been turned upright */
    return code;
}

/* -------------------------------------------------------------------------------------------------- row by row */

static int write_rows(void *user, uint32_t first_row, const ghm_image *rows)
{
    decode_job *job = user;
    if (first_row == 0) {
        const write_settings settings = settings_of_writer(job);
        job->write_code = job->format->by_rows->begin(&job->size, &settings, &job->out, &job->writer_state);
        job->writing = job->write_code == EXIT_OK;
    }
    if (job->write_code == EXIT_OK)
        job->write_code = job->format->by_rows->rows(job->writer_state, rows, &job->out);
    return job->write_code != EXIT_OK;
}

static exit_code push_stream(decode_job *job, progress *p)
{
    ghm_diagnostics diag = { "" };
    ghm_decode_report report;
    const ghm_decode_settings settings = decode_settings(job, p);
    ghm_status status = ghm_decoder_open(job->model, &settings, write_rows, job, &job->decoder, &diag);
    if (status != GHM_OK)
        return fail_status(status, job->in.label, &diag);
    status = ghm_decoder_push(job->decoder, job->in.data, job->in.size);
    if (status == GHM_OK)
        status = ghm_decoder_finish(job->decoder);
    ghm_decoder_get_report(job->decoder, &report);
    job->hash_compared = report.hash_compared;
    if (job->write_code != EXIT_OK)
        return job->write_code;
    return judge(job, status, job->writing, ghm_decoder_diagnostics(job->decoder));
}

static exit_code decode_by_rows(decode_job *job)
{
    progress p = progress_begin(job->in_batch ? NULL : "decoding");
    metadata_remove(&job->picture.metadata, job->options.strip);
    const exit_code code = push_stream(job, &p);
    job->seconds = progress_end(&p);
    ghm_decoder_close(&job->decoder);
    if (!job->writing)
        return code;
    const exit_code end = job->format->by_rows->end(job->writer_state, code == EXIT_OK, &job->out);
    return code == EXIT_OK ? end : code;
}

/* Whole where that is no matter of memory: then nothing is written of a stream that proves damaged, and formats that need
 * the whole picture, or one turned upright, can have it. */
static exit_code choose_way(decode_job *job, bool *by_rows)
{
    ghm_diagnostics diag = { "" };
    ghm_decode_cost cost;
    const ghm_decode_settings settings = decode_settings(job, NULL);
    const ghm_status status = ghm_decode_get_cost(job->model, &settings, job->in.data, job->in.size, &cost, &diag);
    if (status != GHM_OK)
        return fail_status(status, job->in.label, &diag);
    static uint8_t somewhere;
    const bool grey = job->info.components == GHM_GREY || job->info.components == GHM_GREY_ALPHA;
    const bool alpha = job->info.components == GHM_GREY_ALPHA || job->info.components == GHM_RGBA;
    job->size = (ghm_image){ .width = cost.width, .height = cost.height, .bit_depth = job->info.bit_depth,
                             .planes = { &somewhere, grey ? NULL : &somewhere, grey ? NULL : &somewhere,
                                         alpha ? &somewhere : NULL } };
    const uint64_t limit = job->options.max_memory;
    *by_rows = (cost.image_bytes > WHOLE_BYTES || (limit && cost.image_bytes + cost.memory > limit)) &&
               picture_fits(job->format, &job->size, &job->picture.metadata) &&
               !((job->options.strip & METADATA_OF(GHM_METADATA_EXIF)) && metadata_orientation(&job->picture.metadata) > 1);
    return EXIT_OK;
}

/* The output is opened before the long work, so that an unwritable place is reported at once. */
static exit_code decode_to_output(decode_job *job)
{
    bool by_rows;
    exit_code code = weights_set_find(job->weights, job->info.model_id, job->in.label, &job->model);
    if (code == EXIT_OK)
        code = read_metadata(job);
    if (code == EXIT_OK)
        code = choose_way(job, &by_rows);
    if (code == EXIT_OK)
        code = output_open(&job->out, job->output_path, job->options.no_overwrite);
    if (code != EXIT_OK)
        return code;
    code = by_rows ? decode_by_rows(job) : decode_whole(job);
    if (code == EXIT_OK) {
        code = output_commit(&job->out);
        return code == EXIT_OK ? job->partial : code;
    }
    output_abandon(&job->out);
    return code;
}

static const char *hash_verdict(const decode_job *job)
{
    if (!job->info.has_picture_hash)
        return "absent";
    return job->options.no_verify ? "ignored" : job->hash_compared ? "verified" : "not compared";
}

static void report_members(const decode_job *job, json_object *o)
{
    json_string(o, "format", job->format->name);
    json_integer(o, "width", job->size.width);
    json_integer(o, "height", job->size.height);
    json_real(o, "quality", job->info.quality);
    json_integer(o, "bytes", job->in.size);
    json_string(o, "picture_hash", hash_verdict(job));
    json_real(o, "seconds", job->seconds);
}

static void report_json(const decode_job *job, FILE *file)
{
    json_object o = json_begin(file);
    json_string(&o, "input", job->input_path);
    json_string(&o, "output", job->output_path);
    report_members(job, &o);
    weights_report(job->model, &o);
    json_end(&o);
}

static void report_line(const decode_job *job, FILE *file)
{
    fprintf(file, "%s: %" PRIu32 "x%" PRIu32 ", picture hash %s, %.2f s\n", job->out.label, job->size.width,
            job->size.height, hash_verdict(job), job->seconds);
}

static void release(decode_job *job)
{
    picture_free(&job->picture);
    input_free(&job->in);
}

/* -------------------------------------------------------------------------------------------------- one file */

static exit_code decode_one(decode_job *job)
{
    exit_code code = choose_format(job);
    if (code == EXIT_OK)
        code = output_check_names(job->output_path, job->input_path, job->options.no_overwrite);
    if (code == EXIT_OK)
        code = read_stream(job);
    if (code == EXIT_OK)
        code = decode_to_output(job);
    if (code != EXIT_OK)
        return code;
    FILE *file = output_is_stdout(job->output_path) ? stderr : stdout;
    if (job->options.json)
        report_json(job, file);
    else if (!job->options.quiet)
        report_line(job, file);
    return EXIT_OK;
}

/* input_path without .ghm and with the format's suffix; to be freed. */
static char *name_output(const char *input_path, const void *settings)
{
    const decode_options *options = settings;
    const char *suffix = options->format ? options->format->suffixes[0] : ".png";
    size_t length = strlen(input_path);
    if (length > strlen(SUFFIX) && strcmp(input_path + length - strlen(SUFFIX), SUFFIX) == 0)
        length -= strlen(SUFFIX);
    char *name = malloc(length + strlen(suffix) + 1);
    if (name) {
        memcpy(name, input_path, length);
        memcpy(name + length, suffix, strlen(suffix) + 1);
    }
    return name;
}

static exit_code run_one(const decode_options *options, weights_set *weights, int n_operands, char **operands)
{
    decode_job job = { .options = *options, .weights = weights, .input_path = operands[0], .threads = options->threads };
    char *default_output = NULL;
    job.output_path = n_operands == 2 ? operands[1] : options->output;
    if (!job.output_path && strcmp(job.input_path, "-") == 0)
        job.output_path = "-";
    if (!job.output_path)
        job.output_path = default_output = name_output(job.input_path, options);
    const exit_code code = job.output_path ? decode_one(&job) : fail(EXIT_LIMIT, job.input_path, "out of memory");
    release(&job);
    free(default_output);
    return code;
}

/* -------------------------------------------------------------------------------------------------- a batch */

static exit_code decode_in_batch(decode_job *job, batch *b, const batch_file *file, json_object *line)
{
    if (job->options.no_overwrite && output_exists(job->output_path))
        return EXIT_SKIPPED;
    exit_code code = choose_format(job);
    if (code == EXIT_OK)
        code = output_check_differs(job->output_path, job->input_path);
    if (code == EXIT_OK)
        code = read_stream(job);
    if (code != EXIT_OK)
        return code;
    const uint64_t input_hash = XXH3_64bits(job->in.data, job->in.size);
    json_id(line, "input_hash", input_hash);
    json_id(line, "model_id", job->info.model_id);
    if (batch_log_has(b, file, input_hash, job->info.model_id))
        return EXIT_SKIPPED;
    job->threads = batch_take_threads(b, (uint64_t)job->info.width * job->info.height);
    code = decode_to_output(job);
    batch_return_threads(b, job->threads);
    return code;
}

static exit_code run_in_batch(batch *b, const batch_file *file, json_object *line)
{
    decode_job job = { .options = *(const decode_options *)file->settings, .weights = batch_user(b), .in_batch = true,
                       .input_path = file->input, .output_path = file->output };
    const exit_code code = decode_in_batch(&job, b, file, line);
    struct stat st;
    if (code == EXIT_OK) {
        report_members(&job, line);
        if (stat(job.output_path, &st) == 0)
            json_integer(line, "output_bytes", (uint64_t)st.st_size); /* by which the next run knows it */
        if (!job.options.json && !job.options.quiet)
            report_line(&job, stdout);
    }
    release(&job);
    return code;
}

static const char *const stream_suffixes[] = { SUFFIX, NULL };

const batch_command decode_batch = {
    .command = &decode_command,
    .settings_size = sizeof(decode_options),
    .options = FIELD(batch),
    .suffixes = stream_suffixes,
    .name_output = name_output,
    .run = run_in_batch,
    .resumes_from_log = true,
};

/* -------------------------------------------------------------------------------------------------- the command */

static exit_code decode_run(int argc, char **argv)
{
    decode_options options;
    int n_operands;
    exit_code code;
    bool is_batch;
    weights_set weights;
    memset(&options, 0, sizeof options);
    if (!options_parse(&decode_command, argc, argv, &options, &n_operands, &code))
        return code;
    message_set_verbosity(options.quiet, options.verbose);
    code = batch_check_options(&decode_batch, &options, options.output, n_operands, &is_batch);
    if (code != EXIT_OK)
        return code;
    code = weights_set_open(&weights, &decode_command, &options.weights);
    const batch_setup setup = { &weights, options.threads, options.json };
    if (code == EXIT_OK)
        code = is_batch ? batch_run(&decode_batch, &options, &setup, argv + 1, n_operands)
                        : run_one(&options, &weights, n_operands, argv + 1);
    weights_set_close(&weights);
    return code;
}
