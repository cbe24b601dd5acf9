/* encoder.c - pixels to streams: rows are analysed slab by slab into the y of a group of bands, bands are coded group by
 * group, in trial rounds first where y is to be refined; what a decoder will make of them is made at once, for the picture
 * hash and to choose the direct blocks. A band is written when all its pixels have been made. ghm_encode_image() is the same
 * with all rows at once. */
#include <stdlib.h>
#include <string.h>

#include "alpha.h"
#include "base/status.h"
#include "bitstream.h"
#include "direct_encoder.h"
#include "frame.h"
#include "latent_codec.h"
#include "metadata.h"
#include "models/analysis.h"
#include "picture_hash.h"
#include "refinement.h"

enum {
    BAND_Z_ROWS = 8,     /* 512 pixels: a higher band gains little, a lower one costs rate at its borders */
    LOSSLESS_QUALITY = 0 /* direct blocks cover what the networks make: the less that costs the better */
};

void ghm_encode_settings_default(ghm_encode_settings *settings)
{
    *settings = (ghm_encode_settings){ .quality = 60, .picture_hash = 1, .alpha_quality = 100, .effort = 1 };
}

/* Rounds of refinement at an effort. */
static int rounds_of(int effort)
{
    static const int rounds[GHM_MAX_EFFORT] = { 0, 1, 2, 3, 4, 6, 8, 12, 16 };
    return rounds[effort - 1];
}

/* A band on its way to the stream. */
typedef struct coded_band {
    bytes_writer latents, alpha, direct;
    direct_encoder *direct_encoder;
    uint8_t *planned; /* (band_h, w): blocks that will be coded directly whatever the networks make of them */
    float *costs;     /* (band_h, w): of coding blocks directly */
    bool has_planned;
    bool failed; /* its direct blocks: out of memory */
} coded_band;

struct ghm_encoder {
    const ghm_model *model;
    ghm_encode_settings settings;
    ghm_write_callback write;
    void *write_user;
    memory_source memory;
    ghm_status status; /* what ended it */
    bool finished;     /* the stream is complete */
    ghm_diagnostics diag;
    stream_header header;
    ghm_image format;     /* size and kind of the picture */
    frame_geometry g;
    int n_threads;

    arena arena;
    quality_tables quality;
    thread_pool *pool;
    frame_strips strips;
    analysis *analyses;   /* one a strip */
    latent_codec *codecs;
    int n_codecs;
    stage_clock *clocks;  /* one a thread, when the caller wants statistics */
    reconstruction rec;
    picture_hash *hash;
    uint8_t *slab;        /* decoded rows */
    int16_t *y;           /* of one group, (group * band_h, w, M) */
    int round, n_rounds;  /* of refinement */
    refinement refinement;
    float *target, *price_slope; /* as y; where there are rounds */
    bytes_writer out;     /* not yet written */

    /* the rows of the picture that are at hand */
    ghm_image rows;       /* the caller's, or those in `window` */
    uint8_t *window;      /* when rows are pushed */
    size_t window_rows;   /* it has room for */
    size_t top, received; /* rows top .. received - 1 of the picture */
    size_t slab_rows;     /* of y, analysed together */
    size_t analysed;      /* rows of y */

    /* the group at work */
    size_t first_band, last_band, first_row;
    size_t run_first, run_last; /* rows of y being analysed */
    ghm_status *band_status;
    ghm_diagnostics *band_diag;

