/* cmd_eval.c - gingham eval: pictures through this codec and its peers, measured. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "eval/report.h"
#include "eval/results.h"
#include "folders.h"
#include "message.h"
#include "output.h"
#include "parse.h"
#include "progress.h"

#define SELF "/proc/self/exe"
#define MAX_CODECS 32 /* more than the table has, each of which is taken once at most, and weights */
#define MAX_WEIGHTS 16

typedef struct eval_options {
    const char *qualities, *effort, *codecs, *work, *models, *profiles, *json, *csv, *bd_csv, *per_image, *html;
    int points, verbose;
    bool compare_published, quiet;
} eval_options;

static const char *parse_points(const char *value, void *field)
{
    return parse_integer(value, 1, CODEC_MAX_POINTS, field) ? NULL : "a whole number from 1 to 64";
}

/* Kept as text, for the encoder's arguments. */
static const char *parse_effort_text(const char *value, void *field)
{
    int effort;
    const char *expected = parse_effort(value, &effort);
    return expected ? expected : parse_text(value, field);
}

/* Files that a report goes to; the table has standard output. */
static const char *parse_file(const char *value, void *field)
{
    if (strcmp(value, "-") == 0)
        return "the name of a file";
    return parse_text(value, field);
}

#define FIELD(name) offsetof(eval_options, name)
static const option eval_option_table[] = {
    { "qualities", 'q', OPTION_COMMON, "LIST", NULL, parse_text, FIELD(qualities),
      "qualities of Gingham, 0 to 100, rising, separated by commas; instead of --points" },
    { "points", 0, OPTION_COMMON, "N", "8", parse_points, FIELD(points),
      "points a codec: Gingham's spread over 0 to 100, the peers' over their lists of 7 or 8" },
    { "effort", 'e', OPTION_COMMON, "N", NULL, parse_effort_text, FIELD(effort),
      "encode with Gingham at this effort, 1 to 9; 1 without it" },
    { "codec", 'c', OPTION_COMMON, "LIST", "all", parse_text, FIELD(codecs),
      "names separated by commas; all: Gingham and every peer that is installed" },
    { "work", 'w', OPTION_COMMON, "FOLDER", NULL, parse_file, FIELD(work),
      "keep coded files and measurements here, and take over those of an earlier run" },
    { "profile", 0, OPTION_COMMON, "PROFILE,...", NULL, parse_text, FIELD(profiles),
      "measure Gingham with these built-in weights, or with each of several, separated by commas: each is a codec" },
    { "model", 0, 0, "LIST", NULL, parse_text, FIELD(models),
      "measure Gingham with the weights in a file, or in each of several; as --profile" },
    { "json", 0, OPTION_COMMON, "FILE", NULL, parse_file, FIELD(json),
      "write CompressAI's form; of several codecs one FILE each, with -CODEC put before the suffix" },
    { "csv", 0, OPTION_COMMON, "FILE", NULL, parse_file, FIELD(csv),
      "write one row a picture and point" },
    { "bd-csv", 0, OPTION_COMMON, "FILE", NULL, parse_file, FIELD(bd_csv),
      "write the BD-rates of the first codec against the others, of means and picture by picture" },
    { "per-image", 0, 0, "FOLDER", NULL, parse_file, FIELD(per_image),
      "write CompressAI's form for single pictures" },
    { "html", 0, OPTION_COMMON, "FILE", NULL, parse_file, FIELD(html),
      "write a page with curves, tables and parts of pictures side by side" },
    { "compare-published", 0, 0, NULL, NULL, parse_switch, FIELD(compare_published),
      "draw published curves on that page too; they are of the 24 Kodak pictures" },
    { "verbose", 'v', 0, NULL, NULL, parse_count, FIELD(verbose),
      "say more on standard error" },
    { "quiet", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(quiet),
      "no table, no progress, errors only" },
};

