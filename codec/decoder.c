/* decoder.c - streams to pixels: bytes are indexed as they arrive, bands decoded group by group, rows delivered slab by slab. With
 * several threads a group is decoded while pixels of the one before are made. ghm_decode_image() is the same with all bytes at
 * once and the picture in place of slabs. */
#include <stdlib.h>
#include <string.h>

#include "alpha.h"
#include "base/status.h"
#include "bitstream.h"
#include "decoder.h"
#include "direct_decoder.h"
#include "downscale.h"
#include "frame.h"
#include "latent_codec.h"
#include "metadata.h"
#include "picture_hash.h"

enum {
    DEFAULT_MAX_PIXELS = 1 << 28,
    PIECE_BYTES = 1 << 18 /* of pushed bytes, looked at together */
};

void ghm_decode_settings_default(ghm_decode_settings *settings)
{
    *settings = (ghm_decode_settings){ .max_pixels = DEFAULT_MAX_PIXELS, .scale = 1 };
}

/* ---------------------------------------------------------------------------------------------- decoding */

struct ghm_decoder {
    const ghm_model *model;
    ghm_decode_settings settings;
    ghm_rows_callback rows;
    void *rows_user;
    memory_source memory;
    ghm_status status; /* what ended it */
    ghm_diagnostics diag;

    /* the stream */
    stream_index index;
    const uint8_t *data;  /* bytes base .. base + size - 1 of it */
    size_t size;
    uint64_t base;
    bytes_writer pending; /* holds data, unless they are the caller's */
    bytes_writer metadata[GHM_N_METADATA_KINDS]; /* the payloads, when data do not stay */
    bool complete;        /* the index has the last chunk */
    ghm_status damage;    /* behind the header: why the rest of the stream is not read */
    ghm_diagnostics damage_diag;
    ghm_status band_damage; /* partial: of the first band that is missing. The stream is read on behind it */
    ghm_diagnostics band_damage_diag;

    /* what the header decides */
    bool planned;
    frame_geometry g;
    frame_window window;
    size_t first_band, end_band; /* needed for the window */
    int n_threads;

    /* working memory */
    arena arena;
    quality_tables quality;
    thread_pool *pool;
    latent_codec *codecs; /* one a thread */
    stage_clock *clocks;  /* one a thread, when the caller wants statistics */
    int n_codecs;
    reconstruction rec;
    picture_hash *hash;   /* NULL: nothing to compare */
    uint8_t *slab;        /* rows of pixels at full size */
    size_t pixel_rows;    /* of y, at most made into pixels together */
    downscale downscale;
    uint8_t *row;         /* of the result, when it is smaller */
    ghm_image image;      /* of ghm_decode_image(): the result */

    /* the group at work */
    size_t next_band, group_band;
    ghm_status *band_status;
    ghm_diagnostics *band_diag;
    bool missing[BITSTREAM_MAX_BANDS];
    stream_chunk cut;     /* partial: of band n_bands_found, in which the stream ends; payload NULL: nothing */
    bool has_cut;         /* and it was enough for a picture */
    direct_blocks direct[BITSTREAM_MAX_BANDS]; /* of bands whose pixels are not all made */
    size_t first_direct;  /* those before it are released */
    ghm_decode_report report;
};

/* Zeroed, so that ghm_decoder_close() can release it at any time. */
static ghm_status make_decoder(const ghm_model *model, const ghm_decode_settings *settings, ghm_decoder **decoder,
                               ghm_diagnostics *diag)
{
    ghm_decode_settings chosen;
    memory_source source;
    ghm_decode_settings_default(&chosen);
    if (settings)
        chosen = *settings;
    if (chosen.scale == 0)
        chosen.scale = 1;
    if (chosen.threads < 0 || chosen.threads > GHM_MAX_THREADS)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "%d threads are outside 0..%d", chosen.threads, GHM_MAX_THREADS);
    if (chosen.scale > 16 || (chosen.scale & (chosen.scale - 1)) != 0)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "scale %u is none of 1, 2, 4, 8 and 16", chosen.scale);
    memory_source_init(&source, &chosen.allocator, chosen.max_memory);
    ghm_decoder *d = memory_allocate(&source, sizeof *d);
    if (!d)
        return memory_fail(&source, sizeof *d, diag);
    d->model = model;
    d->settings = chosen;
    d->index.tolerant = chosen.partial;
    d->memory = source; /* which has counted *d */
    d->arena.source = d->pending.source = &d->memory;
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        d->metadata[kind].source = &d->memory;
    *decoder = d;
    return GHM_OK;
}