    /* bands that are not written yet */
    direct_choice choice;
    int alpha_step;
    coded_band *coded;    /* those of a group, and those above it whose last pixels need it */
    size_t n_coded, written;
    size_t made_first, made_last; /* rows of pixels in the slab */
    size_t pixel_rows;    /* of y, at most made into pixels together */
    size_t coded_rows;    /* of y, in bands that are coded */
    double refined_rows;  /* of y, once for every round */
    size_t first_tile;    /* of those that are refined together */
    ghm_model_info cost;  /* where the caller wants to know of progress */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static coded_band *coded_of(const ghm_encoder *e, size_t band)
{
    return &e->coded[band % e->n_coded];
}

static ghm_status check_arguments(const ghm_encode_settings *settings, const ghm_image *image, ghm_diagnostics *diag)
{
    if (!(settings->quality >= 0 && settings->quality <= 100))
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "quality %g is outside 0..100", settings->quality);
    if (!(settings->alpha_quality >= 0 && settings->alpha_quality <= 100))
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "alpha quality %g is outside 0..100", settings->alpha_quality);
    if (settings->effort < 1 || settings->effort > GHM_MAX_EFFORT)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "effort %d is outside 1..%d", settings->effort, GHM_MAX_EFFORT);
    if (settings->lossless && settings->alpha_quality < 100)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "a picture without loss cannot have alpha of quality %g", settings->alpha_quality);
    if (settings->threads < 0 || settings->threads > GHM_MAX_THREADS)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "%d threads are outside 0..%d", settings->threads, GHM_MAX_THREADS);
    if (image->width == 0 || image->height == 0 || image->width > GHM_MAX_SIDE || image->height > GHM_MAX_SIDE)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "a picture of %ux%u pixels is outside 1..%d a side", image->width,
                        image->height, GHM_MAX_SIDE);
    if (image->bit_depth != 0 && (image->bit_depth < 8 || image->bit_depth > 16))
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "%u bits a sample are outside 8..16", image->bit_depth);
    if (!image->planes[0] || !image->planes[1] != !image->planes[2])
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "the picture is neither grey nor RGB: planes are missing");
    return metadata_check(settings->metadata, diag);
}

/* Bands of equal height, as near as whole rows of z allow. */
static uint8_t band_rows(uint32_t height)
{
    const uint32_t z_rows = (height + 63) / 64, n_bands = (z_rows + BAND_Z_ROWS - 1) / BAND_Z_ROWS;
    return (uint8_t)((z_rows + n_bands - 1) / n_bands);
}

static bool has_alpha(const ghm_encoder *e)
{
    return components_have_alpha(e->g.format.components);
}

/* ---------------------------------------------------------------------------------------------- opening */

static size_t group_rows(const frame_geometry *g)
{
    return g->group * g->band_h < g->h ? g->group * g->band_h : g->h;
}

/* Pushed rows wait until those that a slab depends on are there, and stay until they have been compared with what a decoder
 * makes of them. */
static void allocate_window(ghm_encoder *e)
{
    const size_t slab = e->slab_rows + 2 * analysis_halo(e->model);
    const size_t group = group_rows(&e->g) + analysis_halo(e->model) + e->g.halo;
    const size_t rows = (slab > group ? slab : group) * MODEL_Y_STRIDE;
    const size_t stride = e->g.width * pixel_bytes(e->g.format);
    e->window_rows = rows < e->g.height ? rows : e->g.height;
    e->window = arena_alloc(&e->arena, e->window_rows, stride);
    e->rows = colour_interleaved(e->g.format, (uint32_t)e->g.width, (uint32_t)e->window_rows, e->window, stride);
}

static frame_window whole_picture(const frame_geometry *g)
{
    return (frame_window){ 0, 0, g->width, g->height };
}

static void allocate_group(ghm_encoder *e)
{
    const size_t n = e->g.group, all = n + frame_bands_lag(&e->g);
    e->band_status = arena_alloc(&e->arena, n, sizeof *e->band_status);
    e->band_diag = arena_alloc(&e->arena, n, sizeof *e->band_diag);
    e->n_coded = all < e->g.n_bands ? all : e->g.n_bands;
    e->coded = arena_alloc(&e->arena, e->n_coded, sizeof *e->coded);
    for (size_t i = 0; e->coded && i < e->n_coded; i++) {
        coded_band *c = &e->coded[i];
        c->latents.source = c->alpha.source = c->direct.source = &e->memory;
        c->planned = arena_alloc(&e->arena, e->g.band_h * e->g.w, 1);
        c->costs = arena_alloc(&e->arena, e->g.band_h * e->g.w, sizeof *c->costs);
        c->direct_encoder = direct_encoder_make(e->g.format, e->g.width, &c->direct, &e->arena);
    }
}

static size_t band_height(const frame_geometry *g)
{
    return g->band_h < g->h ? g->band_h : g->h;
}

static void allocate_refinement(ghm_encoder *e)
{
    const size_t n = group_rows(&e->g) * e->g.w * e->model->m;
    e->target = arena_alloc(&e->arena, n, sizeof *e->target);
    e->price_slope = arena_alloc(&e->arena, n, sizeof *e->price_slope);
    refinement_init(&e->refinement, e->model, &e->quality, band_height(&e->g), e->g.w, e->n_threads, &e->arena);
}

