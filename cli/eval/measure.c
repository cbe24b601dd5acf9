#define _POSIX_C_SOURCE 200809L
#include "eval/measure.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "eval/handover.h"
#include "folders.h"
#include "input.h"
#include "io/picture_file.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "parse.h"

#define KEY_BYTES 8192
#define MAX_LOG_BYTES (UINT64_C(1) << 20)
#define LIMIT_PIXELS UINT64_MAX /* whoever measures knows what with */

/* -------------------------------------------------------------------------------------------------- paths */

typedef struct path {
    char text[MEASURE_PATH_BYTES];
} path;

static exit_code make_path(path *p, const char *format, ...) CLI_PRINTF(2, 3);

static exit_code make_path(path *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(p->text, sizeof p->text, format, args);
    va_end(args);
    return length < MEASURE_PATH_BYTES ? EXIT_OK : fail(EXIT_LIMIT, p->text, "the name is too long");
}

/* Names of the files of one measurement. */
typedef struct file_names {
    path reference; /* what the decoded picture is compared with, RGB */
    path original, coded, decoded, record, log;
} file_names;

static exit_code name_files(const workplace *place, const eval_codec *codec, const char *quality,
                            const listed_picture *picture, file_names *names)
{
    path base;
    exit_code code = make_path(&base, "%s/%s/q%s/%s", place->folder, codec->name, quality, picture->name);
    if (code == EXIT_OK)
        code = make_path(&names->reference, "%s/originals/%s.ppm", place->folder, picture->name);
    if (code == EXIT_OK)
        code = make_path(&names->original, "%s/originals/%s%s", place->folder, picture->name, codec->picture);
    if (code == EXIT_OK)
        code = make_path(&names->coded, "%s%s", base.text, codec->suffix);
    if (code == EXIT_OK)
        code = make_path(&names->decoded, "%s%s", base.text, codec->picture);
    if (code == EXIT_OK)
        code = make_path(&names->record, "%s.json", base.text);
    if (code == EXIT_OK)
        code = make_path(&names->log, "%s.log", base.text);
    return code;
}

/* -------------------------------------------------------------------------------------------------- commands */

typedef struct replacements {
    const char *self, *quality, *in, *out;
} replacements;

/* Owns the texts. */
typedef struct argument_list {
    char *items[CODEC_MAX_ARGUMENTS];
    size_t n;
} argument_list;

static void free_arguments(argument_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
}

/* The template with the first {word} in it replaced; NULL when memory runs out. */
static char *expand(const char *template, const replacements *r)
{
    const struct {
        const char *word, *text;
    } words[] = { { "{self}", r->self }, { "{q}", r->quality }, { "{in}", r->in }, { "{out}", r->out } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *at = strstr(template, words[i].word);
        if (!at)
            continue;
        const size_t size = strlen(template) + strlen(words[i].text) + 1;
        char *text = malloc(size);
        if (text)
            snprintf(text, size, "%.*s%s%s", (int)(at - template), template, words[i].text, at + strlen(words[i].word));
        return text;
    }
    return strdup(template);
}

static exit_code expand_arguments(const char *const *templates, const replacements *r, argument_list *list)
{
    list->n = 0;
    for (const char *const *t = templates; *t; t++)
        list->items[list->n++] = expand(*t, r);
    list->items[list->n] = NULL;
    for (size_t i = 0; i < list->n; i++)
        if (!list->items[i])
            return fail_memory(NULL);
    return EXIT_OK;
}

/* The last line of a log: where it starts, and its length. */
static const char *last_line(const input *in, int *length)
{
    const char *text = (const char *)in->data;
    size_t end = in->size;
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r'))
        end--;
    size_t start = end;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    *length = (int)(end - start); /* MAX_LOG_BYTES at most */
    return text + start;
}

static exit_code fail_command(const argument_list *arguments, const file_names *names, process_end end)
{
    input log;
    if (end == PROCESS_NOT_FOUND)
        return fail(EXIT_GENERIC, arguments->items[0], "the command is not found");
    if (input_read(names->log.text, MAX_LOG_BYTES, &log) != EXIT_OK)
        return EXIT_GENERIC;
    int length;
    const char *line = last_line(&log, &length);
    const exit_code code =
        fail(EXIT_GENERIC, names->log.text, "%s failed: %.*s", arguments->items[0], length, line);
    input_free(&log);
    return code;
}

