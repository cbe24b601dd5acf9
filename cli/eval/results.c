#include "eval/results.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "folders.h"
#include "json.h"
#include "message.h"
#include "output.h"

#define PATH_BYTES 4096

/* -------------------------------------------------------------------------------------------------- means */

double measurement_bpp(const measurement *m)
{
    return 8.0 * (double)m->bytes / ((double)m->width * (double)m->height);
}

const measurement *series_at(const eval_series *s, const eval_results *r, size_t point, size_t picture)
{
    return &s->measurements[point * r->pictures.n + picture];
}

static double megapixels(const measurement *m)
{
    return 1e-6 * (double)m->width * (double)m->height;
}

point_means series_means(const eval_series *s, const eval_results *r, size_t point)
{
    point_means sum = { .bpp = 0 };
    double pixels = 0;
    const double n = (double)r->pictures.n;
    for (size_t i = 0; i < r->pictures.n; i++) {
        const measurement *m = series_at(s, r, point, i);
        sum.bpp += measurement_bpp(m) / n;
        sum.psnr_rgb += m->metrics.psnr_rgb / n;
        sum.psnr_y += m->metrics.psnr_y / n;
        sum.psnr_yuv += m->metrics.psnr_yuv / n;
        sum.ssim += m->metrics.ssim / n;
        sum.ms_ssim += m->metrics.ms_ssim / n;
        sum.encode_seconds += m->encode.seconds / n;
        sum.decode_seconds += m->decode.seconds / n;
        sum.encode_peak = fmax(sum.encode_peak, (double)m->encode.peak_bytes);
        sum.decode_peak = fmax(sum.decode_peak, (double)m->decode.peak_bytes);
        pixels += megapixels(m);
    }
    sum.encode_mpps = pixels / (n * sum.encode_seconds);
    sum.decode_mpps = pixels / (n * sum.decode_seconds);
    return sum;
}

/* What a curve is made of, of one picture. */
static point_means picture_values(const eval_series *s, const eval_results *r, size_t point, size_t picture)
{
    const measurement *m = series_at(s, r, point, picture);
    return (point_means){ .bpp = measurement_bpp(m), .psnr_rgb = m->metrics.psnr_rgb, .ms_ssim = m->metrics.ms_ssim };
}

rd_curve series_curve(const eval_series *s, const eval_results *r, size_t picture, curve_metric metric)
{
    rd_curve curve = { .n = s->n_points };
    for (size_t i = 0; i < s->n_points; i++) {
        const point_means m = picture == MEAN_OF_PICTURES ? series_means(s, r, i) : picture_values(s, r, i, picture);
        curve.bpp[i] = m.bpp;
        curve.quality[i] = metric == CURVE_PSNR ? m.psnr_rgb : metrics_decibels(m.ms_ssim);
    }
    curve_clean(&curve);
    return curve;
}

bd_result series_bd_rate(const eval_series *anchor, const eval_series *test, const eval_results *r, size_t picture,
                         curve_metric metric)
{
    const rd_curve a = series_curve(anchor, r, picture, metric), t = series_curve(test, r, picture, metric);
    return bd_rate(&a, &t, BD_PCHIP, (bd_range){ .given = false });
}

/* -------------------------------------------------------------------------------------------------- table */

/* A number, or '-' where there is none, in this many columns. */
static void print_number(FILE *file, int width, int decimals, double value)
{
    if (isnan(value))
        fprintf(file, " %*s", width, "-");
    else
        fprintf(file, " %*.*f", width, decimals, value);
}

/* Of the column of names: the longest. */
static int name_width(const eval_results *r)
{
    size_t width = 9;
    for (size_t i = 0; i < r->n_series; i++)
        width = strlen(r->series[i].codec->name) > width ? strlen(r->series[i].codec->name) : width;
    return (int)width;
}

static void print_point(FILE *file, const eval_series *s, const eval_results *r, size_t point)
{
    const point_means m = series_means(s, r, point);
    print_clean(file, "%-*s %6.6s", name_width(r), s->codec->name, s->qualities[point]);
    print_number(file, 8, 4, m.bpp);
    print_number(file, 7, 3, m.psnr_rgb);
    print_number(file, 7, 3, m.psnr_yuv);
    print_number(file, 7, 5, m.ms_ssim);
    print_number(file, 6, 2, metrics_decibels(m.ms_ssim));
    print_number(file, 7, 5, m.ssim);
    print_number(file, 7, 3, m.encode_seconds);
    print_number(file, 7, 3, m.decode_seconds);
    print_number(file, 8, 2, m.encode_mpps);
    print_number(file, 8, 2, m.decode_mpps);
    print_number(file, 7, 0, m.encode_peak / (1 << 20));
    print_number(file, 7, 0, m.decode_peak / (1 << 20));
    fprintf(file, "\n");
}

