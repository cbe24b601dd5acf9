/* curve_file.h - rate-distortion curves as JSON files hold them. */
#ifndef CLI_EVAL_CURVE_FILE_H
#define CLI_EVAL_CURVE_FILE_H

#include "eval/bdrate.h"
#include "exit_codes.h"

typedef enum curve_metric { CURVE_PSNR, CURVE_MS_SSIM } curve_metric;

typedef struct named_curve {
    char name[128];
    rd_curve curve; /* as the file has it, MS-SSIM converted to dB; see curve_clean() */
} named_curve;

/* Reads what 'gingham eval' and CompressAI write, under its new keys (psnr-rgb, ms-ssim-rgb, ms-ssim-db-rgb) and its
 * old ones (psnr, ms-ssim), and the same lists without a "results" object around them: {"bpp": [], "psnr": []}. A
 * message has been printed unless EXIT_OK. */
exit_code curve_read(const char *path, curve_metric metric, named_curve *out);

/* The same of an object that is parsed already; label: how messages name it. */
struct cJSON;
exit_code curve_parse(const struct cJSON *object, const char *label, curve_metric metric, named_curve *out);

/* "psnr", "ms-ssim" */
const char *curve_metric_name(curve_metric metric);

#endif
