/* cmd_decode.c - gingham decode: streams in, pictures out. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "batch.h"
#include "commands.h"
#include "inspect.h"
#include "io/convert.h"
#include "io/reader.h"
#include "io/writer.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "parse.h"
#include "progress.h"
#include "source.h"
#include "weights.h"

#define SUFFIX ".ghm"
#define HEADER_BYTES 64 /* enough for the header of any stream */
#define AHEAD_BYTES (UINT64_C(4) << 20)  /* of a stream, read at a time for threads that decode groups of bands together */
#define WHOLE_BYTES (UINT64_C(256) << 20) /* pictures up to this size are held whole, and checked before they are written */

typedef struct decode_options {
    const char *output;
    const writer *format;
    int threads, jpeg_quality;
    weights_options weights;
    bool no_verify, partial;
    color background;
    metadata_set strip;
    uint64_t limit_pixels, max_memory;
    ghm_region region;
    unsigned scale;
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
      "leave out metadata: all, or icc, exif, xmp, iptc separated by commas; CICP and gamma go with icc" },
    { "threads", 'j', OPTION_COMMON, "N", "all", parse_threads, FIELD(threads),
      "threads, 1 to 256; 0 or all: as many as the process may use. The pixels do not depend on it" },
    WEIGHTS_OPTION_ROWS(FIELD(weights)),
    { "no-verify", 0, 0, NULL, NULL, parse_switch, FIELD(no_verify),
      "do not compare the picture with the hash in the stream" },
    { "region", 0, OPTION_PER_FILE, "X,Y,W,H", NULL, parse_region, FIELD(region),
      "decode this part only, in pixels from the upper left corner; those of the stored picture, before any orientation in "
      "Exif; the hash is not compared" },
    { "scale", 0, OPTION_PER_FILE, "1/2|1/4|1/8|1/16", "1/1", parse_scale, FIELD(scale),
      "a smaller picture: each pixel is the mean of a square of the decoded picture's; from 1/4 on of a cheaper decoding, "
      "close to it, and the hash is not compared" },
    { "partial", 0, 0, NULL, NULL, parse_switch, FIELD(partial),
      "write what there is of a truncated or damaged stream, coarser where a band has not arrived whole, grey where none "
      "has; the status is still 5" },
    { "max-memory", 0, 0, "BYTES", NULL, parse_memory, FIELD(max_memory),
      "refuse what needs more working memory, beside weights and stream; takes k, M and G. PNG, PPM and PAM are "
      "written row by row where the whole picture would not fit" },
    LIMIT_PIXELS_OPTION_ROW(FIELD(limit_pixels)),
    BATCH_OPTION_ROWS(FIELD(batch)),
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

/* What one file needs; zeroed at first, released by run_file(). */
typedef struct decode_job {
    decode_options options;
    const batch_file *file;
    const writer *format;
    source source;
    uint8_t header[HEADER_BYTES];
    size_t header_bytes;  /* of the stream's first bytes there */
    ghm_stream_info info; /* what these say */
    weights_set *weights;
    const ghm_model *model;
    bool in_batch;
    int threads;
    output out;
    ghm_decode_cost cost;
    ghm_decoder *decoder;
    uint64_t size;        /* of the stream */
    ghm_metadata metadata;
    ghm_image picture;    /* size and kind of the result; its samples too when it is held whole */
    void *writer_state;
    bool writing;         /* row by row */
    exit_code rows_code;  /* of what becomes of the rows */
    exit_code partial;    /* with --partial: what is wrong with the picture that is written */
    bool hash_compared;
    double seconds;
} decode_job;

static exit_code choose_format(decode_job *job)
{
    job->format = job->options.format;
    if (!job->format)
        job->format = writer_by_suffix(job->file->output);
    if (!job->format && output_is_stdout(job->file->output))
        job->format = &png_writer;
    if (!job->format)
        return fail(EXIT_USAGE, job->file->output, "the suffix names no known format; use %s, or --format",
                    WRITER_SUFFIXES);
    return EXIT_OK;
}

