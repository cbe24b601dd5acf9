#include "eval/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "eval/base64.h"
#include "eval/handover.h"
#include "eval/rate_search.h"
#include "input.h"
#include "io/picture_file.h"
#include "message.h"
#include "output.h"
#include "progress.h"

/* report_data.S */
extern const char report_page[], report_curves[];

#define DATA_MARK "@DATA@"
#define MAX_PAIRS 6 /* pictures shown side by side: each adds about 100 KiB a codec */
#define OUR_CROP 1  /* its place among the crops, after the original */
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

/* Against the first series: of the means under the key, of the pictures under the key with "_pictures". */
static void add_bd_rates(cJSON *object, const char *key, const eval_series *s, const eval_results *r,
                         curve_metric metric)
{
    char pictures_key[32];
    const bd_result of_means = series_bd_rate(&r->series[0], s, r, MEAN_OF_PICTURES, metric);
    snprintf(pictures_key, sizeof pictures_key, "%s_pictures", key);
    cJSON_AddNumberToObject(object, key, of_means.defined ? of_means.percent : NAN);
    cJSON *list = cJSON_AddArrayToObject(object, pictures_key);
    for (size_t i = 0; i < r->pictures.n; i++) {
        const bd_result bd = series_bd_rate(&r->series[0], s, r, i, metric);
        cJSON_AddItemToArray(list, cJSON_CreateNumber(bd.defined ? bd.percent : NAN));
    }
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
    add_bd_rates(object, "bd_psnr", s, r, CURVE_PSNR);
    add_bd_rates(object, "bd_msssim", s, r, CURVE_MS_SSIM);
    add_pictures(object, s, r);
    return object;
}

/* Turns a stored curve into what the page expects. */
static void complete_published(cJSON *object, const eval_results *r)
{
    named_curve psnr, ms_ssim;
    if (curve_parse(object, "published curve", CURVE_PSNR, &psnr) != EXIT_OK)
        return;
    add_bd_rate(object, "bd_psnr", series_curve(&r->series[0], r, MEAN_OF_PICTURES, CURVE_PSNR), psnr.curve);
    if (!cJSON_HasObjectItem(object, "ms-ssim")) {
        cJSON_AddNullToObject(object, "bd_msssim");
        return;
    }
    if (curve_parse(object, "published curve", CURVE_MS_SSIM, &ms_ssim) != EXIT_OK)
        return;
    add_bd_rate(object, "bd_msssim", series_curve(&r->series[0], r, MEAN_OF_PICTURES, CURVE_MS_SSIM), ms_ssim.curve);
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
    return *uri ? EXIT_OK : fail_memory(path);
}

/* One picture of the page: what its crops are made of. */
typedef struct pair_job {
    const eval_results *results;
    const workplace *place;
    size_t picture;
    char scratch[MEASURE_PATH_BYTES];
    cJSON *crops;
} pair_job;

static exit_code add_crop(pair_job *job, const char *name, const char *path, cJSON **added)
{
    char *uri;
    const exit_code code = crop_to_uri(path, job->scratch, &uri);
    if (code != EXIT_OK)
        return code;
    *added = cJSON_CreateObject();
    cJSON_AddStringToObject(*added, "name", name);
    cJSON_AddStringToObject(*added, "png", uri);
    cJSON_AddItemToArray(job->crops, *added);
    free(uri);
    return EXIT_OK;
}

static exit_code add_decoded_crop(pair_job *job, const eval_series *s, const rate_point *point, cJSON **added)
{
    char decoded[MEASURE_PATH_BYTES];
    const listed_picture *item = &job->results->pictures.items[job->picture];
    exit_code code = measure_decode_again(job->place, s->codec, point->quality, item, decoded);
    if (code == EXIT_OK)
        code = add_crop(job, s->codec->name, decoded, added);
    remove(decoded);
    if (code != EXIT_OK)
        return code;
    cJSON_AddStringToObject(*added, "quality", point->quality);
    cJSON_AddNumberToObject(*added, "bytes", (double)point->m.bytes);
    cJSON_AddNumberToObject(*added, "bpp", measurement_bpp(&point->m));
    cJSON_AddNumberToObject(*added, "psnr", point->m.metrics.psnr_rgb);
    return EXIT_OK;
}

