#include "eval/ycbcr.h"

#include <math.h>
#include <stdlib.h>

/* ITU-R BT.601-7, item 2.5. */
#define KR 0.299
#define KG 0.587
#define KB 0.114

#define PI 3.14159265358979323846

/* -------------------------------------------------------------------------------------------------- range */

/* code = offset + scale * value, of Y in 0..1 and of Cb and Cr in -1/2..1/2 (BT.601-7, item 2.5.3; full range as JFIF). */
typedef struct coding {
    double offset, scale;
} coding;

static coding plane_coding(const y4m_format *f, size_t plane)
{
    const double unit = (double)(1u << (f->bit_depth - 8)), max = (double)((1u << f->bit_depth) - 1);
    if (f->range == Y4M_FULL)
        return (coding){ plane == 0 ? 0 : 128 * unit, max };
    return plane == 0 ? (coding){ 16 * unit, 219 * unit } : (coding){ 128 * unit, 224 * unit };
}

static uint16_t quantize(double code, unsigned bit_depth)
{
    const double max = (double)((1u << bit_depth) - 1), rounded = floor(code + 0.5);
    return (uint16_t)(rounded < 0 ? 0 : rounded > max ? max : rounded);
}

/* -------------------------------------------------------------------------------------------------- resampling */

#define LOBES 3
#define MAX_TAPS (4 * LOBES)

/* One output sample of a row or column: weights of n neighbouring inputs, from `first` places after its own on. */
typedef struct filter {
    int first, n;
    double weights[MAX_TAPS];
} filter;

static double lanczos(double x)
{
    if (x == 0)
        return 1;
    return fabs(x) < LOBES ? LOBES * sin(PI * x) * sin(PI * x / LOBES) / (PI * PI * x * x) : 0;
}

/* The output lies `place` input samples after the input of its own; scale: output samples to an input sample, 1 at most. */
static filter make_filter(double place, double scale)
{
    const int reach = (int)(LOBES / scale);
    filter f = { .first = (int)ceil(place - reach), .n = 0 };
    double sum = 0;
    for (int i = f.first; i <= place + reach && f.n < MAX_TAPS; i++)
        sum += f.weights[f.n++] = lanczos((i - place) * scale);
    for (int i = 0; i < f.n; i++)
        f.weights[i] /= sum;
    return f;
}

/* Samples of a line `step` apart; the ends are repeated. */
typedef struct line {
    float *samples;
    size_t n, step;
} line;

static float apply(const filter *f, line in, size_t place)
{
    double sum = 0;
    for (int k = 0; k < f->n; k++) {
        const ptrdiff_t i = (ptrdiff_t)place + f->first + k, last = (ptrdiff_t)in.n - 1;
        sum += f->weights[k] * in.samples[(size_t)(i < 0 ? 0 : i > last ? last : i) * in.step];
    }
    return (float)sum;
}

/* Chroma sited in the centre: a sample of the half line lies half a sample after an even one of the whole line. */
static void resample_line(line in, line out)
{
    if (in.n > out.n) {
        const filter down = make_filter(0.5, 0.5);
        for (size_t i = 0; i < out.n; i++)
            out.samples[i * out.step] = apply(&down, in, 2 * i);
        return;
    }
    const filter up[2] = { make_filter(-0.25, 1), make_filter(0.25, 1) };
    for (size_t i = 0; i < out.n; i++)
        out.samples[i * out.step] = apply(&up[i % 2], in, i / 2);
}

typedef struct plane {
    size_t width, height;
    float *samples;
} plane;

/* Rows first, then columns. (A side of one sample has the same length in both, and stays what it is.) */
static bool resample(const plane *in, const plane *out)
{
    float *half = malloc(out->width * in->height * sizeof *half);
    if (!half)
        return false;
    for (size_t y = 0; y < in->height; y++)
        resample_line((line){ in->samples + y * in->width, in->width, 1 },
                      (line){ half + y * out->width, out->width, 1 });
    for (size_t x = 0; x < out->width; x++)
        resample_line((line){ half + x, in->height, out->width },
                      (line){ out->samples + x, out->height, out->width });
    free(half);
    return true;
}

/* -------------------------------------------------------------------------------------------------- conversion */

typedef struct planes {
    plane p[3];
} planes;

