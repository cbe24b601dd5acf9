#include "eval/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "eval/base64.h"
#include "eval/handover.h"
#include "eval/picture_file.h"
#include "input.h"
#include "message.h"
#include "output.h"

/* report_data.S */
extern const char report_page[], report_curves[];

#define DATA_MARK "@DATA@"
#define MAX_PAIRS 6 /* pictures shown side by side: each adds about 100 KiB a codec */
#define CROP_SIDE 256
#define MAX_CROP_BYTES (UINT64_C(1) << 22)

/* -------------------------------------------------------------------------------------------------- curves */

static void add_list(cJSON *object, const char *key, const double *values, size_t n)
{
    cJSON_AddItemToObject(object, key, cJSON_CreateDoubleArray(values, (int)n));
}

/* The values of one picture, in the order of the page's columns. */
static cJSON *picture_values(const measurement *m)
{
    const double values[] = { measurement_bpp(m), m->metrics.psnr_rgb, m->metrics.psnr_yuv, m->metrics.ssim,
                              m->metrics.ms_ssim, metrics_decibels(m->metrics.ms_ssim) };
    return cJSON_CreateDoubleArray(values, sizeof values / sizeof *values);
}

static void add_pictures(cJSON *object, const eval_series *s, const eval_results *r)
{
    cJSON *points = cJSON_AddArrayToObject(object, "pictures");
    for (size_t point = 0; point < s->n_points; point++) {
        cJSON *pictures = cJSON_CreateArray();
        for (size_t i = 0; i < r->pictures.n; i++)
            cJSON_AddItemToArray(pictures, picture_values(series_at(s, r, point, i)));
        cJSON_AddItemToArray(points, pictures);
    }
}

static void add_means(cJSON *object, const eval_series *s, const eval_results *r)
{
    double bpp[CODEC_MAX_POINTS], psnr[CODEC_MAX_POINTS], ms_ssim[CODEC_MAX_POINTS];
    double encode[CODEC_MAX_POINTS], decode[CODEC_MAX_POINTS];
    for (size_t i = 0; i < s->n_points; i++) {
        const point_means m = series_means(s, r, i);
        bpp[i] = m.bpp;
        psnr[i] = m.psnr_rgb;
        ms_ssim[i] = metrics_decibels(m.ms_ssim);
        encode[i] = m.encode_mpps;
        decode[i] = m.decode_mpps;
    }
    add_list(object, "bpp", bpp, s->n_points);
    add_list(object, "psnr", psnr, s->n_points);
    add_list(object, "msssim", ms_ssim, s->n_points);
    add_list(object, "encode", encode, s->n_points);
    add_list(object, "decode", decode, s->n_points);
}

/* null where there is no common quality. */
static void add_bd_rate(cJSON *object, const char *key, rd_curve anchor, rd_curve test)
{
    curve_clean(&test);
    const bd_result bd = bd_rate(&anchor, &test, BD_PCHIP, (bd_range){ .given = false });
    cJSON_AddNumberToObject(object, key, bd.defined ? bd.percent : NAN);
}

static cJSON *describe_series(const eval_series *s, const eval_results *r)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", s->codec->name);
    cJSON_AddStringToObject(object, "description", s->codec->description);
    cJSON_AddStringToObject(object, "version", s->version);
    cJSON_AddItemToObject(object, "quality",
                          cJSON_CreateStringArray((const char *const *)s->qualities, (int)s->n_points));
    add_means(object, s, r);
    add_bd_rate(object, "bd_psnr", series_curve(&r->series[0], r, CURVE_PSNR), series_curve(s, r, CURVE_PSNR));
    add_bd_rate(object, "bd_msssim", series_curve(&r->series[0], r, CURVE_MS_SSIM),
                series_curve(s, r, CURVE_MS_SSIM));
    add_pictures(object, s, r);
    return object;
}

