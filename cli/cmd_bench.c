/* cmd_bench.c - gingham bench: how fast whole encodes and decodes are here. */
#define _DEFAULT_SOURCE /* getrusage, RUSAGE_SELF */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "commands.h"
#include "eval/picture_file.h"
#include "json.h"
#include "message.h"
#include "parse.h"
#include "progress.h"
#include "weights.h"

#define MAX_REPETITIONS 1000

typedef struct picture_size {
    uint32_t width, height;
} picture_size;

typedef struct bench_options {
    const char *model_file;
    picture_size size;
    double quality;
    int threads, repetitions;
    ghm_backend backend;
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
    char *end;
    const long n = strtol(value, &end, 10);
    if (end == value || *end || strspn(value, "0123456789") != strlen(value) || n < 1 || n > MAX_REPETITIONS)
        return "a whole number from 1 to 1000";
    *(int *)field = (int)n;
    return NULL;
}

#define FIELD(name) offsetof(bench_options, name)
static const option bench_option_table[] = {
    { "size", 's', true, "WxH", "1920x1080", parse_size, FIELD(size),
      "the size of the picture that is made when no file is named" },
    { "quality", 'q', true, "Q", "60", parse_quality, FIELD(quality),
      "any number from 0 to 100" },
    { "threads", 'j', true, "N", "all", parse_threads, FIELD(threads),
      "threads, 1 to 256; 0 or all: as many as the process may use" },
    { "backend", 0, true, "NAME", "auto", parse_backend, FIELD(backend),
      "how the networks are computed; 'gingham --version' lists what there is" },
    { "reps", 'n', true, "N", "5", parse_repetitions, FIELD(repetitions),
      "timed repetitions, after one that is not timed" },
    { "model", 0, false, "FILE", NULL, parse_text, FIELD(model_file),
      "use the weights in FILE instead of the built-in ones" },
    { "limit-pixels", 0, false, "N", DEFAULT_LIMIT_PIXELS, parse_pixels, FIELD(limit_pixels),
      "refuse larger pictures; takes k, M and G" },
    { "json", 0, true, NULL, NULL, parse_switch, FIELD(json),
      "report as one JSON object" },
};

static exit_code bench_run(int argc, char **argv);

const command bench_command = {
    .name = "bench",
    .operands = "[PICTURE]",
    .summary = "Time whole encodes and decodes in memory.",
    .details =
        "Reading and writing of pictures is not in the times. The encoder stores the\n"
        "hash of the decoded picture, as it does by default, so that it runs the\n"
        "decoder's networks too. GMAC/s is the multiply-adds that the weights state, by\n"
        "the median time of the whole, coding of symbols included. Memory is the largest\n"
        "resident set of this process; that of encode and decode apart is what\n"
        "'gingham eval' measures.",
    .options = bench_option_table,
    .n_options = sizeof bench_option_table / sizeof *bench_option_table,
    .min_operands = 0,
    .max_operands = 1,
    .too_many = "one picture at a time",
    .run = bench_run,
};

/* Seconds of one operation. */
typedef struct timing {
    double median, smallest;
} timing;

