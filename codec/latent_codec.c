#include "latent_codec.h"

#include <math.h>
#include <string.h>

#include "base/fixed.h"
#include "base/status.h"
#include "entropy/checkerboard.h"
#include "entropy/factorized_prior.h"
#include "entropy/gaussian_conditional.h"

/* Scale index of one position: steps in Q8 from the network, plus the quality's offset, rounded and clamped. (restrict
 * because bytes may alias anything, and compilers then keep to one value at a time.) */
static void scale_index_of_position(const int16_t *restrict s, const int16_t *restrict offset_q8, size_t m, int max,
                                    uint8_t *restrict index)
{
    for (size_t c = 0; c < m; c++) {
        const int v = (s[c] + offset_q8[c] + 128) >> 8;
        index[c] = (uint8_t)(v < 0 ? 0 : v > max ? max : v);
    }
}

static void on_parameters(void *user, size_t row, const int16_t *p, const int16_t *s)
{
    latent_codec *lc = user;
    const ghm_model *model = lc->model;
    const size_t m = model->m;

    memcpy(lc->p + row * lc->w * model->p, p, lc->w * model->p * sizeof *p);
    for (size_t x = 0; x < lc->w; x++)
        scale_index_of_position(s + x * m, lc->quality->scale_offset_q8, m, (int)model->n_scales - 1,
                                lc->scale_index + (row * lc->w + x) * m);
}

/* Within the limit, also for what is not a number. (fminf and fmaxf would be calls.) */
static int16_t nearest_symbol(float v)
{
    const float limit = FACTORIZED_MAX_SYMBOL, at_least = v > -limit ? v : -limit;
    return (int16_t)lrintf(at_least < limit ? at_least : limit);
}

/* The scale indices of one row of the running pass. -> their number */
static size_t gather_scales(latent_codec *lc, size_t row, const context_pass *pass)
{
    const size_t m = lc->model->m;
    uint8_t *scale = lc->symbol_scale;

    for (size_t x = checkerboard_first(row, pass->phase); x < lc->w; x += 2, scale += pass->n)
        memcpy(scale, lc->scale_index + (row * lc->w + x) * m + pass->first, pass->n);
    return (size_t)(scale - lc->symbol_scale);
}

/* n channels of a position, y or a target less the mean, in steps; unit: of y. */
static void want_y(const int16_t *restrict y, const int16_t *restrict mean, float unit, const float *restrict gain, size_t n,
                   float *restrict wanted)
{
    for (size_t c = 0; c < n; c++)
        wanted[c] = (float)(y[c] - mean[c]) * unit * gain[c];
}

static void want_target(const float *restrict target, const int16_t *restrict mean, float unit, const float *restrict gain, size_t n,
                        float *restrict wanted)
{
    for (size_t c = 0; c < n; c++)
        wanted[c] = (target[c] - (float)mean[c]) * unit * gain[c];
}

/* One row more for the trellis. Idle positions want what their means say: symbols of 0, mostly. */
static void want_row(latent_codec *lc, size_t row, const context_pass *pass, const int16_t *mean)
{
    const latent_source *source = lc->source;
    const float unit = 1.0f / (float)(1 << lc->model->frac_y), *gain = lc->quality->gain_y + pass->first;
    const size_t n = gather_scales(lc, row, pass);
    const uint8_t *scale_index = lc->symbol_scale;
    float *wanted = lc->wanted;

    memcpy(lc->mean + lc->n_wanted, mean, n * sizeof *mean);
    for (size_t x = checkerboard_first(row, pass->phase); x < lc->w; x += 2) {
        const size_t at = row * lc->w + x, first = at * lc->model->m + pass->first;
        if (source->idle && source->idle[at])
            memset(wanted, 0, pass->n * sizeof *wanted);
        else if (source->target)
            want_target(source->target + first, mean, unit, gain, pass->n, wanted);
        else
            want_y(source->y + first, mean, unit, gain, pass->n, wanted);
        for (size_t c = 0; source->price_slope && c < pass->n; c++)
            source->price_slope[first + c] = trellis_price_slope(lc->trellis, scale_index[c], wanted[c]);
        wanted += pass->n;
        mean += pass->n;
        scale_index += pass->n;
    }
    trellis_extend(lc->trellis, lc->symbol_scale, lc->wanted, lc->point + lc->n_wanted, n);
    lc->n_wanted += n;
}

/* y_hat = point * step / 2 + mean * ratio (BITSTREAM.md section 5). */
static void reconstruct(latent_codec *lc, size_t row, const context_pass *pass, const int16_t *point, const int16_t *mean)
{
    const ghm_model *model = lc->model;
    const uint32_t *step = lc->quality->step_q20 + pass->first, *ratio = lc->quality->ratio_q20 + pass->first;

    for (size_t x = checkerboard_first(row, pass->phase); x < lc->w; x += 2) {
        int16_t *y_hat = lc->y_hat + (row * lc->w + x) * model->m + pass->first;
        for (size_t c = 0; c < pass->n; c++, point++, mean++) {
            const int64_t signal = (int64_t)*point * step[c] * (1 << model->frac_y);
            y_hat[c] = fixed_sat16(fixed_round_shift(signal + 2 * (int64_t)*mean * ratio[c], 21));
        }
    }
}

