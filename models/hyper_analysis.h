/* hyper_analysis.h - h_a, tolerant zone (float): y -> z. Only encoders run it. */
#ifndef GHM_MODELS_HYPER_ANALYSIS_H
#define GHM_MODELS_HYPER_ANALYSIS_H

#include "models/block_stream.h"

typedef struct hyper_analysis {
    const ghm_model *model;
    size_t w;
    block_stream_f32 b16, b32;
    float *row16;          /* (4 zw, M): a row of y, as real numbers, and zeros */
    float *wide32, *wide64; /* unshuffled pairs of rows */
    float *z;
} hyper_analysis;

void hyper_analysis_init(hyper_analysis *ha, const ghm_model *model, size_t w, arena *memory);

/* y: (h, w, M), Q frac_y -> z: (ceil(h / 4), ceil(w / 4), Z). */
void hyper_analysis_run(hyper_analysis *ha, const int16_t *y, size_t h, float *z);

#endif
