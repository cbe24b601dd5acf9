/* cmd_bench.c - gingham bench: how fast encodes and decodes, and the stages of them, are here. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_report.h"
#include "commands.h"
#include "folders.h"
#include "io/picture_file.h"
#include "message.h"
#include "parse.h"
#include "peak_memory.h"
#include "progress.h"
#include "weights.h"

#define MAX_REPETITIONS 1000

#define STAGE(name) (1u << BENCH_##name)
#define ALL_STAGES ((1u << BENCH_N_STAGES) - 1)
#define ENCODE_STAGES (STAGE(ANALYSIS) | STAGE(ENTROPY) | STAGE(CONTEXT) | STAGE(SYNTHESIS))
#define DECODE_STAGES (STAGE(ENTROPY) | STAGE(CONTEXT) | STAGE(SYNTHESIS))

typedef struct picture_size {
    uint32_t width, height;
} picture_size;

typedef struct bench_options {
    picture_size size;
    double quality;
    int effort, threads, repetitions;
    unsigned stages; /* bits 1 << bench_stage */
    weights_options weights;
    uint64_t limit_pixels;
    bool json;
} bench_options;

static const char *parse_size(const char *value, void *field)
{
    static const char expected[] = "a width and a height of 1 to 65535 such as 1920x1080";
    char *end;
    if (strspn(value, "0123456789x") != strlen(value))
        return expected;
    const unsigned long width = strtoul(value, &end, 10);
    if (end == value || *end != 'x' || end[1] < '0' || end[1] > '9')
        return expected;
    const unsigned long height = strtoul(end + 1, &end, 10);
    if (*end || width < 1 || width > 65535 || height < 1 || height > 65535)
        return expected;
    *(picture_size *)field = (picture_size){ (uint32_t)width, (uint32_t)height };
    return NULL;
}

static const char *parse_repetitions(const char *value, void *field)
{
    return parse_integer(value, 1, MAX_REPETITIONS, field) ? NULL : "a whole number from 1 to 1000";
}

static bool find_stage(const char *name, size_t length, unsigned *stages)
{
    for (int i = 0; i < BENCH_N_STAGES; i++) {
        const char *known = bench_stage_name((bench_stage)i);
        if (strlen(known) == length && strncmp(name, known, length) == 0) {
            *stages |= 1u << i;
            return true;
        }
    }
    return false;
}

static const char *parse_stages(const char *value, void *field)
{
    static const char expected[] = "all, or a list of read, analysis, entropy, context, synthesis and write";
    unsigned stages = 0;
    if (strcmp(value, "all") == 0) {
        *(unsigned *)field = ALL_STAGES;
        return NULL;
    }
    for (const char *name = value;; name++) {
        const size_t length = strcspn(name, ",");
        if (!find_stage(name, length, &stages))
            return expected;
        name += length;
        if (!*name)
            break;
    }
    *(unsigned *)field = stages;
    return NULL;
}

#define FIELD(name) offsetof(bench_options, name)
static const option bench_option_table[] = {
    { "size", 's', OPTION_COMMON, "WxH", "1920x1080", parse_size, FIELD(size),
      "the size of the picture that is made when no file is named" },
    { "quality", 'q', OPTION_COMMON, "Q", "60", parse_quality, FIELD(quality),
      "any number from 0 to 100" },
    { "effort", 'e', OPTION_COMMON, "N", "1", parse_effort, FIELD(effort),
      "of the encoder, 1 to 9" },
    { "threads", 'j', OPTION_COMMON, "N", "all", parse_threads, FIELD(threads),
      "threads, 1 to 256; 0 or all: as many as the process may use" },
    WEIGHTS_OPTION_ROWS(FIELD(weights)),
    { "stage", 0, OPTION_COMMON, "LIST", "all", parse_stages, FIELD(stages),
      "what to measure, separated by commas: read, analysis, entropy, context, synthesis, write" },
    { "reps", 'n', OPTION_COMMON, "N", "5", parse_repetitions, FIELD(repetitions),
      "timed repetitions, after one that is not timed" },
    LIMIT_PIXELS_OPTION_ROW(FIELD(limit_pixels)),
    { "json", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(json),
      "report as one JSON object" },
};

static exit_code bench_run(int argc, char **argv);

const command bench_command = {
    .name = "bench",
    .operands = "[PICTURE]",
    .summary = "Time encodes and decodes and their stages.",
    .details =
        "Stages: read is the picture from its file, write the decoded picture to a PPM\n"
        "file; analysis is pixels to latents, context hyper synthesis and context\n"
        "model, entropy the choice and coding of symbols, synthesis latents to pixels.\n"
        "The encoder stores the hash of the decoded picture, as it does by default, so\n"
        "that it runs the decoder's networks too. GMAC/s is the multiply-adds that the\n"
        "weights state, by the CPU time of the stage, and its share that of the most\n"
        "that a thread can do here, which is measured first. Memory is the largest\n"
        "resident set of this process during the calls, picture and weights with it.",
    .options = bench_option_table,
    .n_options = sizeof bench_option_table / sizeof *bench_option_table,
    .min_operands = 0,
    .max_operands = 1,
    .too_many = "one picture at a time",
    .run = bench_run,
};