static bool alloc_planes(planes *whole, size_t width, size_t height)
{
    float *samples = malloc(3 * width * height * sizeof *samples);
    for (size_t i = 0; i < 3; i++)
        whole->p[i] = (plane){ width, height, samples ? samples + i * width * height : NULL };
    return samples;
}

static void free_planes(planes *whole)
{
    free(whole->p[0].samples);
}

static void load_rgb(const ghm_image *image, planes *to)
{
    size_t i = 0;
    for (size_t y = 0; y < image->height; y++) {
        for (size_t x = 0; x < image->width; x++, i++) {
            const size_t at = y * image->row_stride + x * image->pixel_stride;
            const double r = image->planes[0][at] / 255.0, g = image->planes[1][at] / 255.0,
                         b = image->planes[2][at] / 255.0, luma = KR * r + KG * g + KB * b;
            to->p[0].samples[i] = (float)luma;
            to->p[1].samples[i] = (float)((b - luma) / (2 * (1 - KB)));
            to->p[2].samples[i] = (float)((r - luma) / (2 * (1 - KR)));
        }
    }
}

static void store_rgb(const planes *from, ghm_image *image)
{
    size_t i = 0;
    for (size_t y = 0; y < image->height; y++) {
        for (size_t x = 0; x < image->width; x++, i++) {
            const size_t at = y * image->row_stride + x * image->pixel_stride;
            const double luma = from->p[0].samples[i], b = luma + 2 * (1 - KB) * from->p[1].samples[i],
                         r = luma + 2 * (1 - KR) * from->p[2].samples[i], g = (luma - KR * r - KB * b) / KG;
            image->planes[0][at] = (uint8_t)quantize(255 * r, 8);
            image->planes[1][at] = (uint8_t)quantize(255 * g, 8);
            image->planes[2][at] = (uint8_t)quantize(255 * b, 8);
        }
    }
}

static bool is_whole(const y4m_format *f, size_t i)
{
    return i == 0 || f->chroma == Y4M_444;
}

/* A plane of the frame from one of full size. */
static bool store_plane(const plane *whole, const y4m_format *f, size_t i, uint16_t *samples)
{
    const coding c = plane_coding(f, i);
    plane own = { y4m_plane_width(f, i), y4m_plane_height(f, i), whole->samples };
    if (!is_whole(f, i)) {
        own.samples = malloc(own.width * own.height * sizeof *own.samples);
        if (!own.samples || !resample(whole, &own)) {
            free(own.samples);
            return false;
        }
    }
    for (size_t k = 0; k < own.width * own.height; k++)
        samples[k] = quantize(c.offset + c.scale * own.samples[k], f->bit_depth);
    if (!is_whole(f, i))
        free(own.samples);
    return true;
}

static bool load_plane(const uint16_t *samples, const y4m_format *f, size_t i, const plane *whole)
{
    const coding c = plane_coding(f, i);
    plane own = { y4m_plane_width(f, i), y4m_plane_height(f, i), whole->samples };
    if (!is_whole(f, i))
        own.samples = malloc(own.width * own.height * sizeof *own.samples);
    if (!own.samples)
        return false;
    for (size_t k = 0; k < own.width * own.height; k++)
        own.samples[k] = (float)((samples[k] - c.offset) / c.scale);
    if (is_whole(f, i))
        return true;
    const bool ok = resample(&own, whole);
    free(own.samples);
    return ok;
}

bool ycbcr_from_rgb(const ghm_image *image, const y4m_format *format, y4m_frame *frame)
{
    planes whole;
    bool ok = alloc_planes(&whole, image->width, image->height);
    if (ok)
        load_rgb(image, &whole);
    for (size_t i = 0; i < 3 && ok; i++)
        ok = store_plane(&whole.p[i], format, i, frame->planes[i]);
    free_planes(&whole);
    return ok;
}

bool ycbcr_to_rgb(const y4m_frame *frame, const y4m_format *format, ghm_image *image)
{
    planes whole;
    bool ok = alloc_planes(&whole, image->width, image->height);
    for (size_t i = 0; i < 3 && ok; i++)
        ok = load_plane(frame->planes[i], format, i, &whole.p[i]);
    if (ok)
        store_rgb(&whole, image);
    free_planes(&whole);
    return ok;
}
