/* results.h - what 'gingham eval' has measured, and the forms it is written in. */
#ifndef CLI_EVAL_RESULTS_H
#define CLI_EVAL_RESULTS_H

#include <stdint.h>
#include <stdio.h>

#include "eval/bdrate.h"
#include "eval/curve_file.h"
#include "eval/measure.h"
#include "exit_codes.h"

/* One codec at all its points. */
typedef struct eval_series {
    const eval_codec *codec;
    char version[256];
    size_t n_points;
    const char *qualities[CODEC_MAX_POINTS]; /* from low to high */
    measurement *measurements;               /* [point * n_pictures + picture] */
} eval_series;

typedef struct eval_results {
    picture_list pictures;
    size_t n_series;
    eval_series *series;
} eval_results;

/* Means over pictures of the value per picture, at one point. */
typedef struct point_means {
    double bpp, psnr_rgb, psnr_y, psnr_yuv, ssim, ms_ssim;
    double encode_seconds, decode_seconds;
    double encode_mpps, decode_mpps; /* all pixels by all seconds, in millions */
    double encode_peak, decode_peak; /* bytes, the largest of all pictures */
} point_means;

double measurement_bpp(const measurement *m);
const measurement *series_at(const eval_series *s, const eval_results *r, size_t point, size_t picture);
point_means series_means(const eval_series *s, const eval_results *r, size_t point);

/* The clean curve of the means, in dB, or of one picture. */
#define MEAN_OF_PICTURES SIZE_MAX
rd_curve series_curve(const eval_series *s, const eval_results *r, size_t picture, curve_metric metric);

/* Of those curves, as 'gingham bdrate' computes it by default. */
bd_result series_bd_rate(const eval_series *anchor, const eval_series *test, const eval_results *r, size_t picture,
                         curve_metric metric);

/* A table of means and the BD-rates of the first series against each of the others. */
void results_print(const eval_results *r, FILE *file);

/* A row a picture and point. */
exit_code results_write_csv(const eval_results *r, const char *file);

/* A row a picture, codec and metric, the means first: BD-rates of the first series against the others. */
exit_code results_write_bd_csv(const eval_results *r, const char *file);

/* CompressAI's form. With several series, one file each: "-CODEC" is put before the file's suffix. */
exit_code results_write_json(const eval_results *r, const char *file);

/* CompressAI's form for single pictures: FOLDER/CODEC/qQUALITY/NAME.json */
exit_code results_write_per_image(const eval_results *r, const char *folder);

#endif