static exit_code read_header(decode_job *job)
{
    const uint8_t *data;
    exit_code code = check_stream(&job->source);
    if (code == EXIT_OK)
        code = source_peek(&job->source, HEADER_BYTES, &data, &job->header_bytes);
    if (code != EXIT_OK)
        return code;
    memcpy(job->header, data, job->header_bytes);
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_stream_get_info(data, job->header_bytes, &job->info, &diag);
    const bool enough = job->options.partial && job->info.format_version > 0; /* damage behind the header is the decoder's to judge */
    return enough ? EXIT_OK : fail_status(status, job->source.label, &diag);
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
    return (write_settings){ .jpeg_quality = job->options.jpeg_quality, .metadata = &job->metadata,
                             .background = job->options.background };
}

/* -------------------------------------------------------------------------------------------------- rows */

/* What has arrived of it; with --partial damage is passed over. */
static exit_code take_metadata(decode_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_metadata_free(&job->metadata);
    const ghm_status status = ghm_decoder_get_metadata(job->decoder, &job->metadata, &diag);
    return status == GHM_OK || job->options.partial ? EXIT_OK : fail_status(status, job->source.label, &diag);
}

/* The orientation of Exif that is stripped, 0: none. */
static unsigned stripped_orientation(const decode_job *job)
{
    return job->options.strip & METADATA_OF(GHM_METADATA_EXIF) ? metadata_orientation(&job->metadata) : 0;
}

static bool exceeds_memory(const decode_job *job)
{
    const uint64_t limit = job->options.max_memory;
    return limit && job->cost.image_bytes + job->cost.memory > limit;
}

/* Whole where that is no matter of memory: then nothing is written of a stream that proves damaged, and formats that need
 * the whole picture, or one turned upright, can have it. */
static bool is_for_rows(const decode_job *job)
{
    return (job->cost.image_bytes > WHOLE_BYTES || exceeds_memory(job)) &&
           picture_fits(job->format, &job->picture, &job->metadata) && stripped_orientation(job) <= 1;
}

/* With a higher limit threads may take more. */
static exit_code fail_memory_limit(const decode_job *job, uint64_t needed)
{
    return fail(EXIT_LIMIT, job->source.label, "at least %" PRIu64 " bytes of memory are needed, more than the limit of %" PRIu64,
                needed, job->options.max_memory);
}

/* The library's refusals; it knows what it has asked for so far, not what would be enough. */
static exit_code fail_decoding(const decode_job *job, ghm_status status, const ghm_diagnostics *diag)
{
    const uint64_t limit = job->options.max_memory;
    if (status == GHM_ERR_LIMIT && limit && job->cost.memory > limit)
        return fail_memory_limit(job, job->cost.memory);
    return fail_status(status, job->source.label, diag);
}

static exit_code begin_whole(decode_job *job)
{
    ghm_image *p = &job->picture;
    ghm_diagnostics diag = { "" };
    if (exceeds_memory(job))
        return fail_memory_limit(job, job->cost.image_bytes + job->cost.memory);
    const ghm_status status =
        ghm_image_alloc_as(p->width, p->height, ghm_image_components(p), convert_bit_depth(p), p, &diag);
    return fail_status(status, job->source.label, &diag);
}

static exit_code begin_writing(decode_job *job)
{
    const write_settings settings = settings_of_writer(job);
    metadata_remove(&job->metadata, job->options.strip);
    const exit_code code = job->format->by_rows->begin(&job->picture, &settings, &job->out, &job->writer_state);
    job->writing = code == EXIT_OK;
    return code;
}

/* When the first rows come, the metadata have arrived: writers put them before the bands. */
static exit_code begin_picture(decode_job *job)
{
    const exit_code code = take_metadata(job);
    if (code != EXIT_OK)
        return code;
    return is_for_rows(job) ? begin_writing(job) : begin_whole(job);
}

static void keep_rows(const ghm_image *picture, uint32_t first_row, const ghm_image *rows)
{
    for (uint32_t y = 0; y < rows->height; y++)
        memcpy(picture->planes[0] + (first_row + y) * picture->row_stride, rows->planes[0] + y * rows->row_stride,
               picture->width * picture->pixel_stride);
}

static int take_rows(void *user, uint32_t first_row, const ghm_image *rows)
{
    decode_job *job = user;
    if (first_row == 0)
        job->rows_code = begin_picture(job);
    if (job->rows_code == EXIT_OK && job->writing)
        job->rows_code = job->format->by_rows->rows(job->writer_state, rows, &job->out);
    else if (job->rows_code == EXIT_OK)
        keep_rows(&job->picture, first_row, rows);
    return job->rows_code != EXIT_OK;
}

