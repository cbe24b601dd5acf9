/* hyper_synthesis.h - h_s, exact zone: z_hat of one band -> parameters p and scales s of every position of y. */
#ifndef GHM_MODELS_HYPER_SYNTHESIS_H
#define GHM_MODELS_HYPER_SYNTHESIS_H

#include "models/block_stream.h"

typedef struct hyper_synthesis {
    const ghm_model *model;
    size_t h, w;            /* of the grid of y; the grid of z is ceil(h / 4) x ceil(w / 4) */
    block_stream b32, b16, prior;
    int16_t *wide64, *wide32, *s_row;
    void *scratch;
    void (*emit)(void *user, size_t row, const int16_t *p, const int16_t *s);
    void *user;
} hyper_synthesis;

/* emit receives, for every row of y in order, p: (w, P) and s: (w, M), scale steps in Q8. */
void hyper_synthesis_init(hyper_synthesis *hs, const ghm_model *model, size_t w, void *scratch, arena *memory,
                          void (*emit)(void *user, size_t row, const int16_t *p, const int16_t *s), void *user);

/* z_hat: (ceil(h / 4), ceil(w / 4), Z), Q frac_z. */
void hyper_synthesis_run(hyper_synthesis *hs, const int16_t *z_hat, size_t h);

#endif
