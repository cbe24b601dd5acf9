#include "eval/rate_search.h"

#include <math.h>
#include <stdlib.h>

/* Well inside the tolerance, if the steps of the codec allow it. */
#define GOOD_ENOUGH (RATE_TOLERANCE / 4)
#define MAX_TRIALS 12

double rate_distance(const measurement *m, double target_bytes)
{
    return log((double)m->bytes / target_bytes);
}

/* One end of the bracket: a step of the scale, and how far its rate is from the target. */
typedef struct bracket_end {
    long step;
    double distance; /* infinite: not measured */
} bracket_end;

typedef struct search {
    const workplace *place;
    const eval_series *series;
    const listed_picture *picture;
    double target_bytes;
    bracket_end low, high; /* below and above the target */
    rate_point *best;
} search;

static long n_steps(const quality_scale *scale)
{
    return lround(fabs(scale->best - scale->worst) / scale->step);
}

static double step_quality(const quality_scale *scale, long step)
{
    const double sign = scale->best > scale->worst ? 1 : -1;
    return scale->worst + sign * scale->step * (double)step;
}

/* The nearest step. */
static long quality_step(const quality_scale *scale, const char *quality)
{
    return lround(fabs(strtod(quality, NULL) - scale->worst) / scale->step);
}

static void keep_if_better(search *s, const char *quality, const measurement *m)
{
    if (s->best->m.bytes > 0 &&
        fabs(rate_distance(&s->best->m, s->target_bytes)) <= fabs(rate_distance(m, s->target_bytes)))
        return;
    snprintf(s->best->quality, sizeof s->best->quality, "%s", quality);
    s->best->m = *m;
}

static void narrow(search *s, long step, const measurement *m)
{
    const double distance = rate_distance(m, s->target_bytes);
    if (distance <= 0 && step >= s->low.step)
        s->low = (bracket_end){ step, distance };
    if (distance >= 0 && step <= s->high.step)
        s->high = (bracket_end){ step, distance };
}

/* What the series has measured, which may be off the steps. */
static void begin(search *s, const eval_results *r, size_t picture)
{
    const quality_scale *scale = &s->series->codec->scale;
    s->low = (bracket_end){ 0, -INFINITY };
    s->high = (bracket_end){ n_steps(scale), INFINITY };
    for (size_t i = 0; i < s->series->n_points; i++) {
        const measurement *m = series_at(s->series, r, i, picture);
        keep_if_better(s, s->series->qualities[i], m);
        narrow(s, quality_step(scale, s->series->qualities[i]), m);
    }
}

static exit_code try_step(search *s, long step)
{
    char quality[24];
    measurement m;
    snprintf(quality, sizeof quality, "%.6g", step_quality(&s->series->codec->scale, step));
    const exit_code code = measure(s->place, s->series->codec, s->series->version, quality, s->picture, &m);
    if (code != EXIT_OK)
        return code;
    keep_if_better(s, quality, &m);
    narrow(s, step, &m);
    return EXIT_OK;
}

/* Where a straight line of log rate meets the target; every third time the middle, as the line may be bent. */
static long next_step(const search *s, int trial)
{
    const bracket_end *low = &s->low, *high = &s->high;
    double place = 0.5;
    if (isfinite(low->distance) && isfinite(high->distance) && trial % 3 != 2)
        place = low->distance / (low->distance - high->distance);
    const long step = low->step + lround(place * (double)(high->step - low->step));
    return step <= low->step ? low->step + 1 : step >= high->step ? high->step - 1 : step;
}

static bool is_done(const search *s)
{
    return fabs(rate_distance(&s->best->m, s->target_bytes)) <= GOOD_ENOUGH || s->high.step - s->low.step <= 1;
}

exit_code rate_search(const workplace *place, const eval_series *series, const eval_results *r, size_t picture,
                      double target_bytes, rate_point *found)
{
    search s = { .place = place, .series = series, .picture = &r->pictures.items[picture],
                 .target_bytes = target_bytes, .best = found };
    exit_code code = EXIT_OK;
    found->m.bytes = 0;
    begin(&s, r, picture);
    for (int trial = 0; trial < MAX_TRIALS && code == EXIT_OK && !is_done(&s); trial++)
        code = try_step(&s, next_step(&s, trial));
    return code;
}
