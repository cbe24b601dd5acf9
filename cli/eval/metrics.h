/* metrics.h - how far a picture, or a plane of one, is from its original. EVALUATION.md has the formulas and the papers. */
#ifndef CLI_EVAL_METRICS_H
#define CLI_EVAL_METRICS_H

#include <stdbool.h>

#include <gingham/image.h>

#define SSIM_MIN_SIDE 11     /* one window */
#define MS_SSIM_MIN_SIDE 161 /* more than 10 * 2^4: the window still fits after four halvings */

/* PSNR in dB, infinite for equal pictures. SSIM and MS-SSIM as fractions, NaN when a side is below the minimum. */
typedef struct picture_metrics {
    double psnr_rgb;
    double psnr_y, psnr_u, psnr_v; /* BT.709 */
    double psnr_yuv;               /* (6 Y + U + V) / 8 */
    double ssim;
    double ms_ssim;
} picture_metrics;

/* Both images have the same size and are RGB of 8 bits. Returns false when memory runs out; result is untouched then. */
bool metrics_measure(const ghm_image *a, const ghm_image *b, picture_metrics *result);

/* The PSNR fields only, of grey and of any depth too, in which the two may differ; cannot fail. */
void metrics_measure_psnr(const ghm_image *a, const ghm_image *b, picture_metrics *result);

/* One component. */
typedef struct sample_plane {
    const void *samples;
    size_t width, height;
    size_t row_stride, pixel_stride; /* in bytes */
    size_t sample_bytes;             /* 1, or 2 in the machine's order */
    unsigned bit_depth;
} sample_plane;

/* Peak is 2^bit_depth - 1, whatever the range in use. */
typedef struct plane_metrics {
    double squared_error; /* mean, with the peak as 1 */
    double psnr, ssim, ms_ssim;
} plane_metrics;

/* Both planes have the same size and depth. Returns false when memory runs out; result is untouched then. */
bool metrics_measure_plane(const sample_plane *a, const sample_plane *b, plane_metrics *result);

/* PSNR in dB of a mean squared error with the peak as 1. */
double metrics_psnr(double squared_error);

/* -10 log10(1 - value): the scale on which MS-SSIM is plotted. */
double metrics_decibels(double value);

#endif
