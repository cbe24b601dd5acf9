/* cmd_compare.c - gingham compare: how far a picture is from its original. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "compare_clips.h"
#include "eval/metrics.h"
#include "io/picture_file.h"
#include "io/writer.h"
#include "io/y4m.h"
#include "json.h"
#include "message.h"
#include "parse.h"

typedef struct compare_options {
    const char *difference;
    double gain;
    uint64_t limit_pixels;
    int frames;
    bool json, per_frame;
} compare_options;

static const char *parse_gain(const char *value, void *field)
{
    char *end;
    const double gain = strtod(value, &end);
    if (strspn(value, "0123456789.") != strlen(value) || end == value || *end || !(gain > 0))
        return "a positive number";
    *(double *)field = gain;
    return NULL;
}

static const char *parse_frames(const char *value, void *field)
{
    return parse_integer(value, 1, INT32_MAX, field) ? NULL : "a whole number of frames, 1 or more";
}

#define FIELD(name) offsetof(compare_options, name)
static const option compare_option_table[] = {
    { "diff", 'd', OPTION_COMMON, "FILE", NULL, parse_text, FIELD(difference),
      "write the difference as a picture or clip: grey where the two are equal" },
    { "gain", 0, OPTION_COMMON, "N", "8", parse_gain, FIELD(gain),
      "how much the difference is enlarged there" },
    { "frames", 0, OPTION_COMMON, "N", NULL, parse_frames, FIELD(frames),
      "clips: compare the first N frames only" },
    { "per-frame", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(per_frame),
      "clips: a line a frame too; JSON has the values of frames in any case" },
    LIMIT_PIXELS_OPTION_ROW(FIELD(limit_pixels)),
    { "json", 0, OPTION_COMMON, NULL, NULL, parse_switch, FIELD(json),
      "report as one JSON object" },
};

static exit_code compare_run(int argc, char **argv);

const command compare_command = {
    .name = "compare",
    .operands = "ORIGINAL PICTURE",
    .summary = "Measure PSNR, SSIM and MS-SSIM between two pictures or clips.",
    .details =
        "Pictures are read as 'encode' reads its input, to 8-bit RGB, and have the same\n"
        "size. PSNR-RGB is over all samples of the three components. PSNR-YUV weighs the\n"
        "BT.709 planes 6:1:1. SSIM and MS-SSIM are the means over R, G and B, as\n"
        "pytorch-msssim defines them; MS-SSIM needs sides of more than 160 pixels, and\n"
        "is 'none' (in JSON: null) below. An infinite PSNR is null in JSON. Pixels under\n"
        "transparency are not known: such pictures are refused.\n\n"
        "Clips are Y4M: grey, 4:2:0, 4:2:2 or 4:4:4 of 8 to 16 bits, both of the same\n"
        "kind. Their planes are measured as they are, frame by frame; means are over\n"
        "frames. The peak is the largest sample of that depth, whatever the range.",
    .options = compare_option_table,
    .n_options = sizeof compare_option_table / sizeof *compare_option_table,
    .min_operands = 2,
    .max_operands = 2,
    .too_few = "an original and a picture are needed",
    .too_many = "two pictures at a time",
    .run = compare_run,
};

/* What one run holds; zeroed at first. */
typedef struct compare_job {
    compare_options options;
    char **paths;
    ghm_image images[2];
    picture_metrics metrics;
} compare_job;

static bool is_clip_name(const char *path)
{
    const size_t length = strlen(path);
    return length >= 4 && strcmp(path + length - 4, ".y4m") == 0;
}

/* What can be refused without looking at the pictures. */
static exit_code check_difference_name(const compare_job *job, bool clips)
{
    const char *path = job->options.difference;
    exit_code code = EXIT_OK;
    if (clips && !is_clip_name(path))
        return fail(EXIT_USAGE, path, "the difference of clips is a clip; use .y4m");
    if (!clips && !writer_by_suffix(path))
        return fail(EXIT_USAGE, path, "the suffix names no known format; use %s", WRITER_SUFFIXES);
    for (int i = 0; i < 2 && code == EXIT_OK; i++)
        code = output_check_differs(path, job->paths[i]);
    return code;
}

static exit_code read_pictures(compare_job *job)
{
    exit_code code = EXIT_OK;
    for (int i = 0; i < 2 && code == EXIT_OK; i++)
        code = picture_file_read(job->paths[i], job->options.limit_pixels, &job->images[i]);
    const ghm_image *a = &job->images[0], *b = &job->images[1];
    if (code == EXIT_OK && (a->width != b->width || a->height != b->height))
        return fail(EXIT_BAD_INPUT, job->paths[1],
                    "is %" PRIu32 "x%" PRIu32 ", but the original %" PRIu32 "x%" PRIu32, b->width, b->height, a->width,
                    a->height);
    return code;
}

