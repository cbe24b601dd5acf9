#include "eval/curve_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "eval/metrics.h"
#include "input.h"
#include "message.h"

#define MAX_FILE_BYTES (UINT64_C(64) << 20)

typedef struct quality_key {
    const char *name;
    bool is_fraction; /* MS-SSIM as it is, not in dB */
} quality_key;

/* The first that is there is taken. */
static const quality_key psnr_keys[] = { { "psnr-rgb", false }, { "psnr", false }, { NULL, false } };
static const quality_key ms_ssim_keys[] = { { "ms-ssim-rgb", true },
                                            { "ms-ssim", true },
                                            { "ms-ssim-db-rgb", false },
                                            { NULL, false } };

const char *curve_metric_name(curve_metric metric)
{
    return metric == CURVE_PSNR ? "psnr" : "ms-ssim";
}

static void read_name(const cJSON *root, const char *path, named_curve *out)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(root, "name");
    const char *slash = strrchr(path, '/');
    snprintf(out->name, sizeof out->name, "%s",
             cJSON_IsString(name) && name->valuestring[0] ? name->valuestring : slash ? slash + 1 : path);
}

static const cJSON *find_quality(const cJSON *lists, curve_metric metric, bool *is_fraction)
{
    for (const quality_key *key = metric == CURVE_PSNR ? psnr_keys : ms_ssim_keys; key->name; key++) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(lists, key->name);
        *is_fraction = key->is_fraction;
        if (list)
            return list;
    }
    return NULL;
}

/* null stands for a number that JSON lacks: an infinite PSNR, or the MS-SSIM of a picture too small for it. */
static exit_code read_numbers(const cJSON *list, const char *path, double *numbers)
{
    size_t i = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsNumber(item) && !cJSON_IsNull(item))
            return fail(EXIT_BAD_INPUT, path, "\"%s\" holds something that is not a number", list->string);
        numbers[i++] = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    }
    return EXIT_OK;
}

static exit_code read_points(const cJSON *root, const char *path, curve_metric metric, rd_curve *curve)
{
    const cJSON *results = cJSON_GetObjectItemCaseSensitive(root, "results");
    const cJSON *lists = cJSON_IsObject(results) ? results : root;
    const cJSON *bpp = cJSON_GetObjectItemCaseSensitive(lists, "bpp");
    bool is_fraction;
    const cJSON *quality = find_quality(lists, metric, &is_fraction);
    if (!cJSON_IsArray(bpp) || !cJSON_IsArray(quality))
        return fail(EXIT_BAD_INPUT, path, "has no lists \"bpp\" and \"%s\"", curve_metric_name(metric));
    const int n = cJSON_GetArraySize(bpp);
    if (n != cJSON_GetArraySize(quality))
        return fail(EXIT_BAD_INPUT, path, "its lists \"bpp\" and \"%s\" differ in length", quality->string);
    if (n > CURVE_MAX_POINTS)
        return fail(EXIT_LIMIT, path, "has %d points, more than %d", n, CURVE_MAX_POINTS);
    exit_code code = read_numbers(bpp, path, curve->bpp);
    if (code == EXIT_OK)
        code = read_numbers(quality, path, curve->quality);
    curve->n = (size_t)n;
    for (size_t i = 0; code == EXIT_OK && is_fraction && i < curve->n; i++)
        curve->quality[i] = metrics_decibels(curve->quality[i]);
    return code;
}

exit_code curve_parse(const cJSON *object, const char *label, curve_metric metric, named_curve *out)
{
    memset(out, 0, sizeof *out);
    if (!cJSON_IsObject(object))
        return fail(EXIT_BAD_INPUT, label, "is not a JSON object");
    read_name(object, label, out);
    return read_points(object, label, metric, &out->curve);
}

exit_code curve_read(const char *path, curve_metric metric, named_curve *out)
{
    input in;
    exit_code code = input_read(path, MAX_FILE_BYTES, &in);
    if (code != EXIT_OK)
        return code;
    cJSON *root = cJSON_ParseWithLength((const char *)in.data, in.size);
    code = curve_parse(root, in.label, metric, out);
    cJSON_Delete(root);
    input_free(&in);
    return code;
}
