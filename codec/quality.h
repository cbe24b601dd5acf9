/* quality.h - the tables of one quality, interpolated between a model's anchors (WEIGHTS.md section 6). */
#ifndef GHM_CODEC_QUALITY_H
#define GHM_CODEC_QUALITY_H

#include "models/model.h"

typedef struct quality_tables {
    /* exact zone */
    const uint32_t *step_q20, *ratio_q20;  /* (M) */
    const int16_t *scale_offset_q8;        /* (M) */
    const uint8_t *z_table;                /* (Z) */
    const int32_t *gs_in_multiplier;       /* (d4): of gs.in, with gain_d4 */
    const int32_t *ga_in_multiplier;       /* (e4): of ga.in, with gain_e4; encoder */
    /* encoder */
    const float *gain_y;                   /* (M) */
} quality_tables;

/* User quality 0..100 to the stream's: 1/1024 of an anchor, 0 .. 1024 (n_anchors - 1). */
uint16_t quality_from_user(const ghm_model *model, double quality);
uint16_t quality_max(const ghm_model *model);

/* quality <= quality_max(). Memory comes from `memory`. */
ghm_status quality_tables_init(quality_tables *t, const ghm_model *model, uint16_t quality, arena *memory,
                               ghm_diagnostics *diag);

#endif
