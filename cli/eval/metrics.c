#include "eval/metrics.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PEAK 255.0

double metrics_decibels(double value)
{
    return -10 * log10(1 - value);
}

double metrics_psnr(double squared_error)
{
    return -10 * log10(squared_error);
}

/* Of a grey picture every component is the one there is. */
static const uint8_t *sample_row(const ghm_image *image, int component, size_t y)
{
    return image->planes[image->planes[1] ? component : 0] + y * image->row_stride;
}

/* In units of 8-bit samples, whatever the depth. */
static double sample(const ghm_image *image, int component, size_t x, size_t y)
{
    const uint8_t *p = sample_row(image, component, y) + x * image->pixel_stride;
    if (image->bit_depth <= 8)
        return *p;
    return *(const uint16_t *)(const void *)p * PEAK / ((1u << image->bit_depth) - 1);
}

/* -------------------------------------------------------------------------------------------------- PSNR */

/* Sums over all pixels of squared differences. Those of the chroma planes come from the differences of R, G and B:
 * the conversion is linear. */
typedef struct squared_errors {
    double rgb, y, u, v;
} squared_errors;

/* ITU-R BT.709-6, items 3.2 and 3.3. */
#define KR 0.2126
#define KB 0.0722

static void add_pixel(squared_errors *sum, double red, double green, double blue)
{
    const double y = KR * red + (1 - KR - KB) * green + KB * blue;
    const double u = (blue - y) / (2 * (1 - KB));
    const double v = (red - y) / (2 * (1 - KR));
    sum->rgb += red * red + green * green + blue * blue;
    sum->y += y * y;
    sum->u += u * u;
    sum->v += v * v;
}

static squared_errors sum_squared_errors(const ghm_image *a, const ghm_image *b)
{
    squared_errors sum = { 0, 0, 0, 0 };
    for (size_t y = 0; y < a->height; y++) {
        double difference[3];
        for (size_t x = 0; x < a->width; x++) {
            for (int c = 0; c < 3; c++)
                difference[c] = sample(a, c, x, y) - sample(b, c, x, y);
            add_pixel(&sum, difference[0], difference[1], difference[2]);
        }
    }
    return sum;
}

static double psnr(double squared_error, double n_samples)
{
    return 10 * log10(PEAK * PEAK * n_samples / squared_error);
}

void metrics_measure_psnr(const ghm_image *a, const ghm_image *b, picture_metrics *m)
{
    const double n_pixels = (double)a->width * a->height;
    const squared_errors sum = sum_squared_errors(a, b);
    m->psnr_rgb = psnr(sum.rgb, 3 * n_pixels);
    m->psnr_y = psnr(sum.y, n_pixels);
    m->psnr_u = psnr(sum.u, n_pixels);
    m->psnr_v = psnr(sum.v, n_pixels);
    m->psnr_yuv = (6 * m->psnr_y + m->psnr_u + m->psnr_v) / 8;
}

/* -------------------------------------------------------------------------------------------------- SSIM */

/* Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity" (IEEE TIP
 * 2004) and Wang, Simoncelli, Bovik, "Multi-scale structural similarity" (Asilomar 2003), in the form of the package
 * pytorch-msssim, which the field's results are made with. */
#define TAPS 11
#define N_SCALES 5
#define K1 0.01
#define K2 0.03
static const double scale_weights[N_SCALES] = { 0.0448, 0.2856, 0.3001, 0.2363, 0.1333 };

/* Local moments of the two pictures, in the order in which moments[] holds them. */
enum { MEAN_A, MEAN_B, SQUARE_A, SQUARE_B, PRODUCT, N_MOMENTS };

/* Two planes of one component. Averages of four samples, four times over, add 8 bits to their 16: float holds them exactly. */
typedef struct plane_pair {
    size_t width, height;
    float *a, *b;
} plane_pair;

/* Working memory: the horizontally filtered moments of the last TAPS rows, and one row filtered in both directions. */
typedef struct moment_rows {
    size_t width; /* of a filtered row */
    double *ring, *filtered;
    double window[TAPS];
    double c1, c2; /* of the formula: squares of K1 and K2 of the peak */
} moment_rows;

typedef struct similarity {
    double ssim, contrast; /* means over the plane; contrast is the factor without luminance */
} similarity;