void ghm_decoder_close(ghm_decoder **decoder)
{
    ghm_decoder *d = *decoder;
    *decoder = NULL;
    if (!d)
        return;
    for (int i = 0; i < d->n_codecs; i++)
        latent_codec_free(&d->codecs[i]);
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        bytes_release(&d->metadata[kind]);
    bytes_release(&d->pending);
    for (size_t band = 0; band < d->next_band; band++)
        direct_blocks_free(&d->direct[band]);
    reconstruction_free(&d->rec);
    picture_hash_close(d->hash);
    thread_pool_close(d->pool);
    ghm_image_free(&d->image);
    arena_free(&d->arena);
    memory_source source = d->memory;
    memory_release(&source, d, sizeof *d);
}

/* ---------------------------------------------------------------------------------------------- opening */

static ghm_status check_header(ghm_decoder *d)
{
    const stream_header *header = &d->index.header;
    if (header->model_id != d->model->id)
        return ghm_fail(&d->diag, GHM_ERR_MODEL_MISMATCH,
                        "the stream was made with weights %016llx, these are %016llx (%s)",
                        (unsigned long long)header->model_id, (unsigned long long)d->model->id, d->model->name);
    if (header->anchors != quality_max(d->model))
        return ghm_fail(&d->diag, GHM_ERR_BITSTREAM, "the header's quality range is not that of its weights");
    if ((uint64_t)header->width * header->height > d->settings.max_pixels)
        return ghm_fail(&d->diag, GHM_ERR_LIMIT, "the picture has %ux%u pixels, more than the limit of %llu",
                        header->width, header->height, (unsigned long long)d->settings.max_pixels);
    return GHM_OK;
}

static ghm_status choose_window(ghm_decoder *d)
{
    const ghm_region *r = &d->settings.region;
    const uint32_t width = d->index.header.width, height = d->index.header.height;
    if (r->width == 0) {
        d->window = (frame_window){ 0, 0, width, height };
        return GHM_OK;
    }
    if (r->height == 0 || r->x >= width || r->width > width - r->x || r->y >= height || r->height > height - r->y)
        return ghm_fail(&d->diag, GHM_ERR_ARGUMENT, "the region of %ux%u pixels at (%u, %u) is not inside the picture of %ux%u",
                        r->width, r->height, r->x, r->y, width, height);
    d->window = (frame_window){ r->x, r->y, r->width, r->height };
    return GHM_OK;
}

static bool is_whole(const ghm_decoder *d)
{
    return d->window.width == d->g.width && d->window.height == d->g.height;
}

/* The result, without samples. */
static ghm_image result_format(const ghm_decoder *d)
{
    static uint8_t somewhere[16]; /* planes that are there are not NULL */
    const size_t width = downscale_size(d->window.width, d->settings.scale);
    return colour_interleaved(d->g.format, (uint32_t)width, (uint32_t)downscale_size(d->window.height, d->settings.scale),
                              somewhere, width * pixel_bytes(d->g.format));
}

static bool is_preview(const ghm_decoder *d)
{
    return d->settings.scale >= GHM_PREVIEW_SCALE;
}

/* Everything that the header decides. */
static ghm_status plan(ghm_decoder *d)
{
    const int threads = d->settings.threads > 0 ? d->settings.threads : threads_available();
    GHM_TRY(check_header(d));
    GHM_TRY(choose_window(d));
    d->n_threads = frame_n_threads(&d->index.header, threads);
    d->g = frame_geometry_make(d->model, &d->index.header, !is_preview(d), d->n_threads, d->settings.max_memory);
    frame_bands_needed(&d->g, &d->window, &d->first_band, &d->end_band);
    frame_geometry_overlap(&d->g, d->model, d->end_band - d->first_band, d->n_threads, d->settings.max_memory);
    d->next_band = d->first_band;
    d->report.n_bands = (unsigned)(d->end_band - d->first_band);
    d->planned = true;
    return GHM_OK;
}

/* Rows of pixels go to a slab, unless they go to the whole picture of ghm_decode_image(). */
static void allocate_rows(ghm_decoder *d, bool whole_picture)
{
    const size_t pixel = pixel_bytes(d->g.format), scale = d->settings.scale;
    if (scale > 1) {
        d->row = arena_alloc(&d->arena, downscale_size(d->window.width, scale), pixel);
        downscale_init(&d->downscale, d->g.format, scale, d->window.width, d->window.height, &d->arena);
    }
    if (scale > 1 || !whole_picture)
        d->slab = arena_alloc(&d->arena, d->g.slab * MODEL_Y_STRIDE * d->window.width, pixel);
    d->pixel_rows = d->slab ? d->g.slab : d->g.h;
    if (d->settings.progress) {
        const size_t rows = frame_rows_between_calls(&d->g, model_synthesis_kmac(d->model, d->g.filtered), d->n_threads);
        d->pixel_rows = rows < d->pixel_rows ? rows : d->pixel_rows;
    }
}