static exit_code eval_run(int argc, char **argv);

const command eval_command = {
    .name = "eval",
    .operands = "PICTURE|FOLDER...",
    .summary = "Measure rate, quality and speed of this codec and its peers.",
    .details =
        "Each picture is encoded to a file and decoded from it by separate processes of\n"
        "one thread, then compared with the original. Folders are searched at any depth.\n"
        "Means are over pictures, of the value per picture. The codecs, run through\n"
        "their own commands where those are installed:\n\n"
        "  gingham\n"
        "  jpeg-420 jpeg-444    libjpeg-turbo: cjpeg, djpeg\n"
        "  webp                 cwebp, dwebp\n"
        "  avif-420 avif-444    avifenc, avifdec\n"
        "  x265-420 x265-444    HEVC intra: ffmpeg with libx265\n"
        "  jxl                  cjxl, djxl\n"
        "  jpeg2000             OpenJPEG: opj_compress, opj_decompress\n\n"
        "An interrupted run goes on where it stopped when the same --work is given.\n"
        "EVALUATION.md tells how each number is made.",
    .options = eval_option_table,
    .n_options = sizeof eval_option_table / sizeof *eval_option_table,
    .min_operands = 1,
    .max_operands = 1 << 30,
    .run = eval_run,
};

/* What one run holds; zeroed at first, released by release(). */
typedef struct eval_job {
    eval_options options;
    char *temporary_work;
    char self[4096];
    workplace place;
    eval_results results;
    eval_series series[MAX_CODECS];
    eval_codec variants[MAX_WEIGHTS]; /* ours with each of the weights that were named, at the effort that was */
    char variant_names[MAX_WEIGHTS][64];
    size_t n_variants;
    char *quality_list, *codec_list, *weights_list; /* own what the lists are made of */
    char spread_qualities[CODEC_MAX_POINTS][8];
} eval_job;

/* -------------------------------------------------------------------------------------------------- signals */

/* What is to be removed is a folder, and the measurement at work is let finish its record. */
static volatile sig_atomic_t stop_signal;

static void on_stop_signal(int number)
{
    stop_signal = number;
}

static bool is_stopped(void)
{
    return stop_signal != 0;
}

static void catch_stop_signals(void)
{
    static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGXCPU };
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_stop_signal;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
}

/* The caller learns from our end what ended us. */
static void end_by_stop_signal(void)
{
    signal(stop_signal, SIG_DFL);
    raise(stop_signal);
}

/* -------------------------------------------------------------------------------------------------- points */

static exit_code add_quality(eval_series *s, const char *quality)
{
    if (s->n_points == CODEC_MAX_POINTS)
        return options_fail_usage(&eval_command, "more than 64 qualities are given");
    s->qualities[s->n_points++] = quality;
    return EXIT_OK;
}

static exit_code add_listed_qualities(eval_job *job, eval_series *s)
{
    char *rest = NULL;
    double number, previous = -1;
    exit_code code = EXIT_OK;
    job->quality_list = strdup(job->options.qualities);
    if (!job->quality_list)
        return fail_memory(NULL);
    for (char *q = strtok_r(job->quality_list, ",", &rest); q && code == EXIT_OK; q = strtok_r(NULL, ",", &rest)) {
        const char *expected = parse_quality(q, &number);
        if (expected)
            return fail(EXIT_USAGE, eval_command.name, "option --qualities: '%s' is not %s", q, expected);
        if (number <= previous)
            return fail(EXIT_USAGE, eval_command.name, "option --qualities: %s does not rise", q);
        previous = number;
        code = add_quality(s, q);
    }
    return code;
}

/* n points from the first of m to the last, evenly. */
static size_t spread(size_t i, size_t n, size_t m)
{
    return n == 1 ? m / 2 : (i * (m - 1) + (n - 1) / 2) / (n - 1);
}