static void make_window(double window[TAPS])
{
    const double sigma = 1.5;
    double sum = 0;
    for (int i = 0; i < TAPS; i++) {
        const double distance = i - TAPS / 2;
        window[i] = exp(-distance * distance / (2 * sigma * sigma));
        sum += window[i];
    }
    for (int i = 0; i < TAPS; i++)
        window[i] /= sum;
}

static double *ring_row(const moment_rows *rows, size_t y, int moment)
{
    return rows->ring + ((y % TAPS) * N_MOMENTS + (size_t)moment) * rows->width;
}

static void filter_row(const moment_rows *rows, const plane_pair *p, size_t y)
{
    double *out[N_MOMENTS];
    for (int m = 0; m < N_MOMENTS; m++) {
        out[m] = ring_row(rows, y, m);
        memset(out[m], 0, rows->width * sizeof *out[m]);
    }
    for (int k = 0; k < TAPS; k++) {
        const float *a = p->a + y * p->width + k, *b = p->b + y * p->width + k;
        const double weight = rows->window[k];
        for (size_t x = 0; x < rows->width; x++) {
            const double va = a[x], vb = b[x];
            out[MEAN_A][x] += weight * va;
            out[MEAN_B][x] += weight * vb;
            out[SQUARE_A][x] += weight * (va * va);
            out[SQUARE_B][x] += weight * (vb * vb);
            out[PRODUCT][x] += weight * (va * vb);
        }
    }
}

/* The window whose last row is y. */
static void filter_columns(const moment_rows *rows, size_t y)
{
    for (int m = 0; m < N_MOMENTS; m++) {
        double *out = rows->filtered + (size_t)m * rows->width;
        memset(out, 0, rows->width * sizeof *out);
        for (int k = 0; k < TAPS; k++) {
            const double *in = ring_row(rows, y - (TAPS - 1) + (size_t)k, m);
            for (size_t x = 0; x < rows->width; x++)
                out[x] += rows->window[k] * in[x];
        }
    }
}

static void add_similarities(const moment_rows *rows, similarity *sum)
{
    const double *filtered = rows->filtered;
    const size_t n = rows->width;
    for (size_t x = 0; x < n; x++) {
        const double mean_a = filtered[MEAN_A * n + x], mean_b = filtered[MEAN_B * n + x];
        const double variance_a = filtered[SQUARE_A * n + x] - mean_a * mean_a;
        const double variance_b = filtered[SQUARE_B * n + x] - mean_b * mean_b;
        const double covariance = filtered[PRODUCT * n + x] - mean_a * mean_b;
        const double contrast = (2 * covariance + rows->c2) / (variance_a + variance_b + rows->c2);
        sum->contrast += contrast;
        sum->ssim +=
            (2 * mean_a * mean_b + rows->c1) / (mean_a * mean_a + mean_b * mean_b + rows->c1) * contrast;
    }
}

/* Mean over all places where the window lies within the plane. */
static similarity compare_planes(moment_rows *rows, const plane_pair *p)
{
    similarity sum = { 0, 0 };
    rows->width = p->width - (TAPS - 1);
    for (size_t y = 0; y < p->height; y++) {
        filter_row(rows, p, y);
        if (y < TAPS - 1)
            continue;
        filter_columns(rows, y);
        add_similarities(rows, &sum);
    }
    const double n = (double)rows->width * (double)(p->height - (TAPS - 1));
    return (similarity){ sum.ssim / n, sum.contrast / n };
}

/* 2x2 averages in place. An odd side is padded by one zero at its start, which counts in the average: what PyTorch's
 * avg_pool2d(padding = side % 2) does. */
static void halve(float *samples, size_t width, size_t height)
{
    const size_t pad_x = width % 2, pad_y = height % 2, half = (width + 1) / 2;
    for (size_t oy = 0; oy < (height + 1) / 2; oy++) {
        for (size_t ox = 0; ox < half; ox++) {
            float sum = 0;
            for (size_t y = 2 * oy; y < 2 * oy + 2; y++)
                for (size_t x = 2 * ox; x < 2 * ox + 2; x++)
                    if (y >= pad_y && x >= pad_x)
                        sum += samples[(y - pad_y) * width + (x - pad_x)];
            samples[oy * half + ox] = sum / 4; /* never ahead of what is still to be read */
        }
    }
}