static ghm_status allocate(ghm_decoder *d, bool whole_picture)
{
    const size_t group = d->g.group, band_h = d->g.band_h < d->g.h ? d->g.band_h : d->g.h, n = (size_t)d->n_threads;
    d->band_status = arena_alloc(&d->arena, group, sizeof *d->band_status);
    d->band_diag = arena_alloc(&d->arena, group, sizeof *d->band_diag);
    d->codecs = arena_alloc(&d->arena, n, sizeof *d->codecs);
    if (d->settings.statistics)
        d->clocks = arena_alloc(&d->arena, n, sizeof *d->clocks);
    allocate_rows(d, whole_picture);
    GHM_TRY(arena_status(&d->arena, &d->diag));
    GHM_TRY(quality_tables_init(&d->quality, d->model, d->index.header.quality, &d->arena, &d->diag));
    GHM_TRY(reconstruction_init(&d->rec, d->model, &d->quality, &d->g, &d->window, d->n_threads, &d->memory, &d->diag));
    d->rec.clocks = d->clocks;
    while (d->n_codecs < d->n_threads) {
        const int worker = d->n_codecs++;
        latent_codec *codec = &d->codecs[worker];
        GHM_TRY(latent_codec_init(codec, d->model, &d->quality, band_h, d->g.w, false, &d->memory, &d->diag));
        codec->clock = d->clocks ? &d->clocks[worker] : NULL;
    }
    return GHM_OK;
}

static ghm_status start(ghm_decoder *d)
{
    d->rec.pool = d->pool = thread_pool_open(d->n_threads);
    if (!d->pool)
        return ghm_fail(&d->diag, GHM_ERR_MEMORY, "%d threads could not be started", d->n_threads);
    if (d->index.header.has_picture_hash && is_whole(d) && !is_preview(d) && !d->settings.ignore_picture_hash) {
        d->hash = picture_hash_open(d->g.format, d->index.header.width, d->index.header.height);
        return d->hash ? GHM_OK : ghm_fail_memory(&d->diag, 576);
    }
    return GHM_OK;
}

/* ---------------------------------------------------------------------------------------------- rows */

/* Over the pixels that the networks made, rows first .. last - 1 of the picture. */
static void paste_direct(const ghm_decoder *d, size_t first, size_t last, uint8_t *pixels, size_t stride)
{
    const size_t band_rows = d->g.band_h * MODEL_Y_STRIDE;
    for (size_t y = first; y < last; y++, pixels += stride)
        if (d->direct[y / band_rows].n > 0)
            direct_paste(&d->direct[y / band_rows], y % band_rows, d->window.x, d->window.width, pixels);
}

/* Blocks of bands whose pixels are all made. */
static void release_direct(ghm_decoder *d)
{
    for (; frame_band_first(&d->g, d->first_direct + 1) <= d->rec.done && d->first_direct < d->next_band; d->first_direct++)
        direct_blocks_free(&d->direct[d->first_direct]);
}

/* Pixels of missing bands, rows first .. last - 1 of the picture, but for what arrived of one. */
static void grey_out(const ghm_decoder *d, size_t first, size_t last, uint8_t *pixels, size_t stride)
{
    for (size_t y = first; y < last && d->report.n_missing; y++, pixels += stride) {
        const size_t band = y / (d->g.band_h * MODEL_Y_STRIDE);
        if (d->missing[band] && !(d->has_cut && band == d->index.n_bands_found))
            colour_grey_row(d->g.format, d->window.width, pixels);
    }
}

static ghm_status deliver(ghm_decoder *d, size_t first_row, size_t n_rows, uint8_t *pixels, size_t stride)
{
    const ghm_image format = result_format(d);
    if (d->image.owned && d->settings.scale == 1)
        return GHM_OK; /* they are in their place */
    if (d->image.owned) {
        for (size_t i = 0; i < n_rows; i++)
            memcpy(d->image.planes[0] + (first_row + i) * d->image.row_stride, pixels + i * stride, d->image.row_stride);
        return GHM_OK;
    }
    const ghm_image view = colour_interleaved(d->g.format, format.width, (uint32_t)n_rows, pixels, stride);
    return d->rows(d->rows_user, (uint32_t)first_row, &view) ? ghm_fail(&d->diag, GHM_ERR_CANCELLED, "cancelled") : GHM_OK;
}

