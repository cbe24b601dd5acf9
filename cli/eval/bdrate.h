/* bdrate.h - the Bjontegaard delta rate between two rate-distortion curves. EVALUATION.md has formulas and papers. */
#ifndef CLI_EVAL_BDRATE_H
#define CLI_EVAL_BDRATE_H

#include <stdbool.h>
#include <stddef.h>

#define CURVE_MAX_POINTS 128

/* Measured points; quality in dB. */
typedef struct rd_curve {
    size_t n;
    double bpp[CURVE_MAX_POINTS], quality[CURVE_MAX_POINTS];
} rd_curve;

/* How log(rate) is interpolated as a function of quality. */
typedef enum bd_method { BD_PCHIP, BD_CUBIC, BD_AKIMA } bd_method;

typedef struct bd_range {
    bool given;
    double low, high; /* dB */
} bd_range;

typedef struct bd_result {
    bool defined;     /* false: the curves have no quality in common, fewer than two points, or numbers too large or too
                       * close to compute with; the rest is zero */
    double percent;   /* by which the test curve's rate exceeds the anchor's at equal quality; negative saves bits */
    double low, high; /* the interval of qualities it is a mean over */
    double overlap;   /* that interval as a fraction of the qualities that either curve covers */
} bd_result;

/* Sort by rate and drop each point that is not above its predecessors in both rate and quality. A point is kept only
 * when its rate is positive and both numbers are finite. */
void curve_clean(rd_curve *curve);

/* Both curves are clean. */
bd_result bd_rate(const rd_curve *anchor, const rd_curve *test, bd_method method, bd_range range);

#endif