static void print_bd_rate(FILE *file, const eval_series *test, const eval_series *anchor, const eval_results *r,
                          curve_metric metric)
{
    const bd_result bd = series_bd_rate(anchor, test, r, MEAN_OF_PICTURES, metric);
    if (bd.defined)
        fprintf(file, "  %-7s %+7.2f%% over %5.2f to %5.2f dB", metric == CURVE_PSNR ? "PSNR" : "MS-SSIM", bd.percent,
                bd.low, bd.high);
    else
        fprintf(file, "  %-7s %8s %22s", metric == CURVE_PSNR ? "PSNR" : "MS-SSIM", "-", "no common quality");
}

/* How the BD-rates of single pictures spread; those that have none are left out. */
static void print_bd_spread(FILE *file, const eval_series *test, const eval_series *anchor, const eval_results *r,
                            curve_metric metric)
{
    double sum = 0, lowest = INFINITY, highest = -INFINITY;
    size_t n = 0, at_lowest = 0, at_highest = 0;
    for (size_t i = 0; i < r->pictures.n; i++) {
        const bd_result bd = series_bd_rate(anchor, test, r, i, metric);
        if (!bd.defined)
            continue;
        n++;
        sum += bd.percent;
        at_lowest = bd.percent < lowest ? i : at_lowest;
        at_highest = bd.percent > highest ? i : at_highest;
        lowest = fmin(lowest, bd.percent);
        highest = fmax(highest, bd.percent);
    }
    if (n > 0)
        print_clean(file, "%-*s  %-7s %+7.2f%% mean of %zu picture%s, from %+.2f%% (%s) to %+.2f%% (%s)\n", name_width(r),
                    anchor->codec->name, metric == CURVE_PSNR ? "PSNR" : "MS-SSIM", sum / (double)n, n, n == 1 ? "" : "s", lowest,
                    r->pictures.items[at_lowest].name, highest, r->pictures.items[at_highest].name);
}

static void print_bd_rates(FILE *file, const eval_results *r)
{
    const eval_series *first = &r->series[0];
    fputs("\n", file);
    print_clean(file, "BD-rate of %s against (pchip; negative: fewer bits)\n", first->codec->name);
    for (size_t i = 1; i < r->n_series; i++) {
        print_clean(file, "%-*s", name_width(r), r->series[i].codec->name);
        print_bd_rate(file, first, &r->series[i], r, CURVE_PSNR);
        print_bd_rate(file, first, &r->series[i], r, CURVE_MS_SSIM);
        fprintf(file, "\n");
    }
    if (r->pictures.n == 1)
        return;
    fprintf(file, "\nThe same, picture by picture\n");
    for (size_t i = 1; i < r->n_series; i++) {
        print_bd_spread(file, first, &r->series[i], r, CURVE_PSNR);
        print_bd_spread(file, first, &r->series[i], r, CURVE_MS_SSIM);
    }
}

void results_print(const eval_results *r, FILE *file)
{
    for (size_t i = 0; i < r->n_series; i++)
        print_clean(file, "%-*s %s; %s\n", name_width(r), r->series[i].codec->name, r->series[i].codec->description,
                    r->series[i].version);
    fprintf(file, "\n%zu picture%s; means of the values per picture; PSNR in dB, YUV is BT.709 at 6:1:1; one thread, "
                  "whole processes; largest memory\n",
            r->pictures.n, r->pictures.n == 1 ? "" : "s");
    fprintf(file, "%-*s %6s %8s %7s %7s %7s %6s %7s %7s %7s %8s %8s %7s %7s\n", name_width(r), "codec", "q", "bpp", "RGB", "YUV",
            "MS-SSIM", "in dB", "SSIM", "enc s", "dec s", "enc MP/s", "dec MP/s", "enc MiB", "dec MiB");
    for (size_t i = 0; i < r->n_series; i++)
        for (size_t point = 0; point < r->series[i].n_points; point++)
            print_point(file, &r->series[i], r, point);
    if (r->n_series > 1)
        print_bd_rates(file, r);
}

/* -------------------------------------------------------------------------------------------------- CSV */

/* RFC 4180. */
static void put_csv_text(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text; text++)
        fprintf(file, *text == '"' ? "\"\"" : "%c", *text);
    putc('"', file);
}

static void put_csv_number(FILE *file, double value)
{
    if (isnan(value))
        putc(',', file);
    else
        fprintf(file, ",%.9g", value);
}