static ghm_status deliver_smaller(ghm_decoder *d, size_t n_rows, const uint8_t *pixels, size_t stride)
{
    for (size_t i = 0; i < n_rows; i++) {
        const size_t row = d->downscale.n_in / d->settings.scale;
        if (downscale_row(&d->downscale, pixels + i * stride, d->row))
            GHM_TRY(deliver(d, row, 1, d->row, result_format(d).row_stride));
    }
    return GHM_OK;
}

/* Rows first .. last - 1 of the picture, as the networks made them: complete them and hand them on. */
static ghm_status give_rows(ghm_decoder *d, size_t first, size_t last, uint8_t *pixels, size_t stride)
{
    paste_direct(d, first, last, pixels, stride);
    grey_out(d, first, last, pixels, stride);
    if (d->hash)
        picture_hash_rows(d->hash, pixels, stride, last - first);
    return d->settings.scale > 1 ? deliver_smaller(d, last - first, pixels, stride)
                                 : deliver(d, first - d->window.y, last - first, pixels, stride);
}

/* ---------------------------------------------------------------------------------------------- bands */

static const uint8_t *payload_of(const ghm_decoder *d, const stream_chunk *chunk)
{
    return d->data + (chunk->offset - d->base);
}

static ghm_status decode_band_alpha(ghm_decoder *d, size_t band, ghm_diagnostics *diag)
{
    const stream_chunk *alpha = &d->index.alpha[band];
    const ghm_image rows = reconstruction_alpha(&d->rec, frame_band_first(&d->g, band), frame_band_rows(&d->g, band));
    return alpha_decode(payload_of(d, alpha), alpha->size, alpha->type == CHUNK_LOSSY_ALPHA, &rows, rows.height, &d->memory, diag);
}

static ghm_status decode_band_direct(ghm_decoder *d, size_t band, ghm_diagnostics *diag)
{
    const stream_chunk *direct = &d->index.direct[band];
    size_t first, last;
    frame_band_pixels(&d->g, band, &first, &last);
    if (last <= d->window.y || first >= d->window.y + d->window.height)
        return GHM_OK; /* only its y_hat matters */
    return direct_decode(&d->direct[band], payload_of(d, direct), direct->size, d->g.format, d->g.width, last - first,
                         &d->memory, diag);
}

static ghm_status decode_found_band(ghm_decoder *d, size_t band, latent_codec *codec, int16_t *y_hat, ghm_diagnostics *diag)
{
    const stream_chunk *chunk = &d->index.bands[band];
    if (chunk->damaged || d->index.alpha[band].damaged || d->index.direct[band].damaged)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the CRC does not match");
    GHM_TRY(latent_codec_decode(codec, payload_of(d, chunk), chunk->size, false, frame_band_rows(&d->g, band), y_hat, diag));
    if (components_have_alpha(d->g.format.components))
        GHM_TRY(decode_band_alpha(d, band, diag));
    return d->index.direct[band].payload ? decode_band_direct(d, band, diag) : GHM_OK;
}

/* What arrived of the band in which the stream ends. Its alpha did not. */
static ghm_status decode_cut_band(ghm_decoder *d, size_t band, latent_codec *codec, int16_t *y_hat, ghm_diagnostics *diag)
{
    const stream_chunk *direct = &d->index.direct[band];
    const bool cut = d->index.n_bands_begun <= band; /* or only its alpha is missing */
    GHM_TRY(latent_codec_decode(codec, payload_of(d, &d->cut), d->cut.size, cut, frame_band_rows(&d->g, band), y_hat, diag));
    if (direct->payload && !direct->damaged)
        GHM_TRY(decode_band_direct(d, band, diag));
    if (components_have_alpha(d->g.format.components))
        reconstruction_make_opaque(&d->rec, frame_band_first(&d->g, band), frame_band_rows(&d->g, band));
    d->has_cut = true;
    return GHM_OK;
}

static void decode_band(void *user, size_t i, int worker)
{
    ghm_decoder *d = user;
    const size_t band = d->group_band + i, n_rows = frame_band_rows(&d->g, band);
    int16_t *y_hat = reconstruction_row(&d->rec, frame_band_first(&d->g, band));
    d->band_diag[i].text[0] = '\0';
    if (band < d->index.n_bands_found)
        d->band_status[i] = decode_found_band(d, band, &d->codecs[worker], y_hat, &d->band_diag[i]);
    else
        d->band_status[i] = GHM_ERR_TRUNCATED;
    if (band == d->index.n_bands_found && d->cut.payload && decode_cut_band(d, band, &d->codecs[worker], y_hat, &d->band_diag[i]) == GHM_OK)
        return;
    if (d->band_status[i] != GHM_OK) /* what its neighbours see of it */
        memset(y_hat, 0, n_rows * d->g.w * d->model->m * sizeof *y_hat);
}