static exit_code run_step(const char *const *templates, const replacements *r, const file_names *names,
                          process_usage *usage)
{
    argument_list arguments;
    exit_code code = expand_arguments(templates, r, &arguments);
    if (code == EXIT_OK) {
        const process_end end = process_run((const char *const *)arguments.items, names->log.text, usage);
        if (end != PROCESS_DONE)
            code = fail_command(&arguments, names, end);
    }
    free_arguments(&arguments);
    return code;
}

/* -------------------------------------------------------------------------------------------------- versions */

static bool find_line(char *text, const char *word, char *line, size_t size)
{
    char *rest = NULL;
    for (char *l = strtok_r(text, "\r\n", &rest); l; l = strtok_r(NULL, "\r\n", &rest)) {
        if (strstr(l, word)) {
            snprintf(line, size, "%s", l + strspn(l, " "));
            return true;
        }
    }
    return false;
}

codec_state measure_version(const workplace *place, const eval_codec *codec, char *version, size_t size)
{
    path log;
    input in;
    process_usage usage;
    bool found = false;
    const char *arguments[CODEC_MAX_ARGUMENTS];
    memcpy(arguments, codec->version, sizeof arguments);
    if (codec->ours)
        arguments[0] = place->self;
    snprintf(version, size, "unknown version");
    if (make_path(&log, "%s/%s/version.txt", place->folder, codec->name) != EXIT_OK ||
        make_folders(log.text) != EXIT_OK)
        return CODEC_BROKEN;
    if (process_run(arguments, log.text, &usage) == PROCESS_NOT_FOUND)
        return CODEC_NO_COMMAND;
    if (input_read(log.text, MAX_LOG_BYTES, &in) != EXIT_OK)
        return CODEC_BROKEN;
    if (in.size > 0) {
        in.data[in.size - 1] = '\0'; /* in place of the last line's end */
        found = find_line((char *)in.data, codec->version_word, version, size);
    }
    input_free(&in);
    return codec->part && !found ? CODEC_NO_PART : CODEC_INSTALLED;
}

/* -------------------------------------------------------------------------------------------------- records */

static void append_file_identity(char *key, const char *file)
{
    struct stat st;
    const size_t length = strlen(key);
    if (stat(file, &st) == 0)
        snprintf(key + length, KEY_BYTES - length, "|%s %jd bytes of %jd", file, (intmax_t)st.st_size,
                 (intmax_t)st.st_mtime);
}

/* Everything that a measurement depends on, as text. */
static void make_key(const workplace *place, const eval_codec *codec, const char *version,
                     const listed_picture *picture, char key[KEY_BYTES])
{
    snprintf(key, KEY_BYTES, "%s|%s|", version, codec->picture);
    for (int step = 0; step < 2; step++)
        for (const char *const *a = step ? codec->decode : codec->encode; *a; a++)
            snprintf(key + strlen(key), KEY_BYTES - strlen(key), "%s ", *a);
    append_file_identity(key, picture->path);
    if (!codec->ours)
        return;
    append_file_identity(key, place->self);
    if (codec->weights_in_file)
        append_file_identity(key, codec->weights);
}

static void put_usage(json_object *o, const char *const keys[3], const process_usage *u)
{
    json_real(o, keys[0], u->seconds);
    json_real(o, keys[1], u->cpu_seconds);
    json_integer(o, keys[2], u->peak_bytes);
}

static const char *const encode_keys[] = { "encode_seconds", "encode_cpu_seconds", "encode_peak_bytes" };
static const char *const decode_keys[] = { "decode_seconds", "decode_cpu_seconds", "decode_peak_bytes" };