static ghm_status allocate(ghm_encoder *e)
{
    const frame_geometry *g = &e->g;
    const size_t n = (size_t)e->n_threads;
    GHM_TRY(quality_tables_init(&e->quality, e->model, e->header.quality, &e->arena, &e->diag));
    allocate_group(e);
    const frame_window whole = whole_picture(g);
    e->strips = frame_strips_make(&whole, analysis_widest(e->model), e->n_threads);
    e->analyses = arena_alloc(&e->arena, frame_strips_count(&e->strips), sizeof *e->analyses);
    e->codecs = arena_alloc(&e->arena, n, sizeof *e->codecs);
    if (e->settings.statistics)
        e->clocks = arena_alloc(&e->arena, n, sizeof *e->clocks);
    e->y = arena_alloc(&e->arena, group_rows(g) * g->w * e->model->m, sizeof *e->y);
    e->slab = arena_alloc(&e->arena, g->slab * MODEL_Y_STRIDE * g->width, pixel_bytes(g->format));
    for (size_t i = 0; e->analyses && i < frame_strips_count(&e->strips); i++) {
        size_t first, last;
        frame_strip_columns(&e->strips, i, &first, &last);
        analysis_init(&e->analyses[i], e->model, e->quality.ga_in_multiplier, &e->format, first, last, &e->arena);
    }
    if (e->n_rounds > 0)
        allocate_refinement(e);
    return arena_status(&e->arena, &e->diag);
}

static ghm_status open_workers(ghm_encoder *e)
{
    const frame_geometry *g = &e->g;
    const frame_window whole = whole_picture(g);
    GHM_TRY(reconstruction_init(&e->rec, e->model, &e->quality, g, &whole, e->n_threads, &e->memory, &e->diag));
    while (e->n_codecs < e->n_threads) {
        const int worker = e->n_codecs++;
        latent_codec *codec = &e->codecs[worker];
        GHM_TRY(latent_codec_init(codec, e->model, &e->quality, band_height(g), g->w, true, &e->memory, &e->diag));
        codec->clock = e->clocks ? &e->clocks[worker] : NULL;
    }
    e->rec.clocks = e->clocks;
    e->rec.pool = e->pool = thread_pool_open(e->n_threads);
    if (!e->pool)
        return ghm_fail(&e->diag, GHM_ERR_MEMORY, "%d threads could not be started", e->n_threads);
    if (!e->header.has_picture_hash)
        return GHM_OK;
    e->hash = picture_hash_open(g->format, e->header.width, e->header.height);
    return e->hash ? GHM_OK : ghm_fail_memory(&e->diag, 576);
}

/* Bands first .. and the rows of y they have: the next group. */
static void begin_group(ghm_encoder *e, size_t first)
{
    const size_t last = first + e->g.group;
    e->first_band = first;
    e->last_band = last < e->g.n_bands ? last : e->g.n_bands;
    e->first_row = frame_band_first(&e->g, first);
    if (first < e->g.n_bands)
        reconstruction_extend(&e->rec, first, e->last_band);
}

/* Zeroed, so that ghm_encoder_close() can release it at any time. */
static ghm_status make_encoder(const ghm_model *model, const ghm_encode_settings *settings, const ghm_image *format,
                               ghm_encoder **encoder, ghm_diagnostics *diag)
{
    ghm_encode_settings chosen;
    memory_source source;
    ghm_encode_settings_default(&chosen);
    if (settings)
        chosen = *settings;
    GHM_TRY(check_arguments(&chosen, format, diag));
    memory_source_init(&source, &chosen.allocator, chosen.max_memory);
    ghm_encoder *e = memory_allocate(&source, sizeof *e);
    if (!e)
        return memory_fail(&source, sizeof *e, diag);
    e->model = model;
    if (chosen.lossless)
        chosen.quality = LOSSLESS_QUALITY;
    e->settings = chosen;
    e->n_rounds = chosen.lossless ? 0 : rounds_of(chosen.effort);
    e->format = *format;
    e->memory = source; /* which has counted *e */
    e->arena.source = e->out.source = &e->memory;
    e->header = (stream_header){
        .width = format->width, .height = format->height, .format = colour_format_of(format),
        .quality = quality_from_user(model, chosen.quality), .anchors = quality_max(model),
        .band_rows = band_rows(format->height), .has_picture_hash = chosen.picture_hash != 0, .model_id = model->id,
    };
    e->n_threads = frame_n_threads(&e->header, chosen.threads > 0 ? chosen.threads : threads_available());
    e->g = frame_geometry_make(model, &e->header, true, e->n_threads, chosen.max_memory);
    e->choice = chosen.lossless ? direct_choice_lossless()
                                : direct_choice_make(chosen.quality / 100, model_synthesis_kmac(model, true), e->g.format);
    e->alpha_step = alpha_step(chosen.alpha_quality, e->g.format.bit_depth);
    *encoder = e;
    return GHM_OK;
}