static void note_missing(ghm_decoder *d, size_t band)
{
    size_t first, last;
    frame_band_pixels(&d->g, band, &first, &last);
    if (d->report.n_missing++ == 0)
        d->report.first_missing_row = (uint32_t)first;
    d->report.last_missing_row = (uint32_t)(last - 1);
    d->missing[band] = true;
}

/* Whether a picture with this status is to be had, if settings.partial says so. */
static bool is_partial(ghm_status status)
{
    return status == GHM_ERR_TRUNCATED || status == GHM_ERR_BITSTREAM || status == GHM_ERR_CHECKSUM;
}

/* A band for which there is no memory is not damaged. */
static ghm_status check_bands(ghm_decoder *d, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t band = d->group_band + i;
        if (d->band_status[i] == GHM_OK)
            continue;
        if (!d->settings.partial || !is_partial(d->band_status[i]))
            return ghm_fail(&d->diag, d->band_status[i], "band %zu: %s", band, d->band_diag[i].text);
        if (d->band_damage == GHM_OK) {
            d->band_damage = d->band_status[i];
            ghm_fail(&d->band_damage_diag, d->band_damage, "band %zu: %s", band, d->band_diag[i].text);
        }
        note_missing(d, band);
    }
    return GHM_OK;
}

/* Forget the pushed bytes that no band to come needs. */
static void discard_bytes(ghm_decoder *d)
{
    const stream_chunk *direct = &d->index.direct[d->next_band];
    const uint64_t behind = d->next_band < d->index.n_bands_begun ? d->index.bands[d->next_band].offset : d->index.end;
    const uint64_t keep = d->next_band < d->g.n_bands && direct->payload ? direct->offset : behind;
    const size_t n = (size_t)(keep - d->base);
    if (!d->pending.data || n == 0)
        return;
    d->pending.size -= n;
    d->size -= n;
    d->base = keep;
    memmove(d->pending.data, d->pending.data + n, d->pending.size);
}

/* ---------------------------------------------------------------------------------------------- groups */

/* Of the group that begins with band `first`. */
static size_t group_end(const ghm_decoder *d, size_t first)
{
    const size_t n = d->g.ahead > 0 && first > d->first_band ? d->g.ahead : d->g.group;
    return first + n < d->end_band ? first + n : d->end_band;
}

/* Rows of y to be made into pixels next, of those that the bands so far allow: where these are too many together, equal parts. */
static size_t next_rows(const ghm_decoder *d)
{
    const size_t ready = reconstruction_ready(&d->rec), parts = (ready + d->pixel_rows - 1) / d->pixel_rows;
    return parts > 1 ? (ready + parts - 1) / parts : ready;
}

/* Make the next n_rows of y into pixels and decode bands next_band .. last - 1 meanwhile; either may be none. */
static ghm_status run_threads(ghm_decoder *d, size_t n_rows, size_t last)
{
    const size_t stride = d->window.width * pixel_bytes(d->g.format), n_bands = last - d->next_band;
    const size_t first_row = d->window.y / MODEL_Y_STRIDE;
    size_t top, bottom;
    reconstruction_range(&d->rec, n_rows, &top, &bottom);
    uint8_t *pixels = d->slab ? d->slab : d->image.planes[0] + (top - d->window.y) * stride;
    if (n_bands > 0)
        reconstruction_extend(&d->rec, d->next_band, last);
    d->group_band = d->next_band;
    d->next_band = last;
    reconstruction_run(&d->rec, n_rows, pixels, stride, (other_tasks){ n_bands, decode_band, d });
    if (n_rows > 0)
        GHM_TRY(give_rows(d, top, bottom, pixels, stride));
    GHM_TRY(check_bands(d, n_bands));
    release_direct(d);
    const double done = (double)(d->rec.done - first_row) / (double)(d->rec.last - first_row);
    if (d->settings.progress && d->settings.progress(d->settings.progress_user, done))
        return ghm_fail(&d->diag, GHM_ERR_CANCELLED, "cancelled");
    return GHM_OK;
}

/* All the rows that the bands so far allow. */
static ghm_status make_rows(ghm_decoder *d)
{
    size_t n_rows;
    while ((n_rows = next_rows(d)) > 0)
        GHM_TRY(run_threads(d, n_rows, d->next_band));
    return GHM_OK;
}