/* Ours with other weights has the same points. */
static bool copy_our_points(const eval_job *job, eval_series *s)
{
    for (const eval_series *other = job->series; other < s; other++) {
        if (!other->codec->ours)
            continue;
        memcpy(s->qualities, other->qualities, sizeof s->qualities);
        s->n_points = other->n_points;
        return true;
    }
    return false;
}

static exit_code choose_our_points(eval_job *job, eval_series *s)
{
    if (copy_our_points(job, s))
        return EXIT_OK;
    if (job->options.qualities)
        return add_listed_qualities(job, s);
    const size_t n = (size_t)job->options.points;
    exit_code code = EXIT_OK;
    for (size_t i = 0; i < n && code == EXIT_OK; i++) {
        char *text = job->spread_qualities[i];
        snprintf(text, sizeof job->spread_qualities[i], "%zu", spread(i, n, 101));
        code = add_quality(s, text);
    }
    return code;
}

static exit_code choose_peer_points(const eval_job *job, eval_series *s)
{
    size_t n_listed = 0, n = (size_t)job->options.points;
    exit_code code = EXIT_OK;
    while (n_listed < CODEC_MAX_POINTS && s->codec->qualities[n_listed])
        n_listed++;
    if (n > n_listed)
        n = n_listed;
    for (size_t i = 0; i < n && code == EXIT_OK; i++)
        code = add_quality(s, s->codec->qualities[spread(i, n, n_listed)]);
    return code;
}

/* -------------------------------------------------------------------------------------------------- codecs */

static exit_code report_absence(const eval_codec *codec, codec_state state, bool required)
{
    char reason[128];
    if (state == CODEC_NO_PART)
        snprintf(reason, sizeof reason, "%s has no %s", codec->version[0], codec->part);
    else
        snprintf(reason, sizeof reason, "there is no command %s", codec->version[0]);
    if (required)
        return fail(EXIT_GENERIC, codec->name, "is not installed: %s", reason);
    warn(codec->name, "is not installed (%s); it is left out", reason);
    return EXIT_OK;
}

/* required: the user named it, so that its absence is an error. */
static exit_code add_codec(eval_job *job, const eval_codec *codec, bool required)
{
    eval_series *s = &job->series[job->results.n_series];
    *s = (eval_series){ .codec = codec };
    const codec_state state = measure_version(&job->place, codec, s->version, sizeof s->version);
    if (state == CODEC_BROKEN)
        return fail(EXIT_GENERIC, codec->name, "cannot be run");
    if (state != CODEC_INSTALLED)
        return report_absence(codec, state, required);
    job->results.n_series++;
    return codec->ours ? choose_our_points(job, s) : choose_peer_points(job, s);
}

/* Ours is one codec for each of the weights that were named. */
static exit_code add_ours_or_peer(eval_job *job, const eval_codec *codec, bool required)
{
    exit_code code = EXIT_OK;
    if (!codec->ours || job->n_variants == 0)
        return add_codec(job, codec, required);
    for (size_t i = 0; i < job->n_variants && code == EXIT_OK; i++)
        code = add_codec(job, &job->variants[i], required);
    return code;
}

static exit_code check_weights(const eval_options *options, const char *weights)
{
    if (options->profiles) {
        const char *name, *expected = parse_profile(weights, &name);
        return expected ? fail(EXIT_USAGE, eval_command.name, "option --profile: '%s' is not %s", weights, expected) : EXIT_OK;
    }
    return access(weights, R_OK) == 0 ? EXIT_OK : fail(EXIT_WEIGHTS, weights, "cannot be opened: %s", strerror(errno));
}

