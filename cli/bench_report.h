/* bench_report.h - what 'gingham bench' has measured, as text and as JSON. */
#ifndef CLI_BENCH_REPORT_H
#define CLI_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include <gingham/gingham.h>

#include "dot_peak.h"

typedef enum bench_stage {
    BENCH_READ, /* a picture from its file */
    BENCH_ANALYSIS,
    BENCH_ENTROPY,
    BENCH_CONTEXT,
    BENCH_SYNTHESIS,
    BENCH_WRITE, /* a picture to a file */
    BENCH_N_STAGES
} bench_stage;

const char *bench_stage_name(bench_stage stage);

/* Encode, from the file on, or decode, to the file. Medians, in seconds; NaN for what was not measured or does not
 * belong to it. */
typedef struct bench_direction {
    double seconds, smallest;       /* the call of the library, on the clock */
    double cpu_seconds;             /* of it, of all threads together */
    double stages[BENCH_N_STAGES];  /* inside the call CPU seconds; of files on the clock */
    double peak_bytes;              /* largest resident set of the process during the calls */
} bench_direction;

typedef struct bench_report {
    const ghm_model *model;
    const char *picture; /* its name */
    uint32_t width, height;
    double quality;
    size_t bytes;        /* of the stream */
    int threads, repetitions;
    bench_direction encode, decode;
    dot_peak int16_peak;
} bench_report;

void bench_report_print(const bench_report *report);
void bench_report_print_json(const bench_report *report);

#endif