static exit_code write_record(const char *file, const char *key, const measurement *m)
{
    output out;
    const exit_code code = output_open(&out, file, false);
    if (code != EXIT_OK)
        return code;
    json_object o = json_begin(out.file);
    json_string(&o, "key", key);
    json_integer(&o, "width", m->width);
    json_integer(&o, "height", m->height);
    json_integer(&o, "bytes", m->bytes);
    put_usage(&o, encode_keys, &m->encode);
    put_usage(&o, decode_keys, &m->decode);
    json_real(&o, "psnr_rgb", m->metrics.psnr_rgb);
    json_real(&o, "psnr_y", m->metrics.psnr_y);
    json_real(&o, "psnr_u", m->metrics.psnr_u);
    json_real(&o, "psnr_v", m->metrics.psnr_v);
    json_real(&o, "psnr_yuv_611", m->metrics.psnr_yuv);
    json_real(&o, "ssim_rgb", m->metrics.ssim);
    json_real(&o, "ms_ssim_rgb", m->metrics.ms_ssim);
    json_end(&o);
    return output_commit(&out);
}

/* missing: what null stands for. */
static double get_number(const cJSON *record, const char *key, double missing)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
    return cJSON_IsNumber(item) ? item->valuedouble : missing;
}

static uint64_t get_count(const cJSON *record, const char *key)
{
    return parse_count_in_json(get_number(record, key, 0));
}

static process_usage get_usage(const cJSON *record, const char *const keys[3])
{
    return (process_usage){
        .seconds = get_number(record, keys[0], 0),
        .cpu_seconds = get_number(record, keys[1], 0),
        .peak_bytes = get_count(record, keys[2]),
    };
}

static measurement get_measurement(const cJSON *record)
{
    return (measurement){
        .width = get_count(record, "width"),
        .height = get_count(record, "height"),
        .bytes = get_count(record, "bytes"),
        .encode = get_usage(record, encode_keys),
        .decode = get_usage(record, decode_keys),
        .metrics = { .psnr_rgb = get_number(record, "psnr_rgb", INFINITY),
                     .psnr_y = get_number(record, "psnr_y", INFINITY),
                     .psnr_u = get_number(record, "psnr_u", INFINITY),
                     .psnr_v = get_number(record, "psnr_v", INFINITY),
                     .psnr_yuv = get_number(record, "psnr_yuv_611", INFINITY),
                     .ssim = get_number(record, "ssim_rgb", NAN),
                     .ms_ssim = get_number(record, "ms_ssim_rgb", NAN) },
    };
}

/* False when there is none, or it belongs to something else. */
static bool read_record(const char *file, const char *key, measurement *m)
{
    input in;
    if (access(file, R_OK) != 0 || input_read(file, MAX_LOG_BYTES, &in) != EXIT_OK)
        return false;
    cJSON *record = cJSON_ParseWithLength((const char *)in.data, in.size);
    const cJSON *stored_key = cJSON_GetObjectItemCaseSensitive(record, "key");
    const bool same = cJSON_IsString(stored_key) && strcmp(stored_key->valuestring, key) == 0;
    if (same)
        *m = get_measurement(record);
    cJSON_Delete(record);
    input_free(&in);
    return same && m->width > 0 && m->height > 0;
}

/* -------------------------------------------------------------------------------------------------- measuring */

typedef struct picture_pair {
    const char *original, *decoded;
} picture_pair;

/* A process_work: the result is not used. */
static exit_code convert_original(const void *task, void *result)
{
    const picture_pair *pair = task;
    ghm_image image;
    exit_code code = picture_file_read(pair->original, LIMIT_PIXELS, &image);
    *(char *)result = 0;
    if (code != EXIT_OK)
        return code;
    code = handover_write(pair->decoded, &image);
    ghm_image_free(&image);
    return code;
}

/* Once a picture and format: an original older than its picture is made again. */
static exit_code prepare_original(const listed_picture *picture, const char *original)
{
    struct stat source, made;
    char unused;
    const picture_pair pair = { picture->path, original };
    if (stat(picture->path, &source) != 0)
        return fail(EXIT_READ, picture->path, "cannot be opened: %s", strerror(errno));
    if (stat(original, &made) == 0 && made.st_mtime > source.st_mtime)
        return EXIT_OK;
    const exit_code code = make_folders(original);
    return code == EXIT_OK ? process_fork(convert_original, &pair, &unused, sizeof unused) : code;
}

typedef struct comparison {
    uint64_t width, height;
    picture_metrics metrics;
} comparison;