/* Bands next_band .. last - 1, the last rows of the group before beside them. */
static ghm_status decode_group(ghm_decoder *d, size_t last)
{
    size_t n_rows;
    while ((n_rows = next_rows(d)) < reconstruction_ready(&d->rec))
        GHM_TRY(run_threads(d, n_rows, d->next_band));
    return run_threads(d, n_rows, last);
}

/* Groups as far as their bands are there; with `all`, to the end. Rows of the last group are left for make_rows() where the next
 * could be decoded beside them. */
static ghm_status decode_groups(ghm_decoder *d, bool all)
{
    while (d->next_band < d->end_band) {
        const size_t last = group_end(d, d->next_band);
        if (!all && d->index.n_bands_found < last)
            return GHM_OK;
        GHM_TRY(decode_group(d, last));
        discard_bytes(d);
        if (d->g.ahead == 0)
            GHM_TRY(make_rows(d));
    }
    return GHM_OK;
}

/* ---------------------------------------------------------------------------------------------- bytes */

/* Find the chunks that have arrived. What is wrong behind the header is noted in d->damage: it may not matter. */
static ghm_status index_bytes(ghm_decoder *d)
{
    ghm_diagnostics reason = { "" };
    const ghm_status status = bitstream_index_more(&d->index, d->data, d->size, d->base, &reason);
    d->complete = status == GHM_OK;
    if (status == GHM_OK || (status == GHM_ERR_TRUNCATED && d->index.has_header))
        return GHM_OK;
    if (!d->index.has_header)
        return status == GHM_ERR_TRUNCATED && d->pending.data ? status : ghm_fail(&d->diag, status, "%s", reason.text);
    d->damage = status;
    d->damage_diag = reason;
    return GHM_OK;
}

/* The last band of a region is the last that matters; of a whole picture all bytes do. */
static bool wants_more(const ghm_decoder *d)
{
    return !d->planned || d->next_band < d->end_band || is_whole(d);
}

static ghm_status fail_damage(ghm_decoder *d)
{
    return ghm_fail(&d->diag, d->damage, "%s", d->damage_diag.text);
}

static ghm_status take_piece(ghm_decoder *d, const uint8_t *data, size_t size)
{
    if (d->damage != GHM_OK || !wants_more(d))
        return GHM_OK;
    bytes_put(&d->pending, data, size);
    if (d->pending.failed)
        return memory_fail(&d->memory, d->pending.size + size, &d->diag);
    d->data = d->pending.data;
    d->size = d->pending.size;
    const ghm_status status = index_bytes(d);
    if (!d->index.has_header)
        return status == GHM_ERR_TRUNCATED ? GHM_OK : status;
    if (!bitstream_keep_metadata(&d->index, d->data, d->base, d->metadata))
        return memory_fail(&d->memory, size, &d->diag);
    if (!d->planned) {
        GHM_TRY(plan(d));
        GHM_TRY(allocate(d, false));
        GHM_TRY(start(d));
    }
    GHM_TRY(decode_groups(d, false));
    if (d->damage != GHM_OK && !d->settings.partial && wants_more(d)) {
        GHM_TRY(make_rows(d));
        return fail_damage(d);
    }
    discard_bytes(d);
    return GHM_OK;
}

ghm_status ghm_decoder_push(ghm_decoder *d, const uint8_t *data, size_t size)
{
    while (d->status == GHM_OK && size > 0) {
        const size_t n = size < PIECE_BYTES ? size : PIECE_BYTES;
        d->status = take_piece(d, data, n);
        data += n;
        size -= n;
    }
    if (d->status == GHM_OK && d->planned) /* the next group may be long in coming */
        d->status = make_rows(d);
    return d->status;
}

/* ---------------------------------------------------------------------------------------------- the end */

static ghm_status check_picture_hash(ghm_decoder *d)
{
    uint8_t computed[PICTURE_HASH_BYTES];
    if (!d->hash || !d->index.picture_hash)
        return GHM_OK;
    picture_hash_result(d->hash, computed);
    d->report.hash_compared = 1;
    if (memcmp(d->index.picture_hash, computed, sizeof computed) != 0)
        return ghm_fail(&d->diag, GHM_ERR_CHECKSUM, "the decoded picture is not the one its encoder saw");
    return GHM_OK;
}