/* The stream's first bytes, and all that is needed to go on. */
static ghm_status open_stream(ghm_encoder *e, bool pushing)
{
    e->slab_rows = pushing ? e->g.slab : group_rows(&e->g);
    e->pixel_rows = e->g.slab;
    if (e->settings.progress) {
        ghm_model_get_info(e->model, &e->cost);
        e->slab_rows = smaller(e->slab_rows, frame_rows_between_calls(&e->g, e->cost.encoder_kmac, e->n_threads));
        e->pixel_rows = smaller(e->pixel_rows, frame_rows_between_calls(&e->g, e->cost.synthesis_kmac, e->n_threads));
    }
    if (pushing)
        allocate_window(e);
    GHM_TRY(allocate(e));
    GHM_TRY(open_workers(e));
    begin_group(e, 0);
    bitstream_write_header(&e->out, &e->header);
    if (e->settings.origin)
        bitstream_write_origin(&e->out, e->settings.origin);
    return metadata_write_chunks(e->settings.metadata, &e->out, &e->memory, &e->diag);
}

void ghm_encoder_close(ghm_encoder **encoder)
{
    ghm_encoder *e = *encoder;
    *encoder = NULL;
    if (!e)
        return;
    for (int i = 0; i < e->n_codecs; i++)
        latent_codec_free(&e->codecs[i]);
    for (size_t i = 0; e->coded && i < e->n_coded; i++) {
        bytes_release(&e->coded[i].latents);
        bytes_release(&e->coded[i].alpha);
        bytes_release(&e->coded[i].direct);
    }
    bytes_release(&e->out);
    reconstruction_free(&e->rec);
    picture_hash_close(e->hash);
    thread_pool_close(e->pool);
    arena_free(&e->arena);
    memory_source source = e->memory;
    memory_release(&source, e, sizeof *e);
}

/* ---------------------------------------------------------------------------------------------- groups */

static void analyse_strip(void *user, size_t i, int worker)
{
    ghm_encoder *e = user;
    size_t first, last;
    frame_strip_rows(&e->strips, i, e->run_last - e->run_first, &first, &last);
    first += e->run_first;
    last += e->run_first;
    stage_clock *clock = e->clocks ? &e->clocks[worker] : NULL;
    stage_enter(clock, STAGE_ANALYSIS);
    analysis_set_rows(&e->analyses[i], &e->rows, e->top);
    analysis_run(&e->analyses[i], first, last, e->y + (first - e->first_row) * e->g.w * e->model->m);
    stage_enter(clock, STAGE_NONE);
}

static ghm_status encode_band_alpha(ghm_encoder *e, size_t i)
{
    const size_t band = e->first_band + i;
    const ghm_image rows = reconstruction_alpha(&e->rec, frame_band_first(&e->g, band), frame_band_rows(&e->g, band));
    bytes_writer *out = &coded_of(e, band)->alpha;
    out->size = 0;
    return alpha_encode(&rows, rows.height, e->alpha_step, out, &e->band_diag[i]);
}