/* "gingham" for weights alone; for several "gingham-" and the profile, or the file's name up to its dot. */
static exit_code add_variant(eval_job *job, const char *weights, bool is_single)
{
    const char *slash = strrchr(weights, '/'), *base = slash ? slash + 1 : weights;
    const exit_code code = check_weights(&job->options, weights);
    if (code != EXIT_OK)
        return code;
    char *name = job->variant_names[job->n_variants];
    const size_t size = sizeof job->variant_names[0];
    const int length = is_single ? snprintf(name, size, "%s", eval_codecs[0]->name)
                                 : snprintf(name, size, "%s-%.*s", eval_codecs[0]->name, (int)strcspn(base, "."), base);
    if (length >= (int)size)
        return fail(EXIT_LIMIT, weights, "the name is too long");
    for (size_t i = 0; i < job->n_variants; i++)
        if (strcmp(job->variant_names[i], name) == 0)
            return fail(EXIT_USAGE, weights, "has the same name as %s", job->variants[i].weights);
    job->variants[job->n_variants++] =
        job->options.profiles ? eval_codec_with_profile(name, weights) : eval_codec_with_file(name, weights);
    return EXIT_OK;
}

static exit_code choose_weights(eval_job *job)
{
    const char *list = job->options.models ? job->options.models : job->options.profiles;
    char *rest = NULL;
    exit_code code = EXIT_OK;
    if (!list)
        return EXIT_OK;
    if (job->options.models && job->options.profiles)
        return options_fail_usage(&eval_command, "--model and --profile both name weights; give one of them");
    const bool is_single = !strchr(list, ',');
    job->weights_list = strdup(list);
    if (!job->weights_list)
        return fail_memory(NULL);
    for (char *w = strtok_r(job->weights_list, ",", &rest); w && code == EXIT_OK; w = strtok_r(NULL, ",", &rest))
        code = job->n_variants < MAX_WEIGHTS
                   ? add_variant(job, w, is_single)
                   : fail(EXIT_USAGE, eval_command.name, "weights of more than %d names are given", MAX_WEIGHTS);
    return code;
}

/* After the weights. */
static void choose_effort(eval_job *job)
{
    if (!job->options.effort)
        return;
    if (job->n_variants == 0)
        job->variants[job->n_variants++] = *eval_codecs[0];
    for (size_t i = 0; i < job->n_variants; i++)
        job->variants[i] = eval_codec_with_effort(&job->variants[i], job->options.effort);
}

static bool is_chosen(const eval_job *job, const eval_codec *codec)
{
    for (size_t i = 0; i < job->results.n_series; i++)
        if (job->series[i].codec == codec || (codec->ours && job->series[i].codec->ours))
            return true;
    return false;
}

static exit_code add_named_codecs(eval_job *job)
{
    char *rest = NULL;
    exit_code code = EXIT_OK;
    job->codec_list = strdup(job->options.codecs);
    if (!job->codec_list)
        return fail_memory(NULL);
    for (char *name = strtok_r(job->codec_list, ",", &rest); name && code == EXIT_OK;
         name = strtok_r(NULL, ",", &rest)) {
        const eval_codec *codec = eval_codec_find(name);
        if (!codec)
            return fail(EXIT_USAGE, eval_command.name, "option --codec: '%s' is no codec; --help lists them", name);
        if (is_chosen(job, codec))
            return fail(EXIT_USAGE, eval_command.name, "option --codec: '%s' is named twice", name);
        code = add_ours_or_peer(job, codec, true);
    }
    return code;
}

static exit_code choose_codecs(eval_job *job)
{
    exit_code code = EXIT_OK;
    job->results.series = job->series;
    if (strcmp(job->options.codecs, "all") != 0)
        return add_named_codecs(job);
    for (const eval_codec *const *c = eval_codecs; *c && code == EXIT_OK; c++)
        code = add_ours_or_peer(job, *c, false);
    return code;
}

/* -------------------------------------------------------------------------------------------------- running */

