/* encoder.c - ghm_encode_image(): a picture from end to end, group of bands by group of bands. */
#include <math.h>
#include <stdlib.h>

#include "alpha.h"
#include "base/status.h"
#include "bitstream.h"
#include "frame.h"
#include "latent_codec.h"
#include "metadata.h"
#include "picture_hash.h"

enum {
    BAND_Z_ROWS = 8,     /* 512 pixels: a higher band gains little, a lower one costs rate at its borders */
    MAX_THREADS = 256
};

void ghm_encode_settings_default(ghm_encode_settings *settings)
{
    *settings = (ghm_encode_settings){ .quality = 60, .picture_hash = 1 };
}

void ghm_buffer_free(ghm_buffer *buffer)
{
    free(buffer->data);
    *buffer = (ghm_buffer){ 0 };
}

typedef struct encode_job {
    const ghm_model *model;
    const ghm_encode_settings *settings;
    const ghm_image *image;
    ghm_diagnostics *diag;
    stream_header header;
    frame_geometry g;
    arena memory;
    quality_tables quality;
    thread_pool *pool;
    int n_threads, n_codecs;
    analysis *analyses;   /* one a thread */
    latent_codec *codecs;
    stage_clock *clocks;  /* one a thread, when the caller wants statistics */
    reconstruction rec;
    picture_hash *hash;
    uint8_t *decoded;     /* the decoded rows of one group, for the hash */
    float *y;             /* of one group, (group * band_h, w, M) */
    bytes_writer out;
    /* the group at work */
    size_t first_band, first_row, n_rows;
    bytes_writer *payloads, *alpha_payloads;
    ghm_status *band_status;
    ghm_diagnostics *band_diag;
} encode_job;

static ghm_status check_arguments(const ghm_encode_settings *settings, const ghm_image *image, ghm_diagnostics *diag)
{
    if (!(settings->quality >= 0 && settings->quality <= 100))
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "quality %g is outside 0..100", settings->quality);
    if (settings->threads < 0 || settings->threads > MAX_THREADS)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "%d threads are outside 0..%d", settings->threads, MAX_THREADS);
    if (image->width == 0 || image->height == 0 || image->width > BITSTREAM_MAX_SIDE || image->height > BITSTREAM_MAX_SIDE)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "a picture of %ux%u pixels is outside 1..%d a side", image->width,
                        image->height, BITSTREAM_MAX_SIDE);
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

static ghm_status open_job(encode_job *job)
{
    const frame_geometry *g = &job->g;
    arena *memory = &job->memory;
    const size_t group_rows = g->group * g->band_h < g->h ? g->group * g->band_h : g->h;

    GHM_TRY(quality_tables_init(&job->quality, job->model, job->header.quality, memory, job->diag));
    job->analyses = arena_alloc(memory, (size_t)job->n_threads, sizeof *job->analyses);
    job->codecs = arena_alloc(memory, (size_t)job->n_threads, sizeof *job->codecs);
    job->payloads = arena_alloc(memory, g->group, sizeof *job->payloads);
    job->alpha_payloads = arena_alloc(memory, g->group, sizeof *job->alpha_payloads);
    job->band_status = arena_alloc(memory, g->group, sizeof *job->band_status);
    job->band_diag = arena_alloc(memory, g->group, sizeof *job->band_diag);
    if (job->settings->statistics)
        job->clocks = arena_alloc(memory, (size_t)job->n_threads, sizeof *job->clocks);
    job->y = arena_alloc(memory, group_rows * g->w * job->model->m, sizeof *job->y);
    if (job->settings->picture_hash)
        job->decoded = arena_alloc(memory, reconstruction_max_rows(g) * g->width, pixel_bytes(g->format));
    for (int i = 0; job->analyses && i < job->n_threads; i++)
        analysis_init(&job->analyses[i], job->model, job->quality.gain_e8, job->image, memory);
    if (memory->failed_bytes)
        return ghm_fail_memory(job->diag, memory->failed_bytes);

    job->pool = thread_pool_open(job->n_threads);
    if (!job->pool)
        return ghm_fail(job->diag, GHM_ERR_MEMORY, "%d threads could not be started", job->n_threads);
    GHM_TRY(reconstruction_init(&job->rec, job->model, &job->quality, g, job->pool, job->diag));
    job->rec.clocks = job->clocks;
    while (job->n_codecs < job->n_threads) {
        const int worker = job->n_codecs++;
        latent_codec *codec = &job->codecs[worker];
        GHM_TRY(latent_codec_init(codec, job->model, &job->quality, g->band_h < g->h ? g->band_h : g->h, g->w, true,
                                  job->diag));
        codec->clock = job->clocks ? &job->clocks[worker] : NULL;
    }
    job->hash = picture_hash_open(job->header.format, job->header.width, job->header.height);
    return job->hash ? GHM_OK : ghm_fail_memory(job->diag, 576);
}

static void close_job(encode_job *job)
{
    for (int i = 0; i < job->n_codecs; i++)
        latent_codec_free(&job->codecs[i]);
    for (size_t i = 0; job->payloads && i < job->g.group; i++)
        free(job->payloads[i].data);
    for (size_t i = 0; job->alpha_payloads && i < job->g.group; i++)
        free(job->alpha_payloads[i].data);
    reconstruction_free(&job->rec);
    picture_hash_close(job->hash);
    thread_pool_close(job->pool);
    arena_free(&job->memory);
    free(job->out.data);
}