/* What one run holds; zeroed at first. */
typedef struct bench_job {
    bench_options options;
    const char *path; /* NULL: a picture that is made */
    ghm_model *model;
    ghm_image image;
    ghm_buffer stream;
    timing encode, decode;
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

static exit_code encode_once(bench_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    settings.quality = job->options.quality;
    settings.threads = job->options.threads;
    ghm_buffer_free(&job->stream);
    return fail_status(ghm_encode_image(job->model, &settings, &job->image, &job->stream, &diag), subject(job), &diag);
}

static exit_code decode_once(bench_job *job)
{
    ghm_diagnostics diag = { "" };
    ghm_decode_settings settings;
    ghm_image decoded = { 0 };
    ghm_decode_settings_default(&settings);
    settings.threads = job->options.threads;
    settings.max_pixels = UINT64_MAX;
    const ghm_status status =
        ghm_decode_image(job->model, &settings, job->stream.data, job->stream.size, &decoded, &diag);
    ghm_image_free(&decoded);
    return fail_status(status, subject(job), &diag);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static timing summarize(double *seconds, size_t n)
{
    qsort(seconds, n, sizeof *seconds, compare_doubles);
    return (timing){ .median = (seconds[(n - 1) / 2] + seconds[n / 2]) / 2, .smallest = seconds[0] };
}

static exit_code time_operation(bench_job *job, exit_code (*operation)(bench_job *job), timing *result)
{
    double seconds[MAX_REPETITIONS];
    exit_code code = operation(job); /* memory is mapped, clocks rise */
    for (int i = 0; i < job->options.repetitions && code == EXIT_OK; i++) {
        const double start = clock_seconds();
        code = operation(job);
        seconds[i] = clock_seconds() - start;
    }
    if (code == EXIT_OK)
        *result = summarize(seconds, (size_t)job->options.repetitions);
    return code;
}

/* -------------------------------------------------------------------------------------------------- report */

typedef struct machine {
    struct utsname system;
    char cpu[128];
    int threads;
} machine;

/* The CPU's name as Linux tells it; where it does not, the architecture has to do. */
static void find_cpu_name(char *name, size_t size, const char *fallback)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(name, size, "%s", fallback);
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        snprintf(name, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (file)
        fclose(file);
}

static machine describe_machine(const bench_job *job)
{
    machine m;
    memset(&m, 0, sizeof m);
    uname(&m.system);
    find_cpu_name(m.cpu, sizeof m.cpu, m.system.machine);
    m.threads = job->options.threads ? job->options.threads : ghm_available_threads();
    return m;
}

static double peak_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? 1024.0 * (double)usage.ru_maxrss : NAN; /* Linux counts in KiB */
}

static double pixels(const bench_job *job)
{
    return (double)job->image.width * job->image.height;
}

static double gmac_per_second(const bench_job *job, double kmac, const timing *t)
{
    return 1e-6 * kmac * pixels(job) / t->median;
}

static void print_line(const bench_job *job, const char *name, double kmac, const timing *t)
{
    printf("  %-8s %8.2f MP/s  %8.4f s median, %8.4f s smallest  %8.1f GMAC/s\n", name,
           1e-6 * pixels(job) / t->median, t->median, t->smallest, gmac_per_second(job, kmac, t));
}

static void print_text(const bench_job *job)
{
    const machine m = describe_machine(job);
    ghm_model_info info;
    ghm_model_get_info(job->model, &info);
    printf("%s: %s, %s %s\n", m.system.nodename, m.cpu, m.system.sysname, m.system.machine);
    printf("gingham %s, weights %s %016" PRIx64 ", backend %s, threads %d\n", ghm_version(), info.name, info.id,
           ghm_backend_name(info.backend), m.threads);
    printf("%s, %" PRIu32 "x%" PRIu32 ", quality %g, %zu bytes, %.3f bpp, %d repetitions\n", subject(job),
           job->image.width, job->image.height, job->options.quality, job->stream.size,
           8 * (double)job->stream.size / pixels(job), job->options.repetitions);
    print_line(job, "encode", info.encoder_kmac + info.decoder_kmac, &job->encode);
    print_line(job, "decode", info.decoder_kmac, &job->decode);
    printf("  memory   %8.1f MiB\n", peak_bytes() / (1 << 20));
}

static void print_json(const bench_job *job)
{
    const machine m = describe_machine(job);
    ghm_model_info info;
    ghm_model_get_info(job->model, &info);
    json_object o = json_begin(stdout);
    json_string(&o, "machine", m.system.nodename);
    json_string(&o, "cpu", m.cpu);
    json_string(&o, "system", m.system.sysname);
    json_string(&o, "architecture", m.system.machine);
    json_string(&o, "version", ghm_version());
    weights_report(job->model, &o);
    json_integer(&o, "threads", (uint64_t)m.threads);
    json_string(&o, "picture", subject(job));
    json_integer(&o, "width", job->image.width);
    json_integer(&o, "height", job->image.height);
    json_real(&o, "quality", job->options.quality);
    json_integer(&o, "bytes", job->stream.size);
    json_integer(&o, "repetitions", (uint64_t)job->options.repetitions);
    json_real(&o, "encode_seconds", job->encode.median);
    json_real(&o, "encode_smallest_seconds", job->encode.smallest);
    json_real(&o, "encode_mpps", 1e-6 * pixels(job) / job->encode.median);
    json_real(&o, "encode_gmacs", gmac_per_second(job, info.encoder_kmac + info.decoder_kmac, &job->encode));
    json_real(&o, "decode_seconds", job->decode.median);
    json_real(&o, "decode_smallest_seconds", job->decode.smallest);
    json_real(&o, "decode_mpps", 1e-6 * pixels(job) / job->decode.median);
    json_real(&o, "decode_gmacs", gmac_per_second(job, info.decoder_kmac, &job->decode));
    json_real(&o, "peak_bytes", peak_bytes());
    json_end(&o);
}

static exit_code run_job(bench_job *job)
{
    exit_code code = weights_open(job->options.model_file, job->options.backend, &job->model);
    if (code == EXIT_OK)
        code = make_image(job);
    if (code == EXIT_OK)
        code = time_operation(job, encode_once, &job->encode);
    if (code == EXIT_OK)
        code = time_operation(job, decode_once, &job->decode);
    if (code != EXIT_OK)
        return code;
    if (job->options.json)
        print_json(job);
    else
        print_text(job);
    return EXIT_OK;
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
    ghm_buffer_free(&job.stream);
    ghm_image_free(&job.image);
    ghm_model_close(&job.model);
    return code;
}