/* A peer as near to our bytes as its steps allow. Where that is not near enough, we are coded once more, to its bytes.
 * "match" is the index of the crop of ours that has as many. */
static exit_code add_peer_crop(pair_job *job, const eval_series *peer, double our_bytes)
{
    const eval_series *ours = &job->results->series[0];
    rate_point theirs, again;
    cJSON *crop, *match;
    exit_code code = rate_search(job->place, peer, job->results, job->picture, our_bytes, &theirs);
    if (code == EXIT_OK)
        code = add_decoded_crop(job, peer, &theirs, &crop);
    if (code != EXIT_OK)
        return code;
    if (fabs(rate_distance(&theirs.m, our_bytes)) <= log(1 + RATE_TOLERANCE)) {
        cJSON_AddNumberToObject(crop, "match", OUR_CROP);
        return EXIT_OK;
    }
    code = rate_search(job->place, ours, job->results, job->picture, (double)theirs.m.bytes, &again);
    if (code == EXIT_OK)
        code = add_decoded_crop(job, ours, &again, &match);
    if (code != EXIT_OK)
        return code;
    cJSON_AddNumberToObject(crop, "match", cJSON_GetArraySize(job->crops) - 1);
    cJSON_AddTrueToObject(match, "again");
    return EXIT_OK;
}

/* The original, the first codec at its middle point, which says the rate, and the others. */
static exit_code add_crops(pair_job *job)
{
    const eval_results *r = job->results;
    const eval_series *ours = &r->series[0];
    const size_t middle_point = ours->n_points / 2;
    rate_point point = { .m = *series_at(ours, r, middle_point, job->picture) };
    cJSON *added;
    snprintf(point.quality, sizeof point.quality, "%s", ours->qualities[middle_point]);
    exit_code code = add_crop(job, "original", r->pictures.items[job->picture].path, &added);
    if (code == EXIT_OK)
        code = add_decoded_crop(job, ours, &point, &added);
    for (size_t i = 1; i < r->n_series && code == EXIT_OK; i++)
        code = add_peer_crop(job, &r->series[i], (double)point.m.bytes);
    return code;
}

static exit_code add_pair(cJSON *pairs, const eval_results *r, const workplace *place, size_t picture)
{
    pair_job job = { .results = r, .place = place, .picture = picture };
    if (snprintf(job.scratch, sizeof job.scratch, "%s/crop.png", place->folder) >= (int)sizeof job.scratch)
        return fail(EXIT_LIMIT, place->folder, "the name is too long");
    cJSON *pair = cJSON_CreateObject();
    cJSON_AddStringToObject(pair, "name", r->pictures.items[picture].name);
    job.crops = cJSON_AddArrayToObject(pair, "crops");
    cJSON_AddItemToArray(pairs, pair);
    const exit_code code = add_crops(&job);
    remove(job.scratch);
    return code;
}

static exit_code add_pairs(cJSON *root, const eval_results *r, const workplace *place)
{
    cJSON *pairs = cJSON_AddArrayToObject(root, "pairs");
    const size_t n = r->pictures.n < MAX_PAIRS ? r->pictures.n : MAX_PAIRS;
    exit_code code = EXIT_OK;
    progress p = progress_begin("matching rates");
    for (size_t i = 0; i < n && code == EXIT_OK; i++) {
        code = add_pair(pairs, r, place, i * r->pictures.n / n);
        progress_callback(&p, (double)(i + 1) / (double)n);
    }
    progress_end(&p);
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
        code = fail_memory(file);
    cJSON_free(json);
    cJSON_Delete(root);
    return code;
}
