#include "compare_clips.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/metrics.h"
#include "io/y4m.h"
#include "json.h"
#include "message.h"

/* Of one plane: values of every frame. */
enum { PSNR, SSIM, MS_SSIM, SQUARED_ERROR, N_MEASURES };

/* What one comparison holds; zeroed at first. */
typedef struct clip_job {
    const clip_settings *settings;
    y4m_reader readers[2];
    y4m_frame frames[2];
    output difference;
    size_t n, capacity; /* frames measured */
    double *values[Y4M_MAX_PLANES][N_MEASURES];
} clip_job;

static const char *const plane_names[] = { "y", "u", "v" };

/* -------------------------------------------------------------------------------------------------- formats */

static const char *range_name(const y4m_format *f)
{
    static const char *const names[] = { "range not said", "limited range", "full range" };
    return names[f->range];
}

/* Planes are compared as they are, so that they have to mean the same. Siting is warned about only: many programs write
 * C420jpeg whatever it is. */
static exit_code check_formats(const clip_job *job)
{
    const y4m_format *a = &job->readers[0].format, *b = &job->readers[1].format;
    const char *label = job->readers[1].label;
    if (a->width != b->width || a->height != b->height)
        return fail(EXIT_BAD_INPUT, label, "is %" PRIu32 "x%" PRIu32 ", but the original %" PRIu32 "x%" PRIu32, b->width,
                    b->height, a->width, a->height);
    if (a->chroma != b->chroma)
        return fail(EXIT_BAD_INPUT, label, "is %s, but the original %s", y4m_chroma_name(b), y4m_chroma_name(a));
    if (a->bit_depth != b->bit_depth)
        return fail(EXIT_BAD_INPUT, label, "has %u bits a sample, but the original %u", b->bit_depth, a->bit_depth);
    if (a->range != b->range && a->range != Y4M_RANGE_NOT_SAID && b->range != Y4M_RANGE_NOT_SAID)
        return fail(EXIT_BAD_INPUT, label, "has samples of %s, but the original of %s", range_name(b), range_name(a));
    if (a->siting != b->siting)
        warn(label, "is %s, the original %s; the planes are compared as they are", y4m_chroma_name(b),
             y4m_chroma_name(a));
    return EXIT_OK;
}

static exit_code open_clips(clip_job *job, char *const paths[2])
{
    exit_code code = EXIT_OK;
    for (int i = 0; i < 2 && code == EXIT_OK; i++)
        code = y4m_open(&job->readers[i], paths[i], job->settings->limit_pixels);
    if (code == EXIT_OK)
        code = check_formats(job);
    for (int i = 0; i < 2 && code == EXIT_OK; i++)
        if (!y4m_frame_alloc(&job->readers[i].format, &job->frames[i]))
            code = fail_memory(job->readers[i].label);
    return code;
}

/* -------------------------------------------------------------------------------------------------- measuring */

static const y4m_format *format(const clip_job *job)
{
    return &job->readers[0].format;
}

static size_t n_planes(const clip_job *job)
{
    return y4m_n_planes(format(job));
}

static bool make_room(clip_job *job)
{
    const size_t capacity = job->capacity ? 2 * job->capacity : 64;
    if (job->n < job->capacity)
        return true;
    for (size_t plane = 0; plane < n_planes(job); plane++) {
        for (int measure = 0; measure < N_MEASURES; measure++) {
            double *values = realloc(job->values[plane][measure], capacity * sizeof *values);
            if (!values)
                return false;
            job->values[plane][measure] = values;
        }
    }
    job->capacity = capacity;
    return true;
}

static bool measure_plane(const clip_job *job, size_t i, plane_metrics *m)
{
    const y4m_format *f = format(job);
    const size_t width = y4m_plane_width(f, i), height = y4m_plane_height(f, i);
    sample_plane planes[2];
    for (int k = 0; k < 2; k++)
        planes[k] = (sample_plane){ .samples = job->frames[k].planes[i], .width = width, .height = height,
                                    .row_stride = width * sizeof(uint16_t), .pixel_stride = sizeof(uint16_t),
                                    .sample_bytes = sizeof(uint16_t), .bit_depth = f->bit_depth };
    return metrics_measure_plane(&planes[0], &planes[1], m);
}

