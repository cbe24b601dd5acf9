/* metrics.h - how far a picture is from its original. EVALUATION.md has the formulas and the papers. */
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

/* Both images have the same size. Returns false when memory runs out; result is untouched then. */
bool metrics_measure(const ghm_image *a, const ghm_image *b, picture_metrics *result);

/* The PSNR fields only; cannot fail. */
void metrics_measure_psnr(const ghm_image *a, const ghm_image *b, picture_metrics *result);

/* -10 log10(1 - value): the scale on which MS-SSIM is plotted. */
double metrics_decibels(double value);

#endif