/* Plan the direct blocks of a band. The hyper-latents get to see nothing of them. */
static bool plan_direct(ghm_encoder *e, size_t band, int16_t *y)
{
    const size_t w = e->g.w, m = e->model->m;
    coded_band *coded = coded_of(e, band);
    size_t first, last, n = 0;
    frame_band_pixels(&e->g, band, &first, &last);
    direct_encoder_begin(coded->direct_encoder, &e->choice, &e->rows, first - e->top, last - first);
    for (size_t row = 0; row < frame_band_rows(&e->g, band); row++, first += MODEL_Y_STRIDE) {
        const size_t n_rows = last - first < MODEL_Y_STRIDE ? last - first : MODEL_Y_STRIDE;
        uint8_t *planned = coded->planned + row * w;
        float *costs = coded->costs + row * w;
        for (size_t x = 0; x < w; x++)
            costs[x] = direct_network_cost(y + (row * w + x) * m, m, e->model->frac_y, e->quality.gain_y);
        direct_encoder_plan_row(coded->direct_encoder, &e->rows, first - e->top, n_rows, costs, planned);
        for (size_t x = 0; x < w; x++)
            if (planned[x]) {
                memset(y + (row * w + x) * m, 0, m * sizeof *y);
                n++;
            }
    }
    direct_encoder_restart(coded->direct_encoder);
    return n > 0;
}

/* Before the first round: y becomes what it is to be in the end, or where the rounds begin. */
static void prepare_band(ghm_encoder *e, size_t band)
{
    const size_t at = (frame_band_first(&e->g, band) - e->first_row) * e->g.w * e->model->m;
    const size_t n = frame_band_rows(&e->g, band) * e->g.w * e->model->m;
    coded_of(e, band)->has_planned = plan_direct(e, band, e->y + at);
    for (size_t i = at; e->n_rounds > 0 && i < at + n; i++)
        e->target[i] = e->y[i];
}

static void encode_band(void *user, size_t i, int worker)
{
    ghm_encoder *e = user;
    const size_t band = e->first_band + i, row = frame_band_first(&e->g, band);
    coded_band *coded = coded_of(e, band);
    const size_t at = (row - e->first_row) * e->g.w * e->model->m;
    if (e->round == 0)
        prepare_band(e, band);
    const latent_source source = { e->y + at, coded->has_planned ? coded->planned : NULL, e->n_rounds > 0 ? e->target + at : NULL,
                                   e->round < e->n_rounds ? e->price_slope + at : NULL };
    coded->latents.size = 0;
    e->band_status[i] = latent_codec_encode(&e->codecs[worker], &source, frame_band_rows(&e->g, band),
                                            reconstruction_row(&e->rec, row), &coded->latents, &e->band_diag[i]);
    if (e->band_status[i] == GHM_OK && has_alpha(e) && e->round == e->n_rounds)
        e->band_status[i] = encode_band_alpha(e, i);
}

static size_t row_bytes(const ghm_encoder *e)
{
    return pixel_bytes(e->g.format) * e->g.width;
}

/* The rows of pixels of one band that are in the slab. */
static void choose_direct(void *user, size_t i, int worker)
{
    ghm_encoder *e = user;
    coded_band *coded = coded_of(e, e->written + i);
    size_t first, last;
    frame_band_pixels(&e->g, e->written + i, &first, &last);
    const size_t end = last < e->made_last ? last : e->made_last;
    for (size_t y = first > e->made_first ? first : e->made_first; y < end; y += MODEL_Y_STRIDE) {
        const size_t n = end - y < MODEL_Y_STRIDE ? end - y : MODEL_Y_STRIDE;
        const size_t at = (y - first) / MODEL_Y_STRIDE * e->g.w;
        direct_encoder_row(coded->direct_encoder, &e->rows, y - e->top, n, coded->costs + at, coded->planned + at,
                           e->slab + (y - e->made_first) * row_bytes(e), row_bytes(e));
    }
    if (end == last && end > e->made_first)
        coded->failed = !direct_encoder_finish(coded->direct_encoder);
    (void)worker;
}

static ghm_status write_band(ghm_encoder *e, size_t band)
{
    const coded_band *coded = coded_of(e, band);
    if (coded->failed)
        return memory_fail(&e->memory, coded->direct.capacity, &e->diag);
    if (coded->direct.size > 0)
        bitstream_write_chunk(&e->out, CHUNK_DIRECT, coded->direct.data, coded->direct.size);
    bitstream_write_chunk(&e->out, CHUNK_BAND, coded->latents.data, coded->latents.size);
    if (has_alpha(e))
        bitstream_write_chunk(&e->out, e->alpha_step > 1 ? CHUNK_LOSSY_ALPHA : CHUNK_ALPHA, coded->alpha.data, coded->alpha.size);
    return GHM_OK;
}