static exit_code measure_frame(clip_job *job)
{
    if (!make_room(job))
        return fail_memory(job->readers[1].label);
    for (size_t i = 0; i < n_planes(job); i++) {
        plane_metrics m;
        if (!measure_plane(job, i, &m))
            return fail_memory(job->readers[1].label);
        job->values[i][PSNR][job->n] = m.psnr;
        job->values[i][SSIM][job->n] = m.ssim;
        job->values[i][MS_SSIM][job->n] = m.ms_ssim;
        job->values[i][SQUARED_ERROR][job->n] = m.squared_error;
    }
    job->n++;
    return EXIT_OK;
}

/* -------------------------------------------------------------------------------------------------- difference */

/* Half of the peak where the two are equal, in the planes of the second clip's frame. */
static exit_code write_difference(clip_job *job)
{
    const y4m_format *f = format(job);
    const double middle = (double)(1u << (f->bit_depth - 1)), max = (double)((1u << f->bit_depth) - 1);
    for (size_t i = 0; i < n_planes(job); i++) {
        const uint16_t *original = job->frames[0].planes[i];
        uint16_t *other = job->frames[1].planes[i];
        for (size_t k = 0; k < y4m_plane_width(f, i) * y4m_plane_height(f, i); k++) {
            const double value = round(middle + job->settings->gain * (other[k] - original[k]));
            other[k] = (uint16_t)(value < 0 ? 0 : value > max ? max : value);
        }
    }
    return y4m_write_frame(&job->difference, f, &job->frames[1]);
}

static exit_code open_difference(clip_job *job)
{
    const exit_code code = output_open(&job->difference, job->settings->difference, false);
    return code == EXIT_OK ? y4m_write_header(&job->difference, format(job)) : code;
}

/* -------------------------------------------------------------------------------------------------- frames */

static bool has_all(const clip_job *job)
{
    return job->settings->n_frames > 0 && job->n == (size_t)job->settings->n_frames;
}

/* The next frame of both; *end when both are over. */
static exit_code read_frames(clip_job *job, bool *end)
{
    bool ends[2] = { false, false };
    exit_code code = EXIT_OK;
    *end = has_all(job);
    for (int i = 0; i < 2 && code == EXIT_OK && !*end; i++)
        code = y4m_read_frame(&job->readers[i], &job->frames[i], &ends[i]);
    if (code != EXIT_OK || *end)
        return code;
    if (ends[0] != ends[1])
        return fail(EXIT_BAD_INPUT, job->readers[ends[0] ? 0 : 1].label,
                    "ends after %zu frames, the other clip does not; --frames compares the first ones only", job->n);
    *end = ends[0];
    if (*end && job->settings->n_frames > 0)
        return fail(EXIT_BAD_INPUT, job->readers[0].label, "has %zu frames only", job->n);
    return *end && job->n == 0 ? fail(EXIT_BAD_INPUT, job->readers[0].label, "has no frames") : EXIT_OK;
}

static exit_code compare_frames(clip_job *job)
{
    bool end;
    exit_code code = read_frames(job, &end);
    while (code == EXIT_OK && !end) {
        code = measure_frame(job);
        if (code == EXIT_OK && job->settings->difference)
            code = write_difference(job);
        if (code == EXIT_OK)
            code = read_frames(job, &end);
    }
    return code;
}

/* -------------------------------------------------------------------------------------------------- report */

static double mean(const clip_job *job, size_t plane, int measure)
{
    double sum = 0;
    for (size_t i = 0; i < job->n; i++)
        sum += job->values[plane][measure][i];
    return sum / (double)job->n;
}

/* (6 Y + U + V) / 8 */
static double weigh(double y, double u, double v)
{
    return (6 * y + u + v) / 8;
}

static bool has_chroma(const clip_job *job)
{
    return n_planes(job) == 3;
}

static void print_value(int width, int decimals, double value)
{
    if (isnan(value))
        printf("  %*s", width, "-");
    else
        printf("  %*.*f", width, decimals, value);
}

static void print_plane(const clip_job *job, size_t plane)
{
    printf("  %-3c", "YUV"[plane]);
    print_value(8, 4, mean(job, plane, PSNR));
    print_value(13, 4, metrics_psnr(mean(job, plane, SQUARED_ERROR)));
    print_value(8, 6, mean(job, plane, SSIM));
    print_value(8, 6, mean(job, plane, MS_SSIM));
    printf("\n");
}