/* With --partial a damaged stream is told of, but its picture is written. */
static exit_code judge(decode_job *job, ghm_status status)
{
    if (job->rows_code != EXIT_OK)
        return job->rows_code;
    const exit_code code = fail_decoding(job, status, ghm_decoder_diagnostics(job->decoder));
    if (code != EXIT_DAMAGED || !job->options.partial || !(job->writing || job->picture.owned))
        return code;
    job->partial = code;
    return EXIT_OK;
}

/* -------------------------------------------------------------------------------------------------- bytes */

/* Of a group whose bytes are not at hand nothing is decoded beside the pixels of the one before. */
static void read_ahead(decode_job *job)
{
    const uint64_t limit = job->options.max_memory / 16;
    if (job->threads != 1 && job->source.seekable)
        source_widen(&job->source, (size_t)(limit > 0 && limit < AHEAD_BYTES ? limit : AHEAD_BYTES));
}

static exit_code push_stream(decode_job *job)
{
    ghm_status status = GHM_OK;
    read_ahead(job);
    for (size_t n = 1; status == GHM_OK && n > 0; job->size += n) {
        const uint8_t *data;
        const exit_code code = source_next(&job->source, &data, &n);
        if (code != EXIT_OK)
            return code;
        status = n > 0 ? ghm_decoder_push(job->decoder, data, n) : ghm_decoder_finish(job->decoder);
    }
    ghm_decode_report report;
    ghm_decoder_get_report(job->decoder, &report);
    job->hash_compared = report.hash_compared;
    return judge(job, status);
}

static exit_code finish_whole(decode_job *job)
{
    exit_code code = take_metadata(job); /* also what came late */
    const write_settings settings = settings_of_writer(job);
    if (code == EXIT_OK)
        code = picture_turn(&job->picture, stripped_orientation(job), "Exif", job->source.label);
    metadata_remove(&job->metadata, job->options.strip);
    return code == EXIT_OK ? picture_write(job->format, &job->picture, &settings, &job->out) : code;
}

/* The end of the file, which is released whatever has come before. */
static exit_code finish_writing(decode_job *job, exit_code code)
{
    const metadata_set written = metadata_kinds(&job->metadata);
    const exit_code end = job->format->by_rows->end(job->writer_state, code == EXIT_OK, &job->out);
    if (code == EXIT_OK)
        code = take_metadata(job);
    if (metadata_kinds(&job->metadata) & ~job->options.strip & ~written)
        warn(job->source.label, "metadata that come after the first rows are not kept");
    return code == EXIT_OK ? end : code;
}

static exit_code decode(decode_job *job)
{
    ghm_diagnostics diag = { "" };
    progress p = progress_begin(job->in_batch ? NULL : "decoding");
    const ghm_decode_settings settings = decode_settings(job, &p);
    const ghm_status status = ghm_decoder_open(job->model, &settings, take_rows, job, &job->decoder, &diag);
    if (status != GHM_OK)
        return fail_decoding(job, status, &diag);
    exit_code code = push_stream(job);
    job->seconds = progress_end(&p);
    if (job->writing)
        code = finish_writing(job, code);
    else if (code == EXIT_OK)
        code = finish_whole(job);
    ghm_decoder_close(&job->decoder);
    return code;
}

static exit_code measure(decode_job *job)
{
    ghm_diagnostics diag = { "" };
    const ghm_decode_settings settings = decode_settings(job, NULL);
    const ghm_status status =
        ghm_decode_get_cost(job->model, &settings, job->header, job->header_bytes, &job->cost, &diag);
    if (status == GHM_OK)
        job->picture = convert_format_only(job->cost.width, job->cost.height, job->info.components, job->info.bit_depth);
    return fail_status(status, job->source.label, &diag);
}

/* The output is opened before the long work, so that an unwritable place is reported at once. */
static exit_code decode_to_output(decode_job *job)
{
    exit_code code = weights_set_find(job->weights, job->info.model_id, job->source.label, &job->model);
    if (code == EXIT_OK)
        code = measure(job);
    if (code == EXIT_OK)
        code = output_open(&job->out, job->file->output, job->options.batch.no_overwrite);
    if (code != EXIT_OK)
        return code;
    code = output_close(&job->out, decode(job));
    return code == EXIT_OK ? job->partial : code;
}

/* -------------------------------------------------------------------------------------------------- reports */