/* How much of all multiply-adds is done. */
static ghm_status tell_progress(ghm_encoder *e)
{
    const double a = e->cost.encoder_kmac, s = e->cost.synthesis_kmac, c = e->cost.decoder_kmac - s;
    if (!e->settings.progress)
        return GHM_OK;
    const double round = c + 2 * s, all = a + c + s + e->n_rounds * round;
    const double done = a * (double)e->analysed + c * (double)e->coded_rows + s * (double)e->rec.done + round * e->refined_rows;
    const double share = done / (all * (double)e->g.h); /* perhaps above 1 by a rounding */
    if (e->settings.progress(e->settings.progress_user, share < 1 ? share : 1))
        return ghm_fail(&e->diag, GHM_ERR_CANCELLED, "cancelled");
    return GHM_OK;
}

/* The encoder decodes what it coded, with the decoder's own functions, and writes the bands that this completes. */
static ghm_status make_pixels(ghm_encoder *e)
{
    size_t ready;
    while ((ready = reconstruction_ready(&e->rec)) > 0) {
        const size_t n = smaller(ready, e->pixel_rows);
        reconstruction_range(&e->rec, n, &e->made_first, &e->made_last);
        reconstruction_run(&e->rec, n, e->slab, row_bytes(e), (other_tasks){ 0 });
        thread_pool_run(e->pool, e->last_band - e->written, choose_direct, e);
        if (e->hash)
            picture_hash_rows(e->hash, e->slab, row_bytes(e), e->made_last - e->made_first);
        for (; e->written < e->last_band && frame_band_first(&e->g, e->written + 1) <= e->rec.done; e->written++)
            GHM_TRY(write_band(e, e->written));
        GHM_TRY(tell_progress(e));
    }
    return GHM_OK;
}

static ghm_status write_out(ghm_encoder *e)
{
    if (e->out.failed)
        return memory_fail(&e->memory, e->out.capacity, &e->diag);
    if (e->write && e->write(e->write_user, e->out.data, e->out.size))
        return ghm_fail(&e->diag, GHM_ERR_CANCELLED, "cancelled");
    if (e->write)
        e->out.size = 0;
    return GHM_OK;
}

static ghm_status encode_bands(ghm_encoder *e)
{
    const size_t n = e->last_band - e->first_band;
    thread_pool_run(e->pool, n, encode_band, e);
    for (size_t i = 0; i < n; i++) {
        if (e->band_status[i] != GHM_OK)
            return ghm_fail(&e->diag, e->band_status[i], "%s", e->band_diag[i].text);
    }
    return GHM_OK;
}

/* A tile of one of the group's bands. */
static void refine_tile(void *user, size_t i, int worker)
{
    ghm_encoder *e = user;
    const size_t n = e->refinement.n_tiles, tile = e->first_tile + i, band = e->first_band + tile / n;
    const size_t row = frame_band_first(&e->g, band), h = frame_band_rows(&e->g, band);
    const size_t at = (row - e->first_row) * e->g.w * e->model->m;
    size_t first, last;
    frame_band_pixels(&e->g, band, &first, &last);
    const refinement_band work = {
        .rows = &e->rows, .top = e->top, .first_pixel = first, .n_pixels = last - first, .h = h, .goes_on_above = band > 0,
        .goes_on_below = band + 1 < e->g.n_bands, .y_hat = reconstruction_row(&e->rec, row),
        .idle = coded_of(e, band)->has_planned ? coded_of(e, band)->planned : NULL, .price_slope = e->price_slope + at,
        .target = e->target + at, .pace = refinement_pace(e->round, e->n_rounds),
    };
    stage_clock *clock = e->clocks ? &e->clocks[worker] : NULL;
    stage_enter(clock, STAGE_ANALYSIS);
    refinement_run(&e->refinement, &work, tile % n, worker);
    stage_enter(clock, STAGE_NONE);
}