/* What one run holds; zeroed at first. */
typedef struct bench_job {
    bench_options options;
    const char *path; /* NULL: a picture that is made */
    char *folder;     /* for files of our own */
    char *own_picture, *written;
    ghm_model *model;
    ghm_image image, decoded;
    ghm_buffer stream;
    ghm_statistics statistics; /* of the latest call */
    bench_report report;
} bench_job;

/* Smooth areas, edges and fine texture, so that no stage finds it all the same; noise from xorshift. */
static void paint(ghm_image *image)
{
    uint32_t state = 1;
    for (uint32_t y = 0; y < image->height; y++) {
        for (uint32_t x = 0; x < image->width; x++) {
            const bool bright = (x / 64 + y / 64) % 3 == 0, textured = (x / 128 + y / 96) % 2 == 0;
            for (int c = 0; c < 3; c++) {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                const double wave = sin(0.011 * x + c) + cos(0.017 * y - c);
                const double noise = textured ? state % 32 : state % 4;
                image->planes[c][y * image->row_stride + x * image->pixel_stride] =
                    (uint8_t)(90 + 30 * wave + noise + (bright ? 60 : 0));
            }
        }
    }
}

static exit_code make_image(bench_job *job)
{
    const picture_size size = job->options.size;
    ghm_diagnostics diag = { "" };
    if (job->path)
        return picture_file_read(job->path, job->options.limit_pixels, &job->image);
    if ((uint64_t)size.width * size.height > job->options.limit_pixels)
        return fail(EXIT_LIMIT, bench_command.name, "the size is more than --limit-pixels");
    const ghm_status status = ghm_image_alloc(size.width, size.height, &job->image, &diag);
    if (status == GHM_OK)
        paint(&job->image);
    return fail_status(status, bench_command.name, &diag);
}

static const char *subject(const bench_job *job)
{
    return job->path ? job->path : "made picture";
}

/* -------------------------------------------------------------------------------------------------- operations */

static exit_code read_once(bench_job *job)
{
    ghm_image image;
    const char *path = job->path ? job->path : job->own_picture;
    const exit_code code = picture_file_read(path, job->options.limit_pixels, &image);
    if (code == EXIT_OK)
        ghm_image_free(&image);
    return code;
}

static exit_code write_once(bench_job *job)
{
    return picture_file_write(job->written, &job->decoded);
}

static exit_code encode_once(bench_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    settings.quality = job->options.quality;
    settings.effort = job->options.effort;
    settings.threads = job->options.threads;
    settings.statistics = &job->statistics;
    ghm_buffer_free(&job->stream);
    return fail_status(ghm_encode_image(job->model, &settings, &job->image, &job->stream, &diag), subject(job), &diag);
}

static exit_code decode_once(bench_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_decode_settings settings;
    ghm_decode_settings_default(&settings);
    settings.threads = job->options.threads;
    settings.max_pixels = UINT64_MAX;
    settings.statistics = &job->statistics;
    ghm_image_free(&job->decoded);
    return fail_status(
        ghm_decode_image(job->model, &settings, job->stream.data, job->stream.size, &job->decoded, &diag), subject(job),
        &diag);
}

/* -------------------------------------------------------------------------------------------------- timing */

/* Of this process. */
static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of every repetition: of the operation, and of what the statistics tell of it. */
typedef struct samples {
    double seconds[MAX_REPETITIONS], cpu[MAX_REPETITIONS], analysis[MAX_REPETITIONS], entropy[MAX_REPETITIONS], context[MAX_REPETITIONS],
        synthesis[MAX_REPETITIONS];
} samples;

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts them. */
static double median(double *seconds, size_t n)
{
    qsort(seconds, n, sizeof *seconds, compare_doubles);
    return (seconds[(n - 1) / 2] + seconds[n / 2]) / 2;
}

/* Once without looking, so that memory is mapped and clocks have risen, and then for the samples. */
static exit_code time_operation(bench_job *job, exit_code (*operation)(bench_job *job), samples *s)
{
    exit_code code = operation(job);
    for (int i = 0; i < job->options.repetitions && code == EXIT_OK; i++) {
        const double start = clock_seconds(), cpu_start = cpu_seconds();
        code = operation(job);
        s->seconds[i] = clock_seconds() - start;
        s->cpu[i] = cpu_seconds() - cpu_start;
        s->analysis[i] = job->statistics.analysis_seconds;
        s->entropy[i] = job->statistics.entropy_seconds;
        s->context[i] = job->statistics.context_seconds;
        s->synthesis[i] = job->statistics.synthesis_seconds;
    }
    return code;
}

static bool wants(const bench_job *job, unsigned stages)
{
    return job->options.stages & stages;
}