static const char *hash_verdict(const decode_job *job)
{
    if (!job->info.has_picture_hash)
        return "absent";
    return job->options.no_verify ? "ignored" : job->hash_compared ? "verified" : "not compared";
}

static void report_members(const decode_job *job, json_object *o)
{
    json_string(o, "format", job->format->name);
    json_integer(o, "width", job->picture.width);
    json_integer(o, "height", job->picture.height);
    json_real(o, "quality", job->info.quality);
    json_integer(o, "bytes", job->size);
    json_string(o, "picture_hash", hash_verdict(job));
    json_real(o, "seconds", job->seconds);
}

static void report_line(const decode_job *job, FILE *file)
{
    print_clean(file, "%s: %" PRIu32 "x%" PRIu32 ", picture hash %s, %.2f s\n", job->out.label, job->picture.width,
                job->picture.height, hash_verdict(job), job->seconds);
}

/* -------------------------------------------------------------------------------------------------- one file */

/* EXIT_SKIPPED when nothing is to be done. */
static exit_code check_done(decode_job *job, const batch *b, json_object *line)
{
    uint64_t input_hash;
    const exit_code code = source_hash(&job->source, &input_hash);
    if (code != EXIT_OK)
        return code;
    json_id(line, "input_hash", input_hash);
    json_id(line, "model_id", job->info.model_id);
    return batch_log_has(b, job->file, input_hash, job->info.model_id) ? EXIT_SKIPPED : EXIT_OK;
}

static exit_code decode_file(decode_job *job, batch *b, json_object *line)
{
    exit_code code = choose_format(job);
    if (code == EXIT_OK)
        code = batch_check_output(b, job->file);
    if (code == EXIT_OK)
        code = source_open(&job->source, job->file->input, source_byte_limit(job->options.limit_pixels));
    if (code == EXIT_OK)
        code = read_header(job);
    if (code == EXIT_OK && job->in_batch)
        code = check_done(job, b, line);
    if (code != EXIT_OK)
        return code;
    job->threads = batch_take_threads(b, (uint64_t)job->info.width * job->info.height);
    code = decode_to_output(job);
    batch_return_threads(b, job->threads);
    return code;
}

/* By which the next run of a batch knows it. */
static void report_output_size(const decode_job *job, json_object *line)
{
    struct stat st;
    if (stat(job->file->output, &st) == 0)
        json_integer(line, "output_bytes", (uint64_t)st.st_size);
}

static exit_code run_file(batch *b, const batch_file *file, json_object *line)
{
    decode_job job = { .options = *(const decode_options *)file->settings, .file = file, .weights = batch_user(b),
                       .in_batch = batch_has_many(b), .source.fd = -1 };
    const exit_code code = decode_file(&job, b, line);
    if (code == EXIT_OK) {
        report_members(&job, line);
        if (job.in_batch)
            report_output_size(&job, line);
        else
            weights_report(job.model, line);
        if (!job.options.batch.json && !job.options.batch.quiet)
            report_line(&job, batch_report(b, file));
    }
    ghm_image_free(&job.picture);
    ghm_metadata_free(&job.metadata);
    source_close(&job.source);
    return code;
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

static const char *const stream_suffixes[] = { SUFFIX, NULL };

const batch_command decode_batch = {
    .command = &decode_command,
    .settings_size = sizeof(decode_options),
    .options = FIELD(batch),
    .suffixes = stream_suffixes,
    .name_output = name_output,
    .run = run_file,
    .resumes_from_log = true,
};

/* -------------------------------------------------------------------------------------------------- the command */

static exit_code decode_run(int argc, char **argv)
{
    decode_options options;
    int n_operands;
    exit_code code;
    weights_set weights;
    memset(&options, 0, sizeof options);
    if (!options_parse(&decode_command, argc, argv, &options, &n_operands, &code))
        return code;
    message_set_verbosity(options.batch.quiet, options.batch.verbose);
    code = batch_check_options(&decode_batch, &options, options.output, n_operands);
    if (code != EXIT_OK)
        return code;
    code = weights_set_open(&weights, &decode_command, &options.weights);
    const batch_setup setup = { &weights, options.threads };
    if (code == EXIT_OK)
        code = batch_run(&decode_batch, &options, &setup, options.output, argv + 1, n_operands);
    weights_set_close(&weights);
    return code;
}