static void put_csv_usage(FILE *file, const process_usage *u, const measurement *m)
{
    put_csv_number(file, u->seconds);
    put_csv_number(file, u->cpu_seconds);
    put_csv_number(file, megapixels(m) / u->seconds);
    fprintf(file, ",%" PRIu64, u->peak_bytes);
}

static void put_csv_row(FILE *file, const eval_series *s, const char *quality, const char *name, const measurement *m)
{
    fprintf(file, "%s,", s->codec->name);
    put_csv_text(file, s->version);
    fprintf(file, ",%s,", quality);
    put_csv_text(file, name);
    fprintf(file, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, m->width, m->height, m->bytes);
    put_csv_number(file, measurement_bpp(m));
    put_csv_number(file, m->metrics.psnr_rgb);
    put_csv_number(file, m->metrics.psnr_y);
    put_csv_number(file, m->metrics.psnr_u);
    put_csv_number(file, m->metrics.psnr_v);
    put_csv_number(file, m->metrics.psnr_yuv);
    put_csv_number(file, m->metrics.ssim);
    put_csv_number(file, m->metrics.ms_ssim);
    put_csv_usage(file, &m->encode, m);
    put_csv_usage(file, &m->decode, m);
    putc('\n', file);
}

exit_code results_write_csv(const eval_results *r, const char *path)
{
    output out;
    const exit_code code = output_open(&out, path, false);
    if (code != EXIT_OK)
        return code;
    fprintf(out.file, "codec,version,quality,picture,width,height,bytes,bpp,psnr_rgb,psnr_y,psnr_u,psnr_v,psnr_yuv_611,"
                      "ssim_rgb,ms_ssim_rgb,encode_seconds,encode_cpu_seconds,encode_mpps,encode_peak_bytes,"
                      "decode_seconds,decode_cpu_seconds,decode_mpps,decode_peak_bytes\n");
    for (size_t i = 0; i < r->n_series; i++)
        for (size_t point = 0; point < r->series[i].n_points; point++)
            for (size_t picture = 0; picture < r->pictures.n; picture++)
                put_csv_row(out.file, &r->series[i], r->series[i].qualities[point], r->pictures.items[picture].name,
                            series_at(&r->series[i], r, point, picture));
    return output_commit(&out);
}

static void put_bd_row(FILE *file, const eval_results *r, const eval_series *anchor, size_t picture, curve_metric metric)
{
    const bd_result bd = series_bd_rate(anchor, &r->series[0], r, picture, metric);
    put_csv_text(file, picture == MEAN_OF_PICTURES ? "" : r->pictures.items[picture].name);
    fprintf(file, ",%s,%s,%s", r->series[0].codec->name, anchor->codec->name, curve_metric_name(metric));
    put_csv_number(file, bd.defined ? bd.percent : NAN);
    put_csv_number(file, bd.defined ? bd.low : NAN);
    put_csv_number(file, bd.defined ? bd.high : NAN);
    put_csv_number(file, bd.overlap);
    putc('\n', file);
}

exit_code results_write_bd_csv(const eval_results *r, const char *path)
{
    output out;
    const exit_code code = output_open(&out, path, false);
    if (code != EXIT_OK)
        return code;
    fprintf(out.file, "picture,codec,anchor,metric,bd_rate,low,high,overlap\n");
    for (size_t i = 1; i < r->n_series; i++) {
        for (curve_metric metric = CURVE_PSNR; metric <= CURVE_MS_SSIM; metric++) {
            put_bd_row(out.file, r, &r->series[i], MEAN_OF_PICTURES, metric);
            for (size_t picture = 0; picture < r->pictures.n; picture++)
                put_bd_row(out.file, r, &r->series[i], picture, metric);
        }
    }
    return output_commit(&out);
}

/* -------------------------------------------------------------------------------------------------- JSON */

/* The command as the table of codecs has it. */
static void put_command(json_object *o, const char *key, const char *const *arguments)
{
    char text[1024] = "";
    size_t length = 0;
    for (; *arguments && length < sizeof text; arguments++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", length ? " " : "",
                                   strcmp(*arguments, "{self}") == 0 ? "gingham" : *arguments);
    json_string(o, key, text);
}

/* field: offset of a double in point_means. */
static void put_list(json_object *o, const char *key, const eval_series *s, const eval_results *r, size_t field)
{
    double values[CODEC_MAX_POINTS];
    for (size_t point = 0; point < s->n_points; point++) {
        const point_means m = series_means(s, r, point);
        memcpy(&values[point], (const char *)&m + field, sizeof values[point]);
    }
    json_reals(o, key, values, s->n_points);
}

#define MEAN(name) offsetof(point_means, name)