/* Turns a stored curve into what the page expects. */
static void complete_published(cJSON *object, const eval_results *r)
{
    named_curve psnr, ms_ssim;
    if (curve_parse(object, "published curve", CURVE_PSNR, &psnr) != EXIT_OK)
        return;
    add_bd_rate(object, "bd_psnr", series_curve(&r->series[0], r, CURVE_PSNR), psnr.curve);
    if (!cJSON_HasObjectItem(object, "ms-ssim")) {
        cJSON_AddNullToObject(object, "bd_msssim");
        return;
    }
    if (curve_parse(object, "published curve", CURVE_MS_SSIM, &ms_ssim) != EXIT_OK)
        return;
    add_bd_rate(object, "bd_msssim", series_curve(&r->series[0], r, CURVE_MS_SSIM), ms_ssim.curve);
    add_list(object, "msssim", ms_ssim.curve.quality, ms_ssim.curve.n);
}

static cJSON *describe_published(const eval_results *r)
{
    cJSON *curves = cJSON_Parse(report_curves), *curve;
    cJSON_ArrayForEach(curve, curves)
        complete_published(curve, r);
    return curves;
}

/* -------------------------------------------------------------------------------------------------- crops */

/* A view of the middle; releases nothing. */
static ghm_image middle(const ghm_image *image)
{
    ghm_image view = *image;
    view.width = image->width < CROP_SIDE ? image->width : CROP_SIDE;
    view.height = image->height < CROP_SIDE ? image->height : CROP_SIDE;
    view.owned = NULL;
    const size_t x = (image->width - view.width) / 2, y = (image->height - view.height) / 2;
    for (int c = 0; c < 3; c++)
        view.planes[c] += y * image->row_stride + x * image->pixel_stride;
    return view;
}

/* The middle of a picture file as a data: URI, by way of a PNG at scratch. */
static exit_code crop_to_uri(const char *path, const char *scratch, char **uri)
{
    ghm_image image;
    input png;
    exit_code code = handover_read(path, &image);
    if (code != EXIT_OK)
        return code;
    const ghm_image view = middle(&image);
    code = picture_file_write(scratch, &view);
    ghm_image_free(&image);
    if (code == EXIT_OK)
        code = input_read(scratch, MAX_CROP_BYTES, &png);
    if (code != EXIT_OK)
        return code;
    *uri = base64_uri("image/png", png.data, png.size);
    input_free(&png);
    return *uri ? EXIT_OK : fail(EXIT_LIMIT, path, "out of memory");
}

static exit_code add_crop(cJSON *crops, const char *name, const char *path, const char *scratch, const measurement *m)
{
    char *uri;
    const exit_code code = crop_to_uri(path, scratch, &uri);
    if (code != EXIT_OK)
        return code;
    cJSON *crop = cJSON_CreateObject();
    cJSON_AddStringToObject(crop, "name", name);
    cJSON_AddStringToObject(crop, "png", uri);
    if (m) {
        cJSON_AddNumberToObject(crop, "bpp", measurement_bpp(m));
        cJSON_AddNumberToObject(crop, "psnr", m->metrics.psnr_rgb);
    }
    cJSON_AddItemToArray(crops, crop);
    free(uri);
    return EXIT_OK;
}

/* The point at which this picture's rate is the least factor away from bpp. */
static size_t nearest_point(const eval_series *s, const eval_results *r, size_t picture, double bpp)
{
    size_t nearest = 0;
    double smallest = INFINITY;
    for (size_t point = 0; point < s->n_points; point++) {
        const double distance = fabs(log(measurement_bpp(series_at(s, r, point, picture)) / bpp));
        if (distance < smallest) {
            smallest = distance;
            nearest = point;
        }
    }
    return nearest;
}