/* Damage of the stream stands before that of bands, which may have been decoded before or after it was seen. */
static ghm_status fail_partial(ghm_decoder *d)
{
    const ghm_decode_report *r = &d->report;
    const ghm_status status = d->damage != GHM_OK ? d->damage : d->band_damage;
    const char *reason = d->damage != GHM_OK ? d->damage_diag.text : d->band_damage_diag.text;
    if (status == GHM_OK)
        return ghm_fail(&d->diag, GHM_ERR_BITSTREAM, "metadata are damaged, a chunk of type '%c'; the picture is sound", d->index.damaged_type);
    if (r->n_missing == 0)
        return ghm_fail(&d->diag, status, "%s; no row of the picture is missing", reason);
    return ghm_fail(&d->diag, status, "%s; bands missing: %u of %u, grey within rows %u to %u%s", reason, r->n_missing,
                    r->n_bands, r->first_missing_row, r->last_missing_row, d->has_cut ? " but for a part that arrived" : "");
}

/* There are no more bytes: are those there enough? */
static ghm_status judge_bytes(ghm_decoder *d)
{
    if (!is_whole(d) && d->index.n_bands_found >= d->end_band) {
        d->damage = GHM_OK;
    } else if (!d->complete && d->damage == GHM_OK) {
        d->damage = GHM_ERR_TRUNCATED;
        ghm_fail(&d->damage_diag, d->damage, "the stream ends early, after %zu of %zu bands", d->index.n_bands_found,
                 d->g.n_bands);
        if (!d->settings.partial || !bitstream_cut_band(&d->index, d->data, d->size, d->base, &d->cut))
            d->cut.payload = NULL;
    }
    return d->damage == GHM_OK || d->settings.partial ? GHM_OK : fail_damage(d);
}

static ghm_status decode_rest(ghm_decoder *d)
{
    GHM_TRY(decode_groups(d, true));
    GHM_TRY(make_rows(d));
    if (d->settings.statistics)
        *d->settings.statistics = stage_clocks_sum(d->clocks, d->n_threads);
    if (d->damage != GHM_OK || d->band_damage != GHM_OK)
        return fail_partial(d);
    GHM_TRY(check_picture_hash(d));
    return d->index.damaged_type ? fail_partial(d) : GHM_OK;
}

static ghm_status finish(ghm_decoder *d)
{
    if (!d->planned)
        return ghm_fail(&d->diag, GHM_ERR_TRUNCATED, "the stream ends in its header");
    GHM_TRY(judge_bytes(d));
    return decode_rest(d);
}

ghm_status ghm_decoder_finish(ghm_decoder *d)
{
    if (d->status == GHM_OK)
        d->status = finish(d);
    return d->status;
}

/* ---------------------------------------------------------------------------------------------- entry points */

ghm_status ghm_decoder_open(const ghm_model *model, const ghm_decode_settings *settings, ghm_rows_callback rows, void *user,
                            ghm_decoder **decoder, ghm_diagnostics *diag)
{
    *decoder = NULL;
    if (!rows)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "there is no function to take the rows");
    GHM_TRY(make_decoder(model, settings, decoder, diag));
    (*decoder)->rows = rows;
    (*decoder)->rows_user = user;
    return GHM_OK;
}

ghm_status ghm_decoder_get_format(const ghm_decoder *d, ghm_image *format)
{
    if (!d->planned)
        return GHM_ERR_TRUNCATED;
    *format = result_format(d);
    return GHM_OK;
}

void ghm_decoder_get_report(const ghm_decoder *d, ghm_decode_report *report)
{
    *report = d->report;
}

ghm_status ghm_decoder_get_metadata(const ghm_decoder *d, ghm_metadata *metadata, ghm_diagnostics *diag)
{
    return metadata_read(&d->index, metadata, diag);
}

const ghm_diagnostics *ghm_decoder_diagnostics(const ghm_decoder *d)
{
    return &d->diag;
}

static ghm_status allocate_image(ghm_decoder *d)
{
    const ghm_image format = result_format(d);
    const size_t bytes = format.row_stride * format.height;
    if (!memory_reserve(&d->memory, bytes))
        return memory_fail(&d->memory, bytes, &d->diag);
    return ghm_image_alloc_as(format.width, format.height, d->g.format.components, d->g.format.bit_depth, &d->image, &d->diag);
}

static ghm_status decode_whole(ghm_decoder *d, const uint8_t *data, size_t size)
{
    d->data = data;
    d->size = size;
    GHM_TRY(index_bytes(d));
    GHM_TRY(plan(d));
    GHM_TRY(judge_bytes(d));
    GHM_TRY(allocate_image(d));
    GHM_TRY(allocate(d, true));
    GHM_TRY(start(d));
    return decode_rest(d);
}

