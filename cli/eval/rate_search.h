/* rate_search.h - the quality at which a codec spends given bytes on a picture. */
#ifndef CLI_EVAL_RATE_SEARCH_H
#define CLI_EVAL_RATE_SEARCH_H

#include "eval/results.h"

/* Files count as equally large within this; where a codec's steps are too coarse for it, the nearest is found. */
#define RATE_TOLERANCE 0.02

typedef struct rate_point {
    char quality[24];
    measurement m;
} rate_point;

/* How far from it: ln(bytes / target). */
double rate_distance(const measurement *m, double target_bytes);

/* Measures anew, but for what the series holds or an earlier run has left. */
exit_code rate_search(const workplace *place, const eval_series *s, const eval_results *r, size_t picture,
                      double target_bytes, rate_point *found);

#endif
