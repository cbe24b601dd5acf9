/* cmd_bdrate.c - gingham bdrate: compare rate-distortion curves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "eval/curve_file.h"
#include "json.h"
#include "message.h"
#include "parse.h"

typedef struct bdrate_options {
    const char *anchor;
    bd_method method;
    curve_metric metric;
    bd_range range;
    bool json;
} bdrate_options;

static const char *const method_names[] = { [BD_PCHIP] = "pchip", [BD_CUBIC] = "cubic", [BD_AKIMA] = "akima" };
enum { N_METHODS = sizeof method_names / sizeof *method_names };

static const char *parse_method(const char *value, void *field)
{
    for (int i = 0; i < N_METHODS; i++) {
        if (strcmp(value, method_names[i]) == 0) {
            *(bd_method *)field = (bd_method)i;
            return NULL;
        }
    }
    return "pchip, cubic or akima";
}

static const char *parse_metric(const char *value, void *field)
{
    const bool is_psnr = strcmp(value, "psnr") == 0;
    *(curve_metric *)field = is_psnr ? CURVE_PSNR : CURVE_MS_SSIM;
    return is_psnr || strcmp(value, "ms-ssim") == 0 ? NULL : "psnr or ms-ssim";
}

static const char *parse_range(const char *value, void *field)
{
    static const char expected[] = "two numbers of dB, the lower one first, such as 29,37";
    bd_range range = { .given = true };
    char *end;
    if (strspn(value, "0123456789.,-") != strlen(value))
        return expected;
    range.low = strtod(value, &end);
    if (end == value || *end != ',')
        return expected;
    const char *second = end + 1;
    range.high = strtod(second, &end);
    if (end == second || *end || !(range.low < range.high))
        return expected;
    *(bd_range *)field = range;
    return NULL;
}

#define FIELD(name) offsetof(bdrate_options, name)
static const option bdrate_option_table[] = {
    { "anchor", 'a', OPTION_COMMON, "NAME", NULL, parse_text, FIELD(anchor),
      "the curve that the others are compared with: a file, or the name in one of the files; without it the first" },
    { "method", 'm', OPTION_COMMON, "NAME", "pchip", parse_method, FIELD(method),
      "pchip, cubic or akima: how log rate is interpolated over quality" },
    { "metric", 0, OPTION_COMMON, "NAME", "psnr", parse_metric, FIELD(metric),
      "psnr or ms-ssim; the latter as -10 log10(1 - MS-SSIM), in dB" },
    { "range", 'r', 0, "LO,HI", NULL, parse_range, FIELD(range),
      "compare within these qualities only, in dB" },
    { "json", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(json),
      "one JSON object a curve, each on its own line" },
};

static exit_code bdrate_run(int argc, char **argv);

const command bdrate_command = {
    .name = "bdrate",
    .operands = "CURVE.json...",
    .summary = "Compare rate-distortion curves: bits at equal quality, in percent.",
    .details =
        "Each file holds one curve: what 'gingham eval --json' or CompressAI writes, or\n"
        "plainly {\"bpp\": [...], \"psnr\": [...]}. Negative numbers save bits against the\n"
        "anchor. The interval is the quality that both curves cover; the overlap is its\n"
        "share of what either covers. Points that are not above those before them in\n"
        "both rate and quality are dropped, and counted. One number is made from two\n"
        "curves of means over pictures; it is not a mean of numbers per picture.",
    .options = bdrate_option_table,
    .n_options = sizeof bdrate_option_table / sizeof *bdrate_option_table,
    .min_operands = 1,
    .max_operands = 1 << 30,
    .run = bdrate_run,
};

typedef struct curve_set {
    size_t n;
    char **paths;        /* of the command line */
    named_curve *curves; /* clean */
    size_t *n_given;     /* points before cleaning */
    named_curve anchor;
} curve_set;

static exit_code read_clean(const char *path, curve_metric metric, named_curve *curve, size_t *n_given)
{
    const exit_code code = curve_read(path, metric, curve);
    *n_given = curve->curve.n;
    curve_clean(&curve->curve);
    return code;
}