static void analyse_strip(void *user, size_t i, int worker)
{
    encode_job *job = user;
    const size_t n = frame_n_strips(job->n_rows, job->n_threads), first = job->n_rows * i / n, last = job->n_rows * (i + 1) / n;
    stage_clock *clock = job->clocks ? &job->clocks[worker] : NULL;
    stage_enter(clock, STAGE_ANALYSIS);
    analysis_run(&job->analyses[worker], job->first_row + first, job->first_row + last,
                 job->y + first * job->g.w * job->model->m);
    stage_enter(clock, STAGE_NONE);
}

static ghm_status encode_band_alpha(encode_job *job, size_t i)
{
    size_t first, last;
    frame_band_pixels(&job->g, job->first_band + i, &first, &last);
    job->alpha_payloads[i].size = 0;
    return alpha_encode(job->image, first, last - first, &job->alpha_payloads[i], &job->band_diag[i]);
}

static void encode_band(void *user, size_t i, int worker)
{
    encode_job *job = user;
    const size_t row = frame_band_first(&job->g, job->first_band + i);
    job->payloads[i].size = 0;
    job->band_status[i] = latent_codec_encode(&job->codecs[worker], job->y + (row - job->first_row) * job->g.w * job->model->m,
                                              frame_band_rows(&job->g, job->first_band + i),
                                              reconstruction_row(&job->rec, row), &job->payloads[i], &job->band_diag[i]);
    if (job->band_status[i] == GHM_OK && components_have_alpha(job->header.format.components))
        job->band_status[i] = encode_band_alpha(job, i);
}

/* The encoder decodes what it wrote, with the decoder's own functions, to tell the hash of the picture. */
static void hash_group(encode_job *job)
{
    size_t first, last;
    reconstruction_range(&job->rec, &first, &last);
    const size_t row_bytes = pixel_bytes(job->g.format) * job->g.width;
    reconstruction_run(&job->rec, job->decoded, row_bytes);
    if (components_have_alpha(job->g.format.components))
        for (size_t y = first; y < last; y++)
            colour_copy_alpha_row(job->image, y, job->decoded + (y - first) * row_bytes);
    picture_hash_rows(job->hash, job->decoded, row_bytes, last - first);
}

static ghm_status encode_group(encode_job *job, size_t first, size_t last)
{
    job->first_band = first;
    job->first_row = frame_band_first(&job->g, first);
    job->n_rows = frame_band_first(&job->g, last) - job->first_row;
    thread_pool_run(job->pool, frame_n_strips(job->n_rows, job->n_threads), analyse_strip, job);
    reconstruction_extend(&job->rec, first, last);
    thread_pool_run(job->pool, last - first, encode_band, job);
    for (size_t i = 0; i < last - first; i++) {
        if (job->band_status[i] != GHM_OK)
            return ghm_fail(job->diag, job->band_status[i], "%s", job->band_diag[i].text);
        bitstream_write_chunk(&job->out, CHUNK_BAND, job->payloads[i].data, job->payloads[i].size);
        if (components_have_alpha(job->header.format.components))
            bitstream_write_chunk(&job->out, CHUNK_ALPHA, job->alpha_payloads[i].data, job->alpha_payloads[i].size);
    }
    if (job->settings->picture_hash)
        hash_group(job);
    return GHM_OK;
}

static ghm_status run_job(encode_job *job)
{
    const ghm_encode_settings *settings = job->settings;
    GHM_TRY(open_job(job));
    bitstream_write_header(&job->out, &job->header);
    GHM_TRY(metadata_write_chunks(settings->metadata, &job->out, job->diag));
    for (size_t band = 0; band < job->g.n_bands; band += job->g.group) {
        const size_t last = band + job->g.group < job->g.n_bands ? band + job->g.group : job->g.n_bands;
        GHM_TRY(encode_group(job, band, last));
        if (settings->progress && settings->progress(settings->progress_user, (double)last / (double)job->g.n_bands))
            return ghm_fail(job->diag, GHM_ERR_CANCELLED, "cancelled");
    }
    if (settings->picture_hash) {
        uint8_t hash[PICTURE_HASH_BYTES];
        picture_hash_result(job->hash, hash);
        bitstream_write_chunk(&job->out, CHUNK_PICTURE_HASH, hash, sizeof hash);
    }
    return job->out.failed ? ghm_fail_memory(job->diag, job->out.capacity) : GHM_OK;
}

ghm_status ghm_encode_image(const ghm_model *model, const ghm_encode_settings *settings, const ghm_image *image,
                            ghm_buffer *out, ghm_diagnostics *diag)
{
    ghm_encode_settings defaults;
    ghm_encode_settings_default(&defaults);
    if (!settings)
        settings = &defaults;
    GHM_TRY(check_arguments(settings, image, diag));
    encode_job job = {
        .model = model, .settings = settings, .image = image, .diag = diag,
        .header = {
            .width = image->width, .height = image->height, .format = colour_format_of(image), .quality = quality_from_user(model, settings->quality),
            .anchors = quality_max(model), .band_rows = band_rows(image->height),
            .has_picture_hash = settings->picture_hash != 0, .model_id = model->id,
        },
    };
    job.n_threads = frame_n_threads(&job.header, settings->threads > 0 ? settings->threads : threads_available());
    job.g = frame_geometry_make(model, &job.header, job.n_threads);
    const ghm_status status = run_job(&job);
    if (status == GHM_OK) {
        *out = (ghm_buffer){ job.out.data, job.out.size };
        job.out = (bytes_writer){ 0 };
        if (settings->statistics)
            *settings->statistics = stage_clocks_sum(job.clocks, job.n_threads);
    }
    close_job(&job);
    return status;
}