static exit_code compare_images(const picture_pair *pair, const ghm_image *a, const ghm_image *b, comparison *result)
{
    if (a->width != b->width || a->height != b->height)
        return fail(EXIT_GENERIC, pair->decoded, "has another size than the original");
    if (!metrics_measure(a, b, &result->metrics))
        return fail_memory(pair->decoded);
    result->width = a->width;
    result->height = a->height;
    return EXIT_OK;
}

/* A process_work. */
static exit_code compare_pictures(const void *task, void *result)
{
    const picture_pair *pair = task;
    ghm_image a, b;
    exit_code code = picture_file_read(pair->original, LIMIT_PIXELS, &a);
    if (code != EXIT_OK)
        return code;
    message_set_level(MESSAGE_ERRORS); /* metadata that a peer wrote concerns nobody */
    code = handover_read(pair->decoded, &b);
    if (code == EXIT_OK) {
        code = compare_images(pair, &a, &b, result);
        ghm_image_free(&b);
    }
    ghm_image_free(&a);
    return code;
}

static exit_code compare_with_original(const file_names *names, measurement *out)
{
    const picture_pair pair = { names->reference.text, names->decoded.text };
    comparison c;
    const exit_code code = process_fork(compare_pictures, &pair, &c, sizeof c);
    if (code != EXIT_OK)
        return code;
    out->width = c.width;
    out->height = c.height;
    out->metrics = c.metrics;
    return EXIT_OK;
}

static exit_code weigh_file(const char *file, uint64_t *bytes)
{
    struct stat st;
    if (stat(file, &st) != 0)
        return fail(EXIT_GENERIC, file, "was not written: %s", strerror(errno));
    *bytes = (uint64_t)st.st_size;
    return EXIT_OK;
}

static exit_code measure_anew(const workplace *place, const eval_codec *codec, const char *quality,
                              const file_names *names, measurement *out)
{
    const replacements encode = { place->self, quality, names->original.text, names->coded.text };
    const replacements decode = { place->self, quality, names->coded.text, names->decoded.text };
    exit_code code = run_step(codec->encode, &encode, names, &out->encode);
    if (code == EXIT_OK)
        code = weigh_file(names->coded.text, &out->bytes);
    if (code == EXIT_OK)
        code = run_step(codec->decode, &decode, names, &out->decode);
    if (code == EXIT_OK)
        code = compare_with_original(names, out);
    unlink(names->decoded.text); /* large, and made again from the coded file at any time */
    return code;
}

exit_code measure(const workplace *place, const eval_codec *codec, const char *version, const char *quality,
                  const listed_picture *picture, measurement *out)
{
    file_names names;
    char key[KEY_BYTES];
    if (place->stopped())
        return EXIT_GENERIC;
    make_key(place, codec, version, picture, key);
    exit_code code = name_files(place, codec, quality, picture, &names);
    if (code != EXIT_OK || read_record(names.record.text, key, out))
        return code;
    code = prepare_original(picture, names.reference.text);
    if (code == EXIT_OK)
        code = prepare_original(picture, names.original.text);
    if (code == EXIT_OK)
        code = make_folders(names.coded.text);
    if (code == EXIT_OK)
        code = measure_anew(place, codec, quality, &names, out);
    if (code == EXIT_OK)
        code = write_record(names.record.text, key, out);
    if (code != EXIT_OK)
        return code;
    unlink(names.log.text);
    /* In the record's precision, so that a run that takes it over prints the same. */
    return read_record(names.record.text, key, out) ? EXIT_OK : fail(EXIT_GENERIC, names.record.text, "has changed");
}

exit_code measure_decode_again(const workplace *place, const eval_codec *codec, const char *quality,
                               const listed_picture *picture, char decoded[MEASURE_PATH_BYTES])
{
    file_names names;
    process_usage usage;
    decoded[0] = '\0';
    exit_code code = name_files(place, codec, quality, picture, &names);
    if (code != EXIT_OK)
        return code;
    const replacements r = { place->self, quality, names.coded.text, names.decoded.text };
    memcpy(decoded, names.decoded.text, MEASURE_PATH_BYTES);
    code = run_step(codec->decode, &r, &names, &usage);
    if (code == EXIT_OK)
        unlink(names.log.text);
    return code;
}