static void decode_row(latent_codec *lc, size_t row, const context_pass *pass, const int16_t *mean)
{
    const gaussian_conditional prior = { lc->model->y_tables, lc->model->n_scales, lc->model->n_skipped };
    const size_t n = gather_scales(lc, row, pass);

    gaussian_decode_row(&prior, &lc->decoder, &lc->state, lc->symbol_scale, lc->point, n);
    if (lc->cut && range_decoder_bytes_left(&lc->decoder) == 0) /* some or all of them came out of nothing */
        memset(lc->point, 0, n * sizeof *lc->point);
    reconstruct(lc, row, pass, lc->point, mean);
}

/* The means of one row of the running pass are known. */
static void on_mean(void *user, size_t row, const int16_t *mean)
{
    latent_codec *lc = user;
    const context_pass *pass = &lc->model->passes[lc->pass];

    stage_enter(lc->clock, STAGE_ENTROPY);
    if (lc->source)
        want_row(lc, row, pass, mean);
    else
        decode_row(lc, row, pass, mean);
    stage_enter(lc->clock, STAGE_CONTEXT);
}

/* All means of the running pass are known: code its symbols. */
static void encode_pass(latent_codec *lc, const context_pass *pass)
{
    const gaussian_conditional prior = { lc->model->y_tables, lc->model->n_scales, lc->model->n_skipped };
    int16_t *symbol = lc->point;
    const int16_t *mean = lc->mean;

    stage_enter(lc->clock, STAGE_ENTROPY);
    trellis_end(lc->trellis);
    for (size_t row = 0; row < lc->h; row++) {
        const size_t n = gather_scales(lc, row, pass);
        if (lc->ideal_bits)
            *lc->ideal_bits += gaussian_bits_of_row(&prior, lc->state, lc->symbol_scale, symbol, n);
        gaussian_encode_row(&prior, &lc->encoder, &lc->state, lc->symbol_scale, symbol, n);
        reconstruct(lc, row, pass, symbol, mean);
        symbol += n;
        mean += n;
    }
    stage_enter(lc->clock, STAGE_CONTEXT);
}

/* Everything after z, the same on both sides. */
static void run_passes(latent_codec *lc)
{
    const ghm_model *model = lc->model;
    const size_t n_z = (lc->h + 3) / 4 * ((lc->w + 3) / 4);

    stage_enter(lc->clock, STAGE_CONTEXT);
    for (size_t i = 0; i < n_z; i++)
        for (size_t c = 0; c < model->z; c++)
            lc->z_hat[i * model->z + c] =
                fixed_sat16(lc->z_symbol[i * model->z + c] * (1 << model->frac_z) + model->z_mean[c]);
    hyper_synthesis_run(&lc->hs, lc->z_hat, lc->h);
    memset(lc->y_hat, 0, lc->h * lc->w * model->m * sizeof *lc->y_hat);
    for (lc->pass = 0; lc->pass < model->n_passes; lc->pass++) {
        lc->state = DQ_START;
        lc->n_wanted = 0;
        context_run_pass(&lc->context, lc->pass, lc->y_hat, lc->p, lc->h);
        if (lc->source)
            encode_pass(lc, &model->passes[lc->pass]);
    }
    stage_enter(lc->clock, STAGE_NONE);
}

static factorized_prior z_prior(const latent_codec *lc)
{
    return (factorized_prior){ lc->model->z_tables, lc->quality->z_table, lc->model->z_weight, lc->model->z };
}

ghm_status latent_codec_decode(latent_codec *lc, const uint8_t *data, size_t size, bool cut, size_t h, int16_t *y_hat,
                               ghm_diagnostics *diag)
{
    const factorized_prior prior = z_prior(lc);

    lc->h = h;
    lc->cut = cut;
    lc->source = NULL;
    lc->y_hat = y_hat;
    stage_enter(lc->clock, STAGE_ENTROPY);
    range_decoder_init(&lc->decoder, data, size);
    factorized_decode(&prior, &lc->decoder, lc->z_symbol, (h + 3) / 4, (lc->w + 3) / 4);
    if (cut && range_decoder_bytes_left(&lc->decoder) == 0)
        return ghm_fail(diag, GHM_ERR_TRUNCATED, "a band's coded data end early");
    run_passes(lc);
    if (range_decoder_damaged(&lc->decoder) && !cut)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "a band's coded data are not valid");
    return GHM_OK;
}

