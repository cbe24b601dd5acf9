#define _DEFAULT_SOURCE /* uname */
#include "bench_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "json.h"
#include "message.h"
#include "weights.h"

const char *bench_stage_name(bench_stage stage)
{
    static const char *const names[] = { "read", "analysis", "entropy", "context", "synthesis", "write" };
    return names[stage];
}

/* -------------------------------------------------------------------------------------------------- machine */

typedef struct machine {
    struct utsname system;
    char cpu[128];
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

static machine describe_machine(void)
{
    machine m;
    memset(&m, 0, sizeof m);
    uname(&m.system);
    find_cpu_name(m.cpu, sizeof m.cpu, m.system.machine);
    return m;
}

/* -------------------------------------------------------------------------------------------------- figures */

static double megapixels(const bench_report *r)
{
    return 1e-6 * (double)r->width * (double)r->height;
}

/* Thousands of multiply-adds a pixel of the networks of a stage; 0 for a stage without. */
static double stage_kmac(const bench_report *r, bench_stage stage)
{
    ghm_model_info info;
    ghm_model_get_info(r->model, &info);
    switch (stage) {
    case BENCH_ANALYSIS: return info.encoder_kmac;
    case BENCH_CONTEXT: return info.decoder_kmac - info.synthesis_kmac;
    case BENCH_SYNTHESIS: return info.synthesis_kmac;
    default: return 0;
    }
}

/* Thousands a pixel times millions of pixels; NaN for a stage without networks. */
static double stage_gmacs(const bench_report *r, const bench_direction *d, bench_stage stage)
{
    const double kmac = stage_kmac(r, stage);
    return kmac > 0 ? kmac * megapixels(r) / d->stages[stage] : NAN;
}

static double stage_share(const bench_report *r, const bench_direction *d, bench_stage stage)
{
    return stage_gmacs(r, d, stage) / r->int16_peak.gmacs;
}

/* Of the call's CPU seconds, what is in no stage; NaN when a stage was not measured. */
static double other_seconds(const bench_report *r, const bench_direction *d)
{
    const double analysis = d == &r->encode ? d->stages[BENCH_ANALYSIS] : 0;
    const double other =
        d->cpu_seconds - analysis - d->stages[BENCH_ENTROPY] - d->stages[BENCH_CONTEXT] - d->stages[BENCH_SYNTHESIS];
    return isnan(other) ? NAN : fmax(other, 0); /* of medians, which may add up to more */
}

/* -------------------------------------------------------------------------------------------------- text */

static void print_number(int width, int decimals, double value)
{
    if (isnan(value))
        printf(" %*s", width, "");
    else
        printf(" %*.*f", width, decimals, value);
}

static void print_line(const bench_report *r, const char *name, double seconds, double gmacs, double share)
{
    if (isnan(seconds))
        return;
    printf("  %-10s", name);
    print_number(9, 2, megapixels(r) / seconds);
    print_number(10, 4, seconds);
    print_number(8, 1, gmacs);
    if (!isnan(share))
        printf(" %6.0f %%", 100 * share);
    printf("\n");
}

static void print_direction(const bench_report *r, const char *name, const bench_direction *d)
{
    bool any = !isnan(d->seconds);
    for (int i = 0; i < BENCH_N_STAGES; i++)
        any = any || !isnan(d->stages[i]);
    if (!any)
        return;
    printf("%-12s %8s %10s %8s %8s\n", name, "MP/s", "seconds", "GMAC/s", "of peak");
    for (int i = 0; i < BENCH_N_STAGES; i++)
        print_line(r, bench_stage_name((bench_stage)i), d->stages[i], stage_gmacs(r, d, (bench_stage)i),
                   stage_share(r, d, (bench_stage)i));
    print_line(r, "other", other_seconds(r, d), NAN, NAN);
    print_line(r, "CPU", d->cpu_seconds, NAN, NAN);
    print_line(r, "call", d->seconds, NAN, NAN);
    if (!isnan(d->seconds))
        printf("  call: %.4f s at best, memory %.1f MiB\n", d->smallest, d->peak_bytes / (1 << 20));
}

void bench_report_print(const bench_report *r)
{
    const machine m = describe_machine();
    ghm_model_info info;
    ghm_model_get_info(r->model, &info);
    print_clean(stdout, "%s: %s, %s %s\n", m.system.nodename, m.cpu, m.system.sysname, m.system.machine);
    print_clean(stdout, "gingham %s, weights %s %016" PRIx64 ", backend %s, threads %d\n", ghm_version(), info.name, info.id,
                ghm_backend_name(info.backend), r->threads);
    printf("peak of a thread: %.1f GMAC/s of int16 (%s)\n", r->int16_peak.gmacs, r->int16_peak.instruction);
    print_clean(stdout, "%s, %" PRIu32 "x%" PRIu32 ", quality %g, %zu bytes, %.3f bpp; medians of %d\n", r->picture, r->width,
                r->height, r->quality, r->bytes, 8e-6 * (double)r->bytes / megapixels(r), r->repetitions);
    printf("read, write and call: on the clock; the others: CPU time of all threads\n");
    print_direction(r, "encode", &r->encode);
    print_direction(r, "decode", &r->decode);
}

/* -------------------------------------------------------------------------------------------------- JSON */

static void put_peak(json_object *o, const char *key, const dot_peak *peak)
{
    json_object object = json_open(o, key);
    json_string(&object, "instruction", peak->instruction);
    json_real(&object, "gmacs", peak->gmacs);
    json_close(&object);
}

static void put_stage(json_object *o, const bench_report *r, const bench_direction *d, bench_stage stage)
{
    if (isnan(d->stages[stage]))
        return;
    json_object object = json_open(o, bench_stage_name(stage));
    json_real(&object, "seconds", d->stages[stage]);
    json_real(&object, "mpps", megapixels(r) / d->stages[stage]);
    if (stage_kmac(r, stage) > 0) {
        json_real(&object, "gmacs", stage_gmacs(r, d, stage));
        json_real(&object, "share_of_peak", stage_share(r, d, stage));
    }
    json_close(&object);
}

/* encode_seconds and so on, as long as the call was timed, and the stages. */
static void put_direction(json_object *o, const char *name, const bench_report *r, const bench_direction *d)
{
    char key[32];
    const struct {
        const char *name;
        double value;
    } figures[] = { { "seconds", d->seconds },
                    { "smallest_seconds", d->smallest },
                    { "cpu_seconds", d->cpu_seconds },
                    { "mpps", megapixels(r) / d->seconds },
                    { "other_seconds", other_seconds(r, d) },
                    { "peak_bytes", d->peak_bytes } };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        snprintf(key, sizeof key, "%s_%s", name, figures[i].name);
        json_real(o, key, figures[i].value);
    }
    snprintf(key, sizeof key, "%s_stages", name);
    json_object stages = json_open(o, key);
    for (int i = 0; i < BENCH_N_STAGES; i++)
        put_stage(&stages, r, d, (bench_stage)i);
    json_close(&stages);
}

void bench_report_print_json(const bench_report *r)
{
    const machine m = describe_machine();
    json_object o = json_begin(stdout);
    json_string(&o, "machine", m.system.nodename);
    json_string(&o, "cpu", m.cpu);
    json_string(&o, "system", m.system.sysname);
    json_string(&o, "architecture", m.system.machine);
    json_string(&o, "version", ghm_version());
    weights_report(r->model, &o);
    json_integer(&o, "threads", (uint64_t)r->threads);
    json_string(&o, "picture", r->picture);
    json_integer(&o, "width", r->width);
    json_integer(&o, "height", r->height);
    json_real(&o, "quality", r->quality);
    json_integer(&o, "bytes", r->bytes);
    json_integer(&o, "repetitions", (uint64_t)r->repetitions);
    put_peak(&o, "int16_peak", &r->int16_peak);
    put_direction(&o, "encode", r, &r->encode);
    put_direction(&o, "decode", r, &r->decode);
    json_end(&o);
}
