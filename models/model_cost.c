/* model_cost.c - what a model costs: multiply-adds a pixel, scratch memory. */
#include <string.h>

#include "models/model.h"

static double block_macs(const block_list *list, double half)
{
    const double c = (double)list->c, h = (double)list->hidden;
    double macs = 0;
    for (size_t i = 0; i < list->n; i++) {
        const double part = i + 1 == list->n ? half : 1; /* of the positions; w1 feeds the 3x3 filter everywhere */
        macs += part * 2 * c * h + c * c + part * (9 * c + c * c);
    }
    return macs;
}

static double block_macs_f32(const block_list_f32 *list)
{
    const double c = (double)list->c, h = (double)list->hidden;
    return (double)list->n * (2 * c * c + 9 * c + 2 * c * h);
}

static double linear_macs(const nn_linear *layer) { return (double)layer->c_out * (double)layer->c_in; }
static double linear_f32_macs(const nn_linear_f32 *layer) { return (double)layer->c_out * (double)layer->c_in; }

double model_synthesis_kmac(const ghm_model *m, bool filtered)
{
    const double at4 = linear_macs(&m->gs.in) + block_macs(&m->gs.b4, 1) + linear_macs(&m->gs.out);
    return (linear_macs(&m->gs.base) / 256 + (filtered ? at4 / 16 : 0)) / 1000;
}

/* Hyper synthesis and context model. */
static double context_macs(const ghm_model *m)
{
    const double at64 = linear_macs(&m->hs.in), at32 = block_macs(&m->hs.b32, 1) + linear_macs(&m->hs.up);
    double at16 = block_macs(&m->hs.b16, 1) + linear_macs(&m->hs.out) + block_macs(&m->hs.prior, 1) + linear_macs(&m->hs.scale);
    for (size_t k = 0; k < m->n_passes; k++) {
        at16 += 0.5 * linear_macs(&m->passes[k].out);
        if (k > 0)
            at16 += linear_macs(&m->passes[k].in) + block_macs(&m->passes[k].b, 0.5);
    }
    return at64 / 4096 + at32 / 1024 + at16 / 256;
}

static double analysis_macs(const ghm_model *m)
{
    const double at4 = linear_macs(&m->ga.in) + block_macs(&m->ga.b4, 1) + linear_macs(&m->ga.out);
    return at4 / 16 + linear_macs(&m->ga.base) / 256;
}

static double hyper_analysis_macs(const ghm_model *m)
{
    const double at16 = linear_f32_macs(&m->ha.in) + block_macs_f32(&m->ha.b16);
    const double at32 = linear_f32_macs(&m->ha.down32) + block_macs_f32(&m->ha.b32);
    return at16 / 256 + at32 / 1024 + linear_f32_macs(&m->ha.down64) / 4096;
}

void ghm_model_get_info(const ghm_model *model, ghm_model_info *info)
{
    *info = (ghm_model_info){ .id = model->id, .file_bytes = model->file_bytes,
                              .n_parameters = model->n_parameters, .backend = model->backend };
    memcpy(info->name, model->name, sizeof info->name);
    info->synthesis_kmac = model_synthesis_kmac(model, true);
    info->decoder_kmac = info->synthesis_kmac + context_macs(model) / 1000;
    info->encoder_kmac = (analysis_macs(model) + hyper_analysis_macs(model)) / 1000;
}

static size_t max_scratch(const ghm_model *m, const nn_linear *layer, size_t n, size_t so_far)
{
    const size_t bytes = layer->c_out ? m->kernels->scratch_bytes(layer, n) : 0;
    return bytes > so_far ? bytes : so_far;
}

static size_t max_block_scratch(const ghm_model *m, const block_list *list, size_t n, size_t so_far)
{
    for (size_t i = 0; i < list->n; i++) {
        const nn_linear *const parts[] = { &list->blocks[i].w1, &list->blocks[i].w2, &list->blocks[i].w3, &list->blocks[i].w4 };
        for (size_t k = 0; k < 4; k++)
            so_far = max_scratch(m, parts[k], n, so_far);
    }
    return so_far;
}

enum { LEAST_SCRATCH = 64 };

size_t model_scratch_bytes(const ghm_model *m, size_t n)
{
    const nn_linear *const single[] = { &m->hs.in, &m->hs.up, &m->hs.out, &m->hs.scale, &m->gs.base, &m->gs.in, &m->gs.out };
    const block_list *const lists[] = { &m->hs.b32, &m->hs.b16, &m->hs.prior, &m->gs.b4 };
    size_t bytes = LEAST_SCRATCH;
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        bytes = max_scratch(m, single[i], n, bytes);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        bytes = max_block_scratch(m, lists[i], n, bytes);
    for (size_t k = 0; k < m->n_passes; k++) {
        bytes = max_scratch(m, &m->passes[k].in, n, bytes);
        bytes = max_scratch(m, &m->passes[k].out, n, bytes);
        bytes = max_block_scratch(m, &m->passes[k].b, n, bytes);
    }
    return bytes;
}

size_t model_analysis_scratch_bytes(const ghm_model *m, size_t n)
{
    const nn_linear *const single[] = { &m->ga.in, &m->ga.out, &m->ga.base };
    size_t bytes = LEAST_SCRATCH;
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        bytes = max_scratch(m, single[i], n, bytes);
    return max_block_scratch(m, &m->ga.b4, n, bytes);
}