static void halve_pair(plane_pair *p)
{
    halve(p->a, p->width, p->height);
    halve(p->b, p->width, p->height);
    p->width = (p->width + 1) / 2;
    p->height = (p->height + 1) / 2;
}

static double peak(const sample_plane *p)
{
    return (double)((1u << p->bit_depth) - 1);
}

static void load_plane(const sample_plane *p, float *out)
{
    for (size_t y = 0; y < p->height; y++) {
        const uint8_t *sample = (const uint8_t *)p->samples + y * p->row_stride;
        for (size_t x = 0; x < p->width; x++, sample += p->pixel_stride) {
            uint16_t wide;
            if (p->sample_bytes == sizeof wide)
                memcpy(&wide, sample, sizeof wide);
            else
                wide = *sample;
            *out++ = wide;
        }
    }
}

/* MS-SSIM of one component, given its finest scale; negative factors count as zero. */
static double combine_scales(moment_rows *rows, plane_pair *p, similarity finest)
{
    double product = pow(fmax(finest.contrast, 0), scale_weights[0]);
    for (int scale = 1; scale < N_SCALES; scale++) {
        halve_pair(p);
        const similarity s = compare_planes(rows, p);
        product *= pow(fmax(scale == N_SCALES - 1 ? s.ssim : s.contrast, 0), scale_weights[scale]);
    }
    return product;
}

static void measure_similarity(moment_rows *rows, plane_pair p, plane_metrics *m)
{
    const bool several_scales = p.width >= MS_SSIM_MIN_SIDE && p.height >= MS_SSIM_MIN_SIDE;
    m->ssim = m->ms_ssim = NAN;
    if (p.width < SSIM_MIN_SIDE || p.height < SSIM_MIN_SIDE)
        return;
    const similarity finest = compare_planes(rows, &p);
    m->ssim = finest.ssim;
    if (several_scales)
        m->ms_ssim = combine_scales(rows, &p, finest);
}

static double mean_squared_error(const plane_pair *p, double peak_value)
{
    double sum = 0;
    for (size_t i = 0; i < p->width * p->height; i++) {
        const double difference = (double)p->a[i] - (double)p->b[i];
        sum += difference * difference;
    }
    return sum / ((double)p->width * (double)p->height * peak_value * peak_value);
}

bool metrics_measure_plane(const sample_plane *a, const sample_plane *b, plane_metrics *result)
{
    const size_t width = a->width, height = a->height;
    float *samples = malloc(2 * width * height * sizeof *samples);
    double *work = malloc((TAPS + 1) * N_MOMENTS * width * sizeof *work);
    const bool ok = samples && work;
    if (ok) {
        const plane_pair p = { width, height, samples, samples + width * height };
        const double c1 = K1 * peak(a), c2 = K2 * peak(a);
        moment_rows rows = { .ring = work, .filtered = work + TAPS * N_MOMENTS * width, .c1 = c1 * c1, .c2 = c2 * c2 };
        make_window(rows.window);
        load_plane(a, p.a);
        load_plane(b, p.b);
        result->squared_error = mean_squared_error(&p, peak(a));
        result->psnr = metrics_psnr(result->squared_error);
        measure_similarity(&rows, p, result);
    }
    free(samples);
    free(work);
    return ok;
}

static sample_plane component_plane(const ghm_image *image, int component)
{
    return (sample_plane){ image->planes[component], image->width, image->height, image->row_stride,
                           image->pixel_stride, 1, 8 };
}

/* The three components count alike. */
bool metrics_measure(const ghm_image *a, const ghm_image *b, picture_metrics *result)
{
    picture_metrics m = { .ssim = 0 };
    metrics_measure_psnr(a, b, &m);
    for (int c = 0; c < 3; c++) {
        const sample_plane pa = component_plane(a, c), pb = component_plane(b, c);
        plane_metrics component;
        if (!metrics_measure_plane(&pa, &pb, &component))
            return false;
        m.ssim += component.ssim / 3;
        m.ms_ssim += component.ms_ssim / 3;
    }
    *result = m;
    return true;
}