/* "results" has exactly the five lists that CompressAI's tools expect; what else is known is beside it. */
static void put_series(FILE *file, const eval_series *s, const eval_results *r)
{
    json_object o = json_begin(file);
    json_string(&o, "name", s->codec->name);
    json_string(&o, "description", s->codec->description);
    json_object results = json_open(&o, "results");
    put_list(&results, "psnr-rgb", s, r, MEAN(psnr_rgb));
    put_list(&results, "ms-ssim-rgb", s, r, MEAN(ms_ssim));
    put_list(&results, "bpp", s, r, MEAN(bpp));
    put_list(&results, "encoding_time", s, r, MEAN(encode_seconds));
    put_list(&results, "decoding_time", s, r, MEAN(decode_seconds));
    json_close(&results);
    json_object meta = json_open(&o, "meta");
    json_string(&meta, "version", s->version);
    put_command(&meta, "encode", s->codec->encode);
    put_command(&meta, "decode", s->codec->decode);
    json_strings(&meta, "quality", s->qualities, s->n_points);
    json_integer(&meta, "pictures", r->pictures.n);
    put_list(&meta, "psnr-yuv-611", s, r, MEAN(psnr_yuv));
    put_list(&meta, "ssim-rgb", s, r, MEAN(ssim));
    put_list(&meta, "encode_mpps", s, r, MEAN(encode_mpps));
    put_list(&meta, "decode_mpps", s, r, MEAN(decode_mpps));
    put_list(&meta, "encode_peak_bytes", s, r, MEAN(encode_peak));
    put_list(&meta, "decode_peak_bytes", s, r, MEAN(decode_peak));
    json_close(&meta);
    json_end(&o);
}

static exit_code write_series(const eval_series *s, const eval_results *r, const char *path)
{
    output out;
    const exit_code code = output_open(&out, path, false);
    if (code != EXIT_OK)
        return code;
    put_series(out.file, s, r);
    return output_commit(&out);
}

/* rd.json becomes rd-CODEC.json. */
static exit_code insert_name(char text[PATH_BYTES], const char *path, const char *codec)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    const int stem = dot && (!slash || dot > slash) ? (int)(dot - path) : (int)strlen(path);
    const int length = snprintf(text, PATH_BYTES, "%.*s-%s%s", stem, path, codec, path + stem);
    return length < PATH_BYTES ? EXIT_OK : fail(EXIT_LIMIT, path, "the name is too long");
}

exit_code results_write_json(const eval_results *r, const char *path)
{
    exit_code code = EXIT_OK;
    if (r->n_series == 1)
        return write_series(&r->series[0], r, path);
    for (size_t i = 0; i < r->n_series && code == EXIT_OK; i++) {
        char text[PATH_BYTES];
        code = insert_name(text, path, r->series[i].codec->name);
        if (code == EXIT_OK)
            code = write_series(&r->series[i], r, text);
    }
    return code;
}

static void put_picture(FILE *file, const eval_series *s, const listed_picture *picture, const measurement *m)
{
    json_object o = json_begin(file);
    json_string(&o, "source", picture->path);
    json_string(&o, "name", s->codec->name);
    json_string(&o, "description", s->codec->description);
    json_object results = json_open(&o, "results");
    json_real(&results, "psnr-rgb", m->metrics.psnr_rgb);
    json_real(&results, "ms-ssim-rgb", m->metrics.ms_ssim);
    json_real(&results, "bpp", measurement_bpp(m));
    json_real(&results, "encoding_time", m->encode.seconds);
    json_real(&results, "decoding_time", m->decode.seconds);
    json_close(&results);
    json_end(&o);
}

static exit_code write_picture(const eval_series *s, size_t point, const listed_picture *picture, const measurement *m,
                               const char *folder)
{
    char path[PATH_BYTES];
    output out;
    const int length = snprintf(path, sizeof path, "%s/%s/q%s/%s.json", folder, s->codec->name, s->qualities[point],
                                picture->name);
    if (length >= PATH_BYTES)
        return fail(EXIT_LIMIT, folder, "the name is too long");
    exit_code code = make_folders(path);
    if (code == EXIT_OK)
        code = output_open(&out, path, false);
    if (code != EXIT_OK)
        return code;
    put_picture(out.file, s, picture, m);
    return output_commit(&out);
}

exit_code results_write_per_image(const eval_results *r, const char *folder)
{
    exit_code code = EXIT_OK;
    for (size_t i = 0; i < r->n_series; i++)
        for (size_t point = 0; point < r->series[i].n_points; point++)
            for (size_t picture = 0; picture < r->pictures.n && code == EXIT_OK; picture++)
                code = write_picture(&r->series[i], point, &r->pictures.items[picture],
                                     series_at(&r->series[i], r, point, picture), folder);
    return code;
}