/* A file is read or written: that is a stage by itself. */
static exit_code time_file(bench_job *job, exit_code (*operation)(bench_job *job), bench_stage stage, double *seconds)
{
    static samples s; /* too large for a stack */
    if (!wants(job, 1u << stage))
        return EXIT_OK;
    const exit_code code = time_operation(job, operation, &s);
    if (code == EXIT_OK)
        *seconds = median(s.seconds, (size_t)job->options.repetitions);
    return code;
}

static exit_code time_call(bench_job *job, exit_code (*operation)(bench_job *job), bench_direction *d)
{
    static samples s;
    const size_t n = (size_t)job->options.repetitions;
    peak_memory_restart();
    const exit_code code = time_operation(job, operation, &s);
    if (code != EXIT_OK)
        return code;
    d->peak_bytes = peak_memory_bytes();
    d->seconds = median(s.seconds, n);
    d->smallest = s.seconds[0];
    d->cpu_seconds = median(s.cpu, n);
    if (operation == encode_once && wants(job, STAGE(ANALYSIS)))
        d->stages[BENCH_ANALYSIS] = median(s.analysis, n);
    if (wants(job, STAGE(ENTROPY)))
        d->stages[BENCH_ENTROPY] = median(s.entropy, n);
    if (wants(job, STAGE(CONTEXT)))
        d->stages[BENCH_CONTEXT] = median(s.context, n);
    if (wants(job, STAGE(SYNTHESIS)))
        d->stages[BENCH_SYNTHESIS] = median(s.synthesis, n);
    return EXIT_OK;
}

/* What is not timed runs once where something later needs what it gives. */
static exit_code time_all(bench_job *job)
{
    bench_direction *encode = &job->report.encode, *decode = &job->report.decode;
    exit_code code = time_file(job, read_once, BENCH_READ, &encode->stages[BENCH_READ]);
    if (code == EXIT_OK)
        code = wants(job, ENCODE_STAGES) ? time_call(job, encode_once, encode) : encode_once(job);
    if (code == EXIT_OK && wants(job, DECODE_STAGES))
        code = time_call(job, decode_once, decode);
    else if (code == EXIT_OK && wants(job, STAGE(WRITE)))
        code = decode_once(job);
    if (code == EXIT_OK)
        code = time_file(job, write_once, BENCH_WRITE, &decode->stages[BENCH_WRITE]);
    return code;
}

/* -------------------------------------------------------------------------------------------------- running */

/* The picture that is made has to be in a file to be read from it. */
static exit_code prepare_files(bench_job *job)
{
    if (!wants(job, STAGE(READ) | STAGE(WRITE)))
        return EXIT_OK;
    job->folder = make_temporary_folder(bench_command.name);
    if (!job->folder)
        return EXIT_WRITE;
    job->own_picture = join_path(job->folder, "picture.ppm");
    job->written = join_path(job->folder, "written.ppm");
    if (!job->own_picture || !job->written)
        return fail_memory(bench_command.name);
    return job->path ? EXIT_OK : picture_file_write(job->own_picture, &job->image);
}

static void begin_report(bench_job *job)
{
    const bench_direction none = { NAN, NAN, NAN, { NAN, NAN, NAN, NAN, NAN, NAN }, NAN };
    const bench_options *o = &job->options;
    job->report = (bench_report){
        .model = job->model, .picture = subject(job), .width = job->image.width, .height = job->image.height,
        .quality = o->quality, .threads = o->threads ? o->threads : ghm_available_threads(),
        .repetitions = o->repetitions, .encode = none, .decode = none,
        .int16_peak = dot_peak_int16(),
    };
}

static exit_code run_job(bench_job *job)
{
    exit_code code = weights_open(&bench_command, &job->options.weights, &job->model);
    if (code == EXIT_OK)
        code = make_image(job);
    if (code == EXIT_OK)
        code = prepare_files(job);
    if (code != EXIT_OK)
        return code;
    begin_report(job);
    code = time_all(job);
    if (code != EXIT_OK)
        return code;
    job->report.bytes = job->stream.size;
    if (job->options.json)
        bench_report_print_json(&job->report);
    else
        bench_report_print(&job->report);
    return EXIT_OK;
}

static void release(bench_job *job)
{
    ghm_buffer_free(&job->stream);
    ghm_image_free(&job->image);
    ghm_image_free(&job->decoded);
    ghm_model_close(&job->model);
    if (job->folder)
        remove_folder(job->folder);
    free(job->folder);
    free(job->own_picture);
    free(job->written);
}

static exit_code bench_run(int argc, char **argv)
{
    bench_job job;
    int n_operands;
    exit_code code;
    memset(&job, 0, sizeof job);
    if (!options_parse(&bench_command, argc, argv, &job.options, &n_operands, &code))
        return code;
    job.path = n_operands == 1 ? argv[1] : NULL;
    code = run_job(&job);
    release(&job);
    return code;
}
