/* decoder.c - ghm_decode_image() and ghm_stream_get_info(). */
#include <stdlib.h>
#include <string.h>

#include "alpha.h"
#include "base/status.h"
#include "bitstream.h"
#include "frame.h"
#include "latent_codec.h"
#include "picture_hash.h"

enum { DEFAULT_MAX_PIXELS = 1 << 28, MAX_THREADS = 256 };

void ghm_decode_settings_default(ghm_decode_settings *settings)
{
    *settings = (ghm_decode_settings){ .max_pixels = DEFAULT_MAX_PIXELS };
}

/* ---------------------------------------------------------------------------------------------- information */

static uint64_t load_le64(const uint8_t *p)
{
    bytes_reader r = bytes_reader_make(p, 8);
    return bytes_u64(&r);
}

ghm_status ghm_stream_get_info(const uint8_t *data, size_t size, ghm_stream_info *info, ghm_diagnostics *diag)
{
    stream_index index;
    ghm_diagnostics reason = { "" };
    const ghm_status status = bitstream_index(data, size, &index, &reason);
    if (status != GHM_OK && !(status == GHM_ERR_TRUNCATED && index.has_header))
        return ghm_fail(diag, status, "%s", reason.text);

    const stream_header *header = &index.header;
    *info = (ghm_stream_info){
        .format_version = BITSTREAM_VERSION, .width = header->width, .height = header->height,
        .quality = 100.0 * header->quality / header->anchors, .model_id = header->model_id,
        .n_bands = (unsigned)stream_n_bands(header), .has_picture_hash = header->has_picture_hash,
        .header_bytes = size, .complete = status == GHM_OK,
        .components = header->format.components, .bit_depth = header->format.bit_depth,
    };
    for (size_t band = 0; band < index.n_bands_found; band++) {
        info->header_bytes -= index.bands[band].size;
        if (components_have_alpha(header->format.components))
            info->alpha_bytes += index.alpha[band].size;
    }
    info->header_bytes -= info->alpha_bytes;
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        info->metadata_bytes[kind] = index.metadata[kind].payload ? index.metadata[kind].size : 0;
    if (index.picture_hash) {
        info->picture_hash[0] = load_le64(index.picture_hash);
        info->picture_hash[1] = load_le64(index.picture_hash + 8);
    }
    return GHM_OK;
}

/* ---------------------------------------------------------------------------------------------- decoding */

typedef struct decode_job {
    const ghm_model *model;
    const ghm_decode_settings *settings;
    ghm_diagnostics *diag;
    stream_index index;
    frame_geometry g;
    arena memory;
    quality_tables quality;
    thread_pool *pool;
    latent_codec *codecs; /* one a thread */
    stage_clock *clocks;  /* one a thread, when the caller wants statistics */
    int n_codecs;
    reconstruction rec;
    picture_hash *hash;
    ghm_image image;
    /* the group at work */
    size_t first_band;
    ghm_status *band_status;
    ghm_diagnostics *band_diag;
} decode_job;

static ghm_status check_header(const decode_job *job)
{
    const stream_header *header = &job->index.header;
    if (header->model_id != job->model->id)
        return ghm_fail(job->diag, GHM_ERR_MODEL_MISMATCH,
                        "the stream was made with weights %016llx, these are %016llx (%s)",
                        (unsigned long long)header->model_id, (unsigned long long)job->model->id, job->model->name);
    if (header->anchors != quality_max(job->model))
        return ghm_fail(job->diag, GHM_ERR_BITSTREAM, "the header's quality range is not that of its weights");
    if ((uint64_t)header->width * header->height > job->settings->max_pixels)
        return ghm_fail(job->diag, GHM_ERR_LIMIT, "the picture has %ux%u pixels, more than the limit of %llu",
                        header->width, header->height, (unsigned long long)job->settings->max_pixels);
    return GHM_OK;
}

static ghm_status open_job(decode_job *job, int n_threads)
{
    job->g = frame_geometry_make(job->model, &job->index.header, n_threads);
    job->band_status = arena_alloc(&job->memory, job->g.group, sizeof *job->band_status);
    job->band_diag = arena_alloc(&job->memory, job->g.group, sizeof *job->band_diag);
    job->codecs = arena_alloc(&job->memory, (size_t)n_threads, sizeof *job->codecs);
    if (job->settings->statistics)
        job->clocks = arena_alloc(&job->memory, (size_t)n_threads, sizeof *job->clocks);
    if (job->memory.failed_bytes)
        return ghm_fail_memory(job->diag, job->memory.failed_bytes);
    GHM_TRY(quality_tables_init(&job->quality, job->model, job->index.header.quality, &job->memory, job->diag));
    job->pool = thread_pool_open(n_threads);
    if (!job->pool)
        return ghm_fail(job->diag, GHM_ERR_MEMORY, "%d threads could not be started", n_threads);
    GHM_TRY(reconstruction_init(&job->rec, job->model, &job->quality, &job->g, job->pool, job->diag));
    job->rec.clocks = job->clocks;
    while (job->n_codecs < n_threads) {
        const int worker = job->n_codecs++;
        latent_codec *codec = &job->codecs[worker];
        GHM_TRY(latent_codec_init(codec, job->model, &job->quality, job->g.band_h < job->g.h ? job->g.band_h : job->g.h,
                                  job->g.w, false, job->diag));
        codec->clock = job->clocks ? &job->clocks[worker] : NULL;
    }
    job->hash = picture_hash_open(job->g.format, job->index.header.width, job->index.header.height);
    if (!job->hash)
        return ghm_fail_memory(job->diag, 576);
    return ghm_image_alloc_as(job->index.header.width, job->index.header.height, job->g.format.components,
                              job->g.format.bit_depth, &job->image, job->diag);
}