static exit_code add_decoded_crop(cJSON *crops, const eval_series *s, const eval_results *r, const workplace *place,
                                  size_t picture, double bpp, const char *scratch)
{
    char decoded[MEASURE_PATH_BYTES];
    const size_t point = nearest_point(s, r, picture, bpp);
    exit_code code = measure_decode_again(place, s->codec, s->qualities[point], &r->pictures.items[picture], decoded);
    if (code == EXIT_OK)
        code = add_crop(crops, s->codec->name, decoded, scratch, series_at(s, r, point, picture));
    remove(decoded);
    return code;
}

/* The original first, then every codec; our middle point says the rate. */
static exit_code add_pair(cJSON *pairs, const eval_results *r, const workplace *place, size_t picture)
{
    char scratch[MEASURE_PATH_BYTES];
    const listed_picture *item = &r->pictures.items[picture];
    const double bpp = measurement_bpp(series_at(&r->series[0], r, r->series[0].n_points / 2, picture));
    if (snprintf(scratch, sizeof scratch, "%s/crop.png", place->folder) >= (int)sizeof scratch)
        return fail(EXIT_LIMIT, place->folder, "the name is too long");
    cJSON *pair = cJSON_CreateObject();
    cJSON_AddStringToObject(pair, "name", item->name);
    cJSON *crops = cJSON_AddArrayToObject(pair, "crops");
    cJSON_AddItemToArray(pairs, pair);
    exit_code code = add_crop(crops, "original", item->path, scratch, NULL);
    for (size_t i = 0; i < r->n_series && code == EXIT_OK; i++)
        code = add_decoded_crop(crops, &r->series[i], r, place, picture, bpp, scratch);
    remove(scratch);
    return code;
}

static exit_code add_pairs(cJSON *root, const eval_results *r, const workplace *place)
{
    cJSON *pairs = cJSON_AddArrayToObject(root, "pairs");
    const size_t n = r->pictures.n < MAX_PAIRS ? r->pictures.n : MAX_PAIRS;
    exit_code code = EXIT_OK;
    for (size_t i = 0; i < n && code == EXIT_OK; i++)
        code = add_pair(pairs, r, place, i * r->pictures.n / n);
    return code;
}

/* -------------------------------------------------------------------------------------------------- page */

/* '<' occurs in strings only, where JSON may escape it: "</script>" in a name must not end the data. */
static void put_script_json(FILE *file, const char *json)
{
    for (; *json; json++)
        if (*json == '<')
            fputs("\\u003c", file);
        else
            putc(*json, file);
}

static exit_code write_page(const char *json, const char *path)
{
    output out;
    const char *mark = strstr(report_page, DATA_MARK);
    const exit_code code = output_open(&out, path, false);
    if (code != EXIT_OK)
        return code;
    fwrite(report_page, 1, (size_t)(mark - report_page), out.file);
    put_script_json(out.file, json);
    fputs(mark + strlen(DATA_MARK), out.file);
    return output_commit(&out);
}

static void add_names(cJSON *root, const eval_results *r)
{
    cJSON *names = cJSON_AddArrayToObject(root, "pictures");
    for (size_t i = 0; i < r->pictures.n; i++)
        cJSON_AddItemToArray(names, cJSON_CreateString(r->pictures.items[i].name));
}

exit_code report_write(const eval_results *r, const workplace *place, bool published, const char *file)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "version", ghm_version());
    add_names(root, r);
    cJSON *series = cJSON_AddArrayToObject(root, "series");
    for (size_t i = 0; i < r->n_series; i++)
        cJSON_AddItemToArray(series, describe_series(&r->series[i], r));
    cJSON_AddItemToObject(root, "published", published ? describe_published(r) : cJSON_CreateArray());
    exit_code code = add_pairs(root, r, place);
    char *json = code == EXIT_OK ? cJSON_PrintUnformatted(root) : NULL;
    if (json)
        code = write_page(json, file);
    else if (code == EXIT_OK)
        code = fail(EXIT_LIMIT, file, "out of memory");
    cJSON_free(json);
    cJSON_Delete(root);
    return code;
}