/* A tile a thread between two calls of a progress callback. */
static ghm_status refine_bands(ghm_encoder *e)
{
    const size_t n = (e->last_band - e->first_band) * e->refinement.n_tiles;
    const size_t rows = frame_band_first(&e->g, e->last_band) - e->first_row;
    const size_t together = e->settings.progress ? (size_t)e->n_threads : n;
    for (e->first_tile = 0; e->first_tile < n; e->first_tile += together) {
        const size_t n_now = smaller(together, n - e->first_tile);
        thread_pool_run(e->pool, n_now, refine_tile, e);
        e->refined_rows += (double)rows * (double)n_now / (double)n;
        GHM_TRY(tell_progress(e));
    }
    return GHM_OK;
}

/* y of the whole group is there. */
static ghm_status encode_group(ghm_encoder *e)
{
    for (e->round = 0; e->round < e->n_rounds; e->round++) {
        GHM_TRY(encode_bands(e));
        GHM_TRY(refine_bands(e));
    }
    GHM_TRY(encode_bands(e));
    e->coded_rows = frame_band_first(&e->g, e->last_band);
    GHM_TRY(make_pixels(e));
    GHM_TRY(write_out(e));
    begin_group(e, e->last_band);
    return GHM_OK;
}

/* ---------------------------------------------------------------------------------------------- rows */

/* The alpha of rows of y that have been analysed, to where decoded rows get theirs from. */
static void take_alpha(ghm_encoder *e, size_t first, size_t last)
{
    const ghm_image to = reconstruction_alpha(&e->rec, first, last - first);
    const uint8_t *from = e->rows.planes[3] + (first * MODEL_Y_STRIDE - e->top) * e->rows.row_stride;
    for (size_t i = 0; i < to.height; i++)
        colour_copy_samples(e->g.format.bit_depth, from + i * e->rows.row_stride, e->rows.pixel_stride,
                            to.planes[3] + i * to.row_stride, to.pixel_stride, to.width);
}

/* Analyse as many rows as the pixels at hand allow, and encode the groups they complete. */
static ghm_status advance(ghm_encoder *e)
{
    const size_t halo = analysis_halo(e->model);
    while (e->analysed < e->g.h) {
        const size_t end = frame_band_first(&e->g, e->last_band), slab_end = e->analysed + e->slab_rows;
        e->run_first = e->analysed;
        e->run_last = slab_end < end ? slab_end : end;
        const size_t needed = (e->run_last + halo) * MODEL_Y_STRIDE;
        if (e->received < needed && e->received < e->g.height)
            return GHM_OK;
        if (!e->settings.lossless) /* y stays zero, and costs next to nothing */
            thread_pool_run(e->pool, frame_strips_of_run(&e->strips, e->run_last - e->run_first), analyse_strip, e);
        if (has_alpha(e))
            take_alpha(e, e->run_first, e->run_last);
        e->analysed = e->run_last;
        GHM_TRY(tell_progress(e));
        if (e->analysed == end)
            GHM_TRY(encode_group(e));
    }
    return GHM_OK;
}

/* Make room in the window: rows above the halo of what is analysed next are not needed any more once a decoder's are made. */
static void drop_rows(ghm_encoder *e)
{
    const size_t halo = analysis_halo(e->model), analysed = e->analysed > halo ? e->analysed - halo : 0;
    const size_t wanted = (analysed < e->rec.done ? analysed : e->rec.done) * MODEL_Y_STRIDE;
    const size_t top = wanted < e->received ? wanted : e->received; /* the last row of y reaches beyond the picture */
    if (top <= e->top)
        return;
    memmove(e->window, e->window + (top - e->top) * e->rows.row_stride, (e->received - top) * e->rows.row_stride);
    e->top = top;
}

/* Every sample has the bits it is said to have: all that follows relies on it. */
static bool samples_fit(const ghm_image *rows)
{
    unsigned all = 0;
    if (rows->bit_depth <= 8 || rows->bit_depth == 16)
        return true;
    for (size_t c = 0; c < 4; c++)
        for (size_t y = 0; rows->planes[c] && y < rows->height; y++)
            for (size_t x = 0; x < rows->width; x++)
                all |= sample_load(rows->bit_depth, rows->planes[c] + y * rows->row_stride + x * rows->pixel_stride);
    return all >> rows->bit_depth == 0;
}