static uint8_t difference_sample(uint8_t original, uint8_t other, double gain)
{
    const double value = round(128 + gain * (other - original));
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static exit_code write_difference(const compare_job *job)
{
    const ghm_image *a = &job->images[0], *b = &job->images[1];
    ghm_image difference;
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_image_alloc(a->width, a->height, &difference, &diag);
    if (status != GHM_OK)
        return fail_status(status, job->options.difference, &diag);
    for (size_t y = 0; y < a->height; y++)
        for (size_t i = 0; i < (size_t)a->width * 3; i++) /* the readers give interleaved RGB */
            difference.planes[0][y * difference.row_stride + i] =
                difference_sample(a->planes[0][y * a->row_stride + i], b->planes[0][y * b->row_stride + i],
                                  job->options.gain);
    const exit_code code = picture_file_write(job->options.difference, &difference);
    ghm_image_free(&difference);
    return code;
}

static void print_json(const compare_job *job)
{
    const picture_metrics *m = &job->metrics;
    json_object o = json_begin(stdout);
    json_string(&o, "original", job->paths[0]);
    json_string(&o, "picture", job->paths[1]);
    json_integer(&o, "width", job->images[0].width);
    json_integer(&o, "height", job->images[0].height);
    json_real(&o, "psnr_rgb", m->psnr_rgb);
    json_real(&o, "psnr_y", m->psnr_y);
    json_real(&o, "psnr_u", m->psnr_u);
    json_real(&o, "psnr_v", m->psnr_v);
    json_real(&o, "psnr_yuv_611", m->psnr_yuv);
    json_real(&o, "ssim_rgb", m->ssim);
    json_real(&o, "ms_ssim_rgb", m->ms_ssim);
    json_real(&o, "ms_ssim_rgb_db", metrics_decibels(m->ms_ssim));
    json_end(&o);
}

static void print_similarity(const char *name, double value)
{
    if (isnan(value))
        printf("%s  none: the picture is too small\n", name);
    else
        printf("%s  %.6f, %.2f dB\n", name, value, metrics_decibels(value));
}

static void print_text(const compare_job *job)
{
    const picture_metrics *m = &job->metrics;
    print_clean(stdout, "%s against %s: %" PRIu32 "x%" PRIu32 "\n", job->paths[1], job->paths[0], job->images[0].width,
                job->images[0].height);
    printf("  PSNR-RGB     %.4f dB\n", m->psnr_rgb);
    printf("  PSNR-YUV     %.4f dB, BT.709, weights 6:1:1 (Y %.4f, U %.4f, V %.4f)\n", m->psnr_yuv, m->psnr_y,
           m->psnr_u, m->psnr_v);
    print_similarity("  SSIM-RGB   ", m->ssim);
    print_similarity("  MS-SSIM-RGB", m->ms_ssim);
}

static exit_code compare_pictures(compare_job *job)
{
    const char *difference = job->options.difference;
    if (job->options.frames > 0 || job->options.per_frame)
        return options_fail_usage(&compare_command, "--frames and --per-frame are for clips, and these are none");
    exit_code code = read_pictures(job);
    if (code == EXIT_OK && !metrics_measure(&job->images[0], &job->images[1], &job->metrics))
        code = fail_memory(job->paths[1]);
    if (code == EXIT_OK && difference)
        code = write_difference(job);
    if (code != EXIT_OK)
        return code;
    if (job->options.json)
        print_json(job);
    else
        print_text(job);
    return EXIT_OK;
}

/* A pipe cannot be looked into: it is what the other input is. */
static exit_code run_job(compare_job *job)
{
    const compare_options *o = &job->options;
    const bool clips = y4m_is_clip(job->paths[0]) || y4m_is_clip(job->paths[1]);
    const clip_settings settings = { .difference = o->difference, .gain = o->gain, .limit_pixels = o->limit_pixels,
                                     .n_frames = o->frames, .json = o->json, .per_frame = o->per_frame };
    const exit_code code = o->difference ? check_difference_name(job, clips) : EXIT_OK;
    if (code != EXIT_OK)
        return code;
    return clips ? compare_clips(job->paths, &settings) : compare_pictures(job);
}

static exit_code compare_run(int argc, char **argv)
{
    compare_job job;
    int n_operands;
    exit_code code;
    memset(&job, 0, sizeof job);
    if (!options_parse(&compare_command, argc, argv, &job.options, &n_operands, &code))
        return code;
    job.paths = argv + 1;
    code = run_job(&job);
    ghm_image_free(&job.images[0]);
    ghm_image_free(&job.images[1]);
    return code;
}