static exit_code choose_anchor(curve_set *set, const bdrate_options *options)
{
    size_t n_given;
    if (!options->anchor) {
        set->anchor = set->curves[0];
        return EXIT_OK;
    }
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(options->anchor, set->paths[i]) == 0 || strcmp(options->anchor, set->curves[i].name) == 0) {
            set->anchor = set->curves[i];
            return EXIT_OK;
        }
    }
    return read_clean(options->anchor, options->metric, &set->anchor, &n_given);
}

static exit_code read_curves(curve_set *set, const bdrate_options *options)
{
    exit_code code = EXIT_OK;
    set->curves = calloc(set->n, sizeof *set->curves);
    set->n_given = calloc(set->n, sizeof *set->n_given);
    if (!set->curves || !set->n_given)
        return fail_memory(NULL);
    for (size_t i = 0; code == EXIT_OK && i < set->n; i++)
        code = read_clean(set->paths[i], options->metric, &set->curves[i], &set->n_given[i]);
    return code == EXIT_OK ? choose_anchor(set, options) : code;
}

static void print_json(const curve_set *set, size_t i, const bdrate_options *options, const bd_result *r)
{
    json_object o = json_begin(stdout);
    json_string(&o, "file", set->paths[i]);
    json_string(&o, "name", set->curves[i].name);
    json_string(&o, "anchor", set->anchor.name);
    json_string(&o, "metric", curve_metric_name(options->metric));
    json_string(&o, "method", method_names[options->method]);
    json_integer(&o, "points", set->n_given[i]);
    json_integer(&o, "points_used", set->curves[i].curve.n);
    json_integer(&o, "anchor_points_used", set->anchor.curve.n);
    json_real(&o, "low", r->defined ? r->low : NAN);
    json_real(&o, "high", r->defined ? r->high : NAN);
    json_real(&o, "overlap", r->overlap);
    json_real(&o, "bd_rate", r->defined ? r->percent : NAN);
    json_end(&o);
}

static void print_header(const curve_set *set, const bdrate_options *options)
{
    print_clean(stdout, "BD-rate against %s (%zu points), %s, %s; averaging: curves of mean values\n", set->anchor.name,
                set->anchor.curve.n, options->metric == CURVE_PSNR ? "PSNR" : "MS-SSIM in dB",
                method_names[options->method]);
    printf("%9s  %7s  %15s  %7s  %s\n", "BD-rate", "points", "interval, dB", "overlap", "curve");
}

static void print_line(const curve_set *set, size_t i, const bd_result *r)
{
    char points[48];
    snprintf(points, sizeof points, "%zu/%zu", set->curves[i].curve.n, set->n_given[i]);
    if (r->defined)
        print_clean(stdout, "%+8.2f%%  %7s  %6.2f to %5.2f  %6.0f%%  %s\n", r->percent, points, r->low, r->high, 100 * r->overlap,
                    set->curves[i].name);
    else
        print_clean(stdout, "%9s  %7s  %15s  %7s  %s\n", "-", points, "none", "-", set->curves[i].name);
}

static void print_result(const curve_set *set, size_t i, const bdrate_options *options)
{
    const bd_result r = bd_rate(&set->anchor.curve, &set->curves[i].curve, options->method, options->range);
    if (options->json)
        print_json(set, i, options, &r);
    else
        print_line(set, i, &r);
    if (!r.defined)
        warn(set->paths[i], "has no quality in common with the anchor");
}

static exit_code bdrate_run(int argc, char **argv)
{
    bdrate_options options = { .anchor = NULL };
    int n_operands;
    exit_code code;
    if (!options_parse(&bdrate_command, argc, argv, &options, &n_operands, &code))
        return code;
    curve_set set = { .n = (size_t)n_operands, .paths = argv + 1 };
    code = read_curves(&set, &options);
    if (code == EXIT_OK && !options.json)
        print_header(&set, &options);
    for (size_t i = 0; code == EXIT_OK && i < set.n; i++)
        print_result(&set, i, &options);
    free(set.curves);
    free(set.n_given);
    return code;
}
