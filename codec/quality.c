#include "quality.h"

#include <math.h>

#include "base/fixed.h"
#include "base/status.h"

uint16_t quality_max(const ghm_model *model)
{
    return (uint16_t)(1024 * (model->n_anchors - 1));
}

uint16_t quality_from_user(const ghm_model *model, double quality)
{
    return (uint16_t)lrint(quality / 100.0 * quality_max(model));
}

typedef struct position {
    size_t anchor;
    int32_t fraction; /* of 1024, towards anchor + 1 */
} position;

static int32_t between(int32_t a, int32_t b, int32_t fraction)
{
    return (a * (1024 - fraction) + b * fraction + 512) >> 10;
}

static int32_t interpolate(const int16_t *table, size_t n, size_t i, position at)
{
    return between(table[at.anchor * n + i], table[(at.anchor + 1) * n + i], at.fraction);
}

static void fill_factors(const int16_t *table, size_t n, position at, uint32_t *q20)
{
    for (size_t i = 0; i < n; i++)
        q20[i] = fixed_exp2_q20(interpolate(table, n, i, at));
}

static void fill_floats(const int16_t *table, size_t n, position at, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)fixed_exp2_q20(interpolate(table, n, i, at)) / 1048576.0f;
}

/* min((multiplier * gain + 2^19) >> 20, 2^31 - 1) */
static void fill_multipliers(const nn_linear *layer, const int16_t *gain_table, position at, int32_t *multiplier)
{
    for (size_t o = 0; o < layer->c_out; o++) {
        const uint64_t gain = fixed_exp2_q20(interpolate(gain_table, layer->c_out, o, at));
        const uint64_t m = ((uint64_t)layer->multiplier[o] * gain + (1u << 19)) >> 20;
        multiplier[o] = m > INT32_MAX ? INT32_MAX : (int32_t)m;
    }
}

ghm_status quality_tables_init(quality_tables *t, const ghm_model *model, uint16_t quality, arena *memory,
                               ghm_diagnostics *diag)
{
    const quality_anchors *anchors = &model->anchors;
    const size_t last = model->n_anchors - 2, whole = quality >> 10;
    const position at = { whole < last ? whole : last, (int32_t)(quality - 1024 * (whole < last ? whole : last)) };
    uint32_t *step = arena_alloc(memory, model->m, sizeof *step);
    uint32_t *ratio = arena_alloc(memory, model->m, sizeof *ratio);
    int16_t *scale_offset = arena_alloc(memory, model->m, sizeof *scale_offset);
    uint8_t *z_table = arena_alloc(memory, model->z, sizeof *z_table);
    int32_t *gs_in = arena_alloc(memory, model->d4, sizeof *gs_in);
    int32_t *ga_in = arena_alloc(memory, model->e4, sizeof *ga_in);
    float *gain_y = arena_alloc(memory, model->m, sizeof *gain_y);

    GHM_TRY(arena_status(memory, diag));
    fill_factors(anchors->step, model->m, at, step);
    fill_factors(anchors->ratio, model->m, at, ratio);
    for (size_t i = 0; i < model->m; i++)
        scale_offset[i] = (int16_t)interpolate(anchors->scale_offset, model->m, i, at);
    for (size_t i = 0; i < model->z; i++)
        z_table[i] = (uint8_t)between(anchors->z_table[at.anchor * model->z + i],
                                      anchors->z_table[(at.anchor + 1) * model->z + i], at.fraction);
    fill_multipliers(&model->gs.in, anchors->gain_d4, at, gs_in);
    fill_multipliers(&model->ga.in, anchors->gain_e4, at, ga_in);
    fill_floats(anchors->gain_y, model->m, at, gain_y);
    *t = (quality_tables){ step, ratio, scale_offset, z_table, gs_in, ga_in, gain_y };
    return GHM_OK;
}