static ghm_status check_rows(ghm_encoder *e, const ghm_image *rows)
{
    const pixel_format kind = colour_format_of(rows);
    if (rows->width != e->g.width || kind.components != e->g.format.components || kind.bit_depth != e->g.format.bit_depth)
        return ghm_fail(&e->diag, GHM_ERR_ARGUMENT, "rows of width %u, %d components and %u bits are not those of the picture",
                        rows->width, (int)kind.components, kind.bit_depth);
    if (rows->height > e->g.height - e->received)
        return ghm_fail(&e->diag, GHM_ERR_ARGUMENT, "%u more rows are pushed than the picture's %u", rows->height,
                        (unsigned)e->g.height);
    if (!samples_fit(rows))
        return ghm_fail(&e->diag, GHM_ERR_ARGUMENT, "the picture has samples of more than %u bits", rows->bit_depth);
    return GHM_OK;
}

static ghm_status take_rows(ghm_encoder *e, const ghm_image *rows)
{
    GHM_TRY(check_rows(e, rows));
    for (size_t i = 0; i < rows->height;) {
        for (; i < rows->height && e->received - e->top < e->window_rows; i++, e->received++)
            colour_copy_row(e->g.format, rows, i, e->window + (e->received - e->top) * e->rows.row_stride);
        GHM_TRY(advance(e));
        drop_rows(e);
    }
    return GHM_OK;
}

static ghm_status complete_stream(ghm_encoder *e)
{
    if (e->received < e->g.height)
        return ghm_fail(&e->diag, GHM_ERR_ARGUMENT, "%zu of %zu rows have been pushed", e->received, e->g.height);
    if (e->hash) {
        uint8_t hash[PICTURE_HASH_BYTES];
        picture_hash_result(e->hash, hash);
        bitstream_write_chunk(&e->out, CHUNK_PICTURE_HASH, hash, sizeof hash);
    }
    if (e->settings.statistics)
        *e->settings.statistics = stage_clocks_sum(e->clocks, e->n_threads);
    e->finished = true;
    return write_out(e);
}

/* ---------------------------------------------------------------------------------------------- entry points */

/* What went wrong while there was a handle to hold the reason. */
static ghm_status pass_on(const ghm_encoder *e, ghm_status status, ghm_diagnostics *diag)
{
    return status == GHM_OK ? GHM_OK : ghm_fail(diag, status, "%s", e->diag.text);
}

ghm_status ghm_encoder_open(const ghm_model *model, const ghm_encode_settings *settings, const ghm_image *format,
                            ghm_write_callback write, void *user, ghm_encoder **encoder, ghm_diagnostics *diag)
{
    *encoder = NULL;
    if (!write)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "there is no function to write the stream");
    GHM_TRY(make_encoder(model, settings, format, encoder, diag));
    (*encoder)->write = write;
    (*encoder)->write_user = user;
    const ghm_status status = pass_on(*encoder, open_stream(*encoder, true), diag);
    (*encoder)->settings.metadata = NULL;
    (*encoder)->settings.origin = NULL;
    if (status != GHM_OK)
        ghm_encoder_close(encoder);
    return status;
}

ghm_status ghm_encoder_push(ghm_encoder *e, const ghm_image *rows)
{
    if (e->status == GHM_OK)
        e->status = take_rows(e, rows);
    return e->status;
}

ghm_status ghm_encoder_finish(ghm_encoder *e)
{
    if (e->status == GHM_OK && !e->finished)
        e->status = complete_stream(e);
    return e->status;
}

const ghm_diagnostics *ghm_encoder_diagnostics(const ghm_encoder *e)
{
    return &e->diag;
}

static ghm_status encode_whole(ghm_encoder *e, const ghm_image *image)
{
    GHM_TRY(check_rows(e, image));
    GHM_TRY(open_stream(e, false));
    e->rows = *image;
    e->received = image->height;
    GHM_TRY(advance(e));
    return complete_stream(e);
}

ghm_status ghm_encode_image(const ghm_model *model, const ghm_encode_settings *settings, const ghm_image *image,
                            ghm_buffer *out, ghm_diagnostics *diag)
{
    ghm_encoder *e;
    GHM_TRY(make_encoder(model, settings, image, &e, diag));
    e->out.source = NULL; /* the stream is handed over, and released with free() */
    const ghm_status status = pass_on(e, encode_whole(e, image), diag);
    if (status == GHM_OK) {
        *out = (ghm_buffer){ e->out.data, e->out.size };
        e->out = (bytes_writer){ 0 };
    }
    ghm_encoder_close(&e);
    return status;
}