static double weighted_mean_psnr(const clip_job *job)
{
    return weigh(mean(job, 0, PSNR), mean(job, 1, PSNR), mean(job, 2, PSNR));
}

static void print_frame(const clip_job *job, size_t frame)
{
    printf("frame %zu:", frame);
    for (size_t plane = 0; plane < n_planes(job); plane++) {
        printf("%s %c", plane ? "," : "", "YUV"[plane]);
        print_value(0, 4, job->values[plane][PSNR][frame]);
        print_value(0, 6, job->values[plane][SSIM][frame]);
        print_value(0, 6, job->values[plane][MS_SSIM][frame]);
    }
    printf("\n");
}

static void print_text(const clip_job *job)
{
    const y4m_format *f = format(job);
    for (size_t i = 0; job->settings->per_frame && i < job->n; i++)
        print_frame(job, i);
    print_clean(stdout, "%s against %s: %" PRIu32 "x%" PRIu32 ", %s, %u bits, %s, %zu frame%s\n", job->readers[1].label,
                job->readers[0].label, f->width, f->height, y4m_chroma_name(f), f->bit_depth, range_name(f), job->n,
                job->n == 1 ? "" : "s");
    printf("       PSNR, dB  of mean error      SSIM   MS-SSIM\n");
    for (size_t plane = 0; plane < n_planes(job); plane++)
        print_plane(job, plane);
    if (has_chroma(job))
        printf("  YUV%10.4f  weights 6:1:1\n", weighted_mean_psnr(job));
}

/* psnr_y, its mean error's, ssim_y, ms_ssim_y and their lists; a plane a time. */
static void put_plane(json_object *o, const clip_job *job, size_t plane)
{
    static const struct {
        const char *name;
        int measure;
    } measures[] = { { "psnr", PSNR }, { "ssim", SSIM }, { "ms_ssim", MS_SSIM } };
    char key[48];
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        snprintf(key, sizeof key, "%s_%s", measures[i].name, plane_names[plane]);
        json_real(o, key, mean(job, plane, measures[i].measure));
        snprintf(key, sizeof key, "%s_%s_frames", measures[i].name, plane_names[plane]);
        json_reals(o, key, job->values[plane][measures[i].measure], job->n);
    }
    snprintf(key, sizeof key, "psnr_of_mean_error_%s", plane_names[plane]);
    json_real(o, key, metrics_psnr(mean(job, plane, SQUARED_ERROR)));
}

static void print_json(const clip_job *job)
{
    const y4m_format *f = format(job);
    json_object o = json_begin(stdout);
    json_string(&o, "original", job->readers[0].label);
    json_string(&o, "clip", job->readers[1].label);
    json_integer(&o, "width", f->width);
    json_integer(&o, "height", f->height);
    json_string(&o, "chroma", y4m_chroma_name(f));
    json_integer(&o, "bit_depth", f->bit_depth);
    json_integer(&o, "frames", job->n);
    for (size_t plane = 0; plane < n_planes(job); plane++)
        put_plane(&o, job, plane);
    if (has_chroma(job))
        json_real(&o, "psnr_yuv_611", weighted_mean_psnr(job));
    json_end(&o);
}

static exit_code run_job(clip_job *job, char *const paths[2])
{
    exit_code code = open_clips(job, paths);
    if (code == EXIT_OK && job->settings->difference)
        code = open_difference(job);
    if (code == EXIT_OK)
        code = compare_frames(job);
    if (job->difference.file)
        code = output_close(&job->difference, code);
    if (code != EXIT_OK)
        return code;
    if (job->settings->json)
        print_json(job);
    else
        print_text(job);
    return EXIT_OK;
}

exit_code compare_clips(char *const paths[2], const clip_settings *settings)
{
    clip_job job;
    memset(&job, 0, sizeof job);
    job.settings = settings;
    const exit_code code = run_job(&job, paths);
    for (int i = 0; i < 2; i++) {
        y4m_frame_free(&job.frames[i]);
        y4m_close(&job.readers[i]);
    }
    for (size_t plane = 0; plane < Y4M_MAX_PLANES; plane++)
        for (int measure = 0; measure < N_MEASURES; measure++)
            free(job.values[plane][measure]);
    return code;
}