static exit_code find_workplace(eval_job *job)
{
    const ssize_t length = readlink(SELF, job->self, sizeof job->self - 1);
    if (length < 0)
        return fail(EXIT_GENERIC, SELF, "does not name this program");
    if (!job->options.work)
        job->temporary_work = make_temporary_folder(eval_command.name);
    job->place = (workplace){
        .folder = job->options.work ? job->options.work : job->temporary_work,
        .self = job->self,
        .stopped = is_stopped,
    };
    return job->place.folder ? EXIT_OK : EXIT_WRITE;
}

static size_t count_measurements(const eval_job *job)
{
    size_t n = 0;
    for (size_t i = 0; i < job->results.n_series; i++)
        n += job->series[i].n_points * job->results.pictures.n;
    return n;
}

static exit_code measure_series(const eval_job *job, eval_series *s, progress *p, size_t *n_done)
{
    const picture_list *pictures = &job->results.pictures;
    const size_t n_all = count_measurements(job);
    s->measurements = calloc(s->n_points * pictures->n, sizeof *s->measurements);
    if (!s->measurements)
        return fail_memory(NULL);
    for (size_t i = 0; i < s->n_points * pictures->n; i++) {
        const exit_code code = measure(&job->place, s->codec, s->version, s->qualities[i / pictures->n],
                                       &pictures->items[i % pictures->n], &s->measurements[i]);
        if (code != EXIT_OK)
            return code;
        progress_callback(p, (double)++*n_done / (double)n_all);
    }
    return EXIT_OK;
}

static exit_code measure_all(eval_job *job)
{
    size_t n_done = 0;
    exit_code code = EXIT_OK;
    progress p = progress_begin("measuring");
    for (size_t i = 0; i < job->results.n_series && code == EXIT_OK; i++)
        code = measure_series(job, &job->series[i], &p, &n_done);
    progress_end(&p);
    return code;
}

static exit_code report(const eval_job *job)
{
    const eval_options *o = &job->options;
    exit_code code = EXIT_OK;
    if (!o->quiet)
        results_print(&job->results, stdout);
    if (o->json)
        code = results_write_json(&job->results, o->json);
    if (code == EXIT_OK && o->csv)
        code = results_write_csv(&job->results, o->csv);
    if (code == EXIT_OK && o->bd_csv)
        code = results_write_bd_csv(&job->results, o->bd_csv);
    if (code == EXIT_OK && o->per_image)
        code = results_write_per_image(&job->results, o->per_image);
    if (code == EXIT_OK && o->html)
        code = report_write(&job->results, &job->place, o->compare_published, o->html);
    return code;
}

static exit_code run_job(eval_job *job, int n_operands, char **operands)
{
    if (job->options.compare_published && !job->options.html)
        return options_fail_usage(&eval_command, "--compare-published is for the page of --html");
    exit_code code = picture_list_make(&job->results.pictures, operands, n_operands);
    if (code == EXIT_OK)
        code = find_workplace(job);
    if (code == EXIT_OK)
        code = choose_weights(job);
    choose_effort(job);
    if (code == EXIT_OK)
        code = choose_codecs(job);
    if (code == EXIT_OK)
        code = measure_all(job);
    return code == EXIT_OK ? report(job) : code;
}

static void release(eval_job *job)
{
    for (size_t i = 0; i < job->results.n_series; i++)
        free(job->series[i].measurements);
    picture_list_free(&job->results.pictures);
    free(job->quality_list);
    free(job->codec_list);
    free(job->weights_list);
    if (job->temporary_work)
        remove_folder(job->temporary_work);
    free(job->temporary_work);
}

static exit_code eval_run(int argc, char **argv)
{
    static eval_job job; /* too large for a stack */
    int n_operands;
    exit_code code;
    if (!options_parse(&eval_command, argc, argv, &job.options, &n_operands, &code))
        return code;
    message_set_verbosity(job.options.quiet, job.options.verbose);
    catch_stop_signals();
    code = run_job(&job, n_operands, argv + 1);
    release(&job);
    if (stop_signal)
        end_by_stop_signal();
    return code;
}