ghm_status ghm_decode_image(const ghm_model *model, const ghm_decode_settings *settings, const uint8_t *data,
                            size_t size, ghm_image *out, ghm_diagnostics *diag)
{
    ghm_decoder *d;
    GHM_TRY(make_decoder(model, settings, &d, diag));
    const ghm_status status = decode_whole(d, data, size);
    if (d->image.owned && (status == GHM_OK || (d->settings.partial && is_partial(status)))) {
        *out = d->image;
        d->image = (ghm_image){ 0 };
    }
    if (status != GHM_OK)
        ghm_fail(diag, status, "%s", d->diag.text);
    ghm_decoder_close(&d);
    return status;
}

/* The most coded bytes that a ghm_decoder holds at a time: those of a group and of the piece that completes it, in a buffer
 * that doubles and is copied when it grows. */
static uint64_t pending_bytes(const ghm_decoder *d)
{
    uint64_t most = 0;
    for (size_t first = d->first_band, end; first < d->end_band; first = end) {
        uint64_t bytes = 0;
        end = group_end(d, first);
        for (size_t band = first; band < end && band < d->index.n_bands_found; band++)
            bytes += d->index.bands[band].size + d->index.alpha[band].size + d->index.direct[band].size;
        most = bytes > most ? bytes : most;
    }
    return 3 * (most + PIECE_BYTES);
}

/* The most that decoded direct blocks take at a time: those of a group, and those above it whose pixels are still to be
 * made, for want of the band below or beside this group. */
static uint64_t direct_blocks_bytes(const ghm_decoder *d)
{
    const size_t above = frame_bands_lag(&d->g) + d->g.ahead;
    uint64_t most = 0;
    for (size_t end = d->first_band + 1; end <= d->index.n_bands_found; end++) {
        uint64_t bytes = 0;
        for (size_t band = end > d->g.group + above ? end - d->g.group - above : 0; band < end; band++) {
            if (d->index.direct[band].payload)
                bytes += direct_bytes(d->g.format, d->g.width, frame_band_rows(&d->g, band) * MODEL_Y_STRIDE,
                                      d->index.direct_blocks[band]);
        }
        most = bytes > most ? bytes : most;
    }
    return most;
}

static ghm_status measure(ghm_decoder *d, ghm_decode_cost *cost)
{
    GHM_TRY(plan(d));
    GHM_TRY(allocate(d, false));
    const ghm_image format = result_format(d);
    ghm_model_info model;
    ghm_model_get_info(d->model, &model);
    size_t first, last, rows = 0;
    for (size_t band = d->first_band; band < d->end_band; band++) {
        frame_band_pixels(&d->g, band, &first, &last);
        rows += last - first;
    }
    *cost = (ghm_decode_cost){
        .width = format.width, .height = format.height, .image_bytes = (uint64_t)format.row_stride * format.height,
        .memory = d->memory.peak + pending_bytes(d) + direct_blocks_bytes(d), .n_bands = d->report.n_bands,
        .mac = 1000 * ((double)d->g.width * (double)rows * (model.decoder_kmac - model.synthesis_kmac) +
                       (double)d->window.width * (double)d->window.height * model_synthesis_kmac(d->model, d->g.filtered)),
    };
    return GHM_OK;
}

ghm_status decoder_get_cost(const ghm_model *model, const ghm_decode_settings *settings, const stream_index *index,
                            ghm_decode_cost *cost, ghm_diagnostics *diag)
{
    ghm_decode_settings unlimited;
    ghm_decoder *d;
    ghm_decode_settings_default(&unlimited);
    if (settings)
        unlimited = *settings;
    const uint64_t max_memory = unlimited.max_memory;
    unlimited.max_pixels = UINT64_MAX;
    unlimited.max_memory = 0;
    unlimited.allocator = (ghm_allocator){ 0 }; /* whose memory might be touched */
    GHM_TRY(make_decoder(model, &unlimited, &d, diag));
    d->settings.max_memory = max_memory; /* it decides how the work is divided, and limits nothing here */
    d->index = *index;
    const ghm_status status = measure(d, cost);
    if (status != GHM_OK)
        ghm_fail(diag, status, "%s", d->diag.text);
    ghm_decoder_close(&d);
    return status;
}

ghm_status ghm_decode_get_cost(const ghm_model *model, const ghm_decode_settings *settings, const uint8_t *data, size_t size,
                               ghm_decode_cost *cost, ghm_diagnostics *diag)
{
    stream_index index;
    ghm_diagnostics reason = { "" };
    const ghm_status status = bitstream_index(data, size, &index, &reason);
    return index.has_header ? decoder_get_cost(model, settings, &index, cost, diag) : ghm_fail(diag, status, "%s", reason.text);
}