ghm_status latent_codec_encode(latent_codec *lc, const latent_source *source, size_t h, int16_t *y_hat, bytes_writer *out,
                               ghm_diagnostics *diag)
{
    const ghm_model *model = lc->model;
    const factorized_prior prior = z_prior(lc);
    const size_t z_h = (h + 3) / 4, z_w = (lc->w + 3) / 4;
    const float unit = 1.0f / (float)(1 << model->frac_z);

    lc->h = h;
    lc->source = source;
    lc->y_hat = y_hat;
    stage_enter(lc->clock, STAGE_ANALYSIS);
    hyper_analysis_run(&lc->ha, source->y, h, lc->z);
    for (size_t i = 0; i < z_h * z_w * model->z; i++) {
        const float z = lc->z[i] - (float)model->z_mean[i % model->z] * unit;
        lc->z_symbol[i] = nearest_symbol(z);
    }
    stage_enter(lc->clock, STAGE_ENTROPY);
    range_encoder_init(&lc->encoder, out);
    factorized_encode(&prior, &lc->encoder, lc->z_symbol, z_h, z_w);
    if (lc->ideal_bits)
        *lc->ideal_bits += factorized_bits(&prior, lc->z_symbol, z_h, z_w);
    run_passes(lc);
    if (!range_encoder_finish(&lc->encoder))
        return memory_fail(out->source, out->capacity, diag);
    return GHM_OK;
}

/* What the trellis pays for a bit, in squared steps. Theory for high rates (D ~ 2^-2R / 12) says ln 2 / 6 = 0.116 where each
 * symbol is rounded alone; but at such prices symbols of 0 spoil the contexts of others, and training with the trellis found
 * 0.05 better than 0.08 (models/train/EXPERIMENTS.md). */
static const float bit_price = 0.05f;

/* With prices of the model's tables; a symbol and its opposite cost the same. NULL where there is no memory. */
static trellis *make_trellis(const ghm_model *model, arena *memory)
{
    const size_t n_tables = DQ_N_QUANTIZERS * model->n_scales;
    float *price = arena_alloc(memory, n_tables * (TRELLIS_REACH + 1), sizeof *price);
    trellis *made = arena_alloc(memory, 1, sizeof *made);
    if (!price || !made)
        return NULL;
    for (size_t t = 0; t < n_tables; t++)
        for (int k = 0; k <= TRELLIS_REACH; k++)
            price[t * (TRELLIS_REACH + 1) + (size_t)k] =
                bit_price * 0.5f * (cdf_bits(&model->y_tables[t], k) + cdf_bits(&model->y_tables[t], -k));
    trellis_init(made, &(trellis_prices){ price, model->n_scales, model->n_skipped });
    return made;
}

static size_t widest_pass(const ghm_model *model)
{
    size_t widest = 0;
    for (size_t k = 0; k < model->n_passes; k++)
        widest = model->passes[k].n > widest ? model->passes[k].n : widest;
    return widest;
}

ghm_status latent_codec_init(latent_codec *lc, const ghm_model *model, const quality_tables *quality, size_t max_h,
                             size_t w, bool encoding, memory_source *source, ghm_diagnostics *diag)
{
    const size_t n_z = (max_h + 3) / 4 * ((w + 3) / 4), row = (w + 1) / 2 * widest_pass(model);
    arena *memory = &lc->memory;

    *lc = (latent_codec){ .model = model, .quality = quality, .w = w, .memory = { .source = source } };
    void *scratch = arena_alloc(memory, model_scratch_bytes(model, (w + 3) / 4 * 4), 1);
    lc->z_symbol = arena_alloc(memory, n_z * model->z, sizeof *lc->z_symbol);
    lc->z_hat = arena_alloc(memory, n_z * model->z, sizeof *lc->z_hat);
    lc->p = arena_alloc(memory, max_h * w * model->p, sizeof *lc->p);
    lc->scale_index = arena_alloc(memory, max_h * w * model->m, sizeof *lc->scale_index);
    lc->point = arena_alloc(memory, encoding ? max_h * row : row, sizeof *lc->point);
    lc->symbol_scale = arena_alloc(memory, row, sizeof *lc->symbol_scale);
    hyper_synthesis_init(&lc->hs, model, w, scratch, memory, on_parameters, lc);
    context_init(&lc->context, model, w, scratch, memory, on_mean, lc);
    if (encoding) {
        lc->z = arena_alloc(memory, n_z * model->z, sizeof *lc->z);
        lc->mean = arena_alloc(memory, max_h * row, sizeof *lc->mean);
        lc->wanted = arena_alloc(memory, row, sizeof *lc->wanted);
        lc->trellis = make_trellis(model, memory);
        hyper_analysis_init(&lc->ha, model, w, memory);
    }
    return arena_status(memory, diag);
}

void latent_codec_free(latent_codec *lc)
{
    arena_free(&lc->memory);
}