static void close_job(decode_job *job)
{
    for (int i = 0; i < job->n_codecs; i++)
        latent_codec_free(&job->codecs[i]);
    reconstruction_free(&job->rec);
    picture_hash_close(job->hash);
    thread_pool_close(job->pool);
    ghm_image_free(&job->image);
    arena_free(&job->memory);
}

/* Alpha goes to its place in the picture at once; the colours beside it come with the group. */
static ghm_status decode_band_alpha(decode_job *job, size_t band, ghm_diagnostics *diag)
{
    size_t first, last;
    frame_band_pixels(&job->g, band, &first, &last);
    ghm_image rows = job->image;
    rows.planes[3] += first * rows.row_stride;
    return alpha_decode(job->index.alpha[band].payload, job->index.alpha[band].size, &rows, last - first, diag);
}

static void decode_band(void *user, size_t i, int worker)
{
    decode_job *job = user;
    const size_t band = job->first_band + i;
    job->band_diag[i].text[0] = '\0';
    const stream_chunk *chunk = &job->index.bands[band];
    job->band_status[i] = latent_codec_decode(&job->codecs[worker], chunk->payload, chunk->size,
                                              frame_band_rows(&job->g, band),
                                              reconstruction_row(&job->rec, frame_band_first(&job->g, band)),
                                              &job->band_diag[i]);
    if (job->band_status[i] == GHM_OK && components_have_alpha(job->g.format.components))
        job->band_status[i] = decode_band_alpha(job, band, &job->band_diag[i]);
}

/* Bands first..last-1, and the pixels they allow. */
static ghm_status decode_group(decode_job *job, size_t first, size_t last)
{
    job->first_band = first;
    reconstruction_extend(&job->rec, first, last);
    thread_pool_run(job->pool, last - first, decode_band, job);
    for (size_t i = 0; i < last - first; i++)
        if (job->band_status[i] != GHM_OK)
            return ghm_fail(job->diag, job->band_status[i], "band %zu: %s", first + i, job->band_diag[i].text);

    size_t first_row, last_row;
    reconstruction_range(&job->rec, &first_row, &last_row);
    uint8_t *pixels = job->image.planes[0] + first_row * job->image.row_stride;
    reconstruction_run(&job->rec, pixels, job->image.row_stride);
    if (job->index.picture_hash && !job->settings->ignore_picture_hash)
        picture_hash_rows(job->hash, pixels, job->image.row_stride, last_row - first_row);
    return GHM_OK;
}

static ghm_status check_picture_hash(const decode_job *job)
{
    uint8_t computed[PICTURE_HASH_BYTES];
    if (!job->index.picture_hash || job->settings->ignore_picture_hash)
        return GHM_OK;
    picture_hash_result(job->hash, computed);
    if (memcmp(job->index.picture_hash, computed, sizeof computed) != 0)
        return ghm_fail(job->diag, GHM_ERR_CHECKSUM, "the decoded picture is not the one its encoder saw");
    return GHM_OK;
}

static ghm_status run_job(decode_job *job, const uint8_t *data, size_t size)
{
    const ghm_decode_settings *settings = job->settings;
    GHM_TRY(bitstream_index(data, size, &job->index, job->diag));
    GHM_TRY(check_header(job));
    GHM_TRY(open_job(job, frame_n_threads(&job->index.header, settings->threads > 0 ? settings->threads : threads_available())));
    for (size_t band = 0; band < job->g.n_bands; band += job->g.group) {
        const size_t last = band + job->g.group;
        GHM_TRY(decode_group(job, band, last < job->g.n_bands ? last : job->g.n_bands));
        if (settings->progress && settings->progress(settings->progress_user, (double)job->rec.done / (double)job->g.h))
            return ghm_fail(job->diag, GHM_ERR_CANCELLED, "cancelled");
    }
    return check_picture_hash(job);
}

ghm_status ghm_decode_image(const ghm_model *model, const ghm_decode_settings *settings, const uint8_t *data,
                            size_t size, ghm_image *out, ghm_diagnostics *diag)
{
    ghm_decode_settings defaults;
    ghm_decode_settings_default(&defaults);
    if (!settings)
        settings = &defaults;
    if (settings->threads < 0 || settings->threads > MAX_THREADS)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "%d threads are outside 0..%d", settings->threads, MAX_THREADS);
    decode_job job = { .model = model, .settings = settings, .diag = diag };
    const ghm_status status = run_job(&job, data, size);
    if (status == GHM_OK) {
        *out = job.image;
        job.image = (ghm_image){ 0 };
        if (settings->statistics)
            *settings->statistics = stage_clocks_sum(job.clocks, job.n_codecs);
    }
    close_job(&job);
    return status;
}
