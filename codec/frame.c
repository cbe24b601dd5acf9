#include "frame.h"

#include <string.h>

#include "base/status.h"

enum {
    STRIP_MIN_ROWS = 8,          /* of y; shorter strips repeat too much of the halo */
    GROUP_BYTES = 32 * 1024 * 1024 /* y_hat of a group, unless the threads need more bands */
};

size_t frame_n_strips(size_t rows, int n_threads)
{
    const size_t n = (size_t)n_threads, most = rows / STRIP_MIN_ROWS;
    return n < most ? n : most > 0 ? most : 1;
}

int frame_n_threads(const stream_header *header, int n_threads)
{
    const size_t strips = header->height / (MODEL_Y_STRIDE * STRIP_MIN_ROWS), bands = stream_n_bands(header);
    const size_t most = strips > bands ? strips : bands;
    return most < (size_t)n_threads ? (int)most : n_threads;
}

frame_geometry frame_geometry_make(const ghm_model *model, const stream_header *header, int n_threads)
{
    frame_geometry g = { .width = header->width, .height = header->height, .format = header->format };
    g.w = (g.width + MODEL_Y_STRIDE - 1) / MODEL_Y_STRIDE;
    g.h = (g.height + MODEL_Y_STRIDE - 1) / MODEL_Y_STRIDE;
    g.band_h = (size_t)header->band_rows * (MODEL_Z_STRIDE / MODEL_Y_STRIDE);
    g.n_bands = stream_n_bands(header);
    g.group = GROUP_BYTES / (g.band_h * g.w * model->m * sizeof(int16_t));
    if (g.group < (size_t)n_threads)
        g.group = (size_t)n_threads;
    if (g.group > g.n_bands)
        g.group = g.n_bands;
    return g;
}

size_t frame_band_first(const frame_geometry *g, size_t band)
{
    return band < g->n_bands ? band * g->band_h : g->h;
}

size_t frame_band_rows(const frame_geometry *g, size_t band)
{
    return frame_band_first(g, band + 1) - frame_band_first(g, band);
}

void frame_band_pixels(const frame_geometry *g, size_t band, size_t *first, size_t *last)
{
    const size_t end = frame_band_first(g, band + 1) * MODEL_Y_STRIDE;
    *first = frame_band_first(g, band) * MODEL_Y_STRIDE;
    *last = end < g->height ? end : g->height;
}

size_t reconstruction_max_rows(const frame_geometry *g)
{
    const size_t rows = (g->group + 1) * g->band_h; /* a group, and what the one before held back */
    return (rows < g->h ? rows : g->h) * MODEL_Y_STRIDE;
}

ghm_status reconstruction_init(reconstruction *r, const ghm_model *model, const quality_tables *quality,
                               const frame_geometry *g, thread_pool *pool, ghm_diagnostics *diag)
{
    const int n = thread_pool_size(pool);
    const size_t scratch = model_scratch_bytes(model, 4 * g->w);
    const size_t rows = g->group * g->band_h + 2 * synthesis_halo(model);

    *r = (reconstruction){ .model = model, .g = *g, .pool = pool };
    r->window = arena_alloc(&r->memory, rows * g->w * model->m, sizeof *r->window);
    r->workers = arena_alloc(&r->memory, (size_t)n, sizeof *r->workers);
    for (int i = 0; r->workers && i < n; i++)
        synthesis_init(&r->workers[i], model, quality->up8_multiplier, g->w, arena_alloc(&r->memory, scratch, 1),
                       &r->memory);
    if (r->memory.failed_bytes)
        return ghm_fail_memory(diag, r->memory.failed_bytes);
    return GHM_OK;
}

void reconstruction_free(reconstruction *r)
{
    arena_free(&r->memory);
}

int16_t *reconstruction_row(const reconstruction *r, size_t row)
{
    return r->window + (row - r->origin) * r->g.w * r->model->m;
}

void reconstruction_extend(reconstruction *r, size_t first_band, size_t last_band)
{
    const size_t first = frame_band_first(&r->g, first_band), keep = 2 * synthesis_halo(r->model);
    const size_t origin = first > keep ? first - keep : 0;

    if (origin > r->origin) {
        const int16_t *kept = reconstruction_row(r, origin);
        memmove(r->window, kept, (first - origin) * r->g.w * r->model->m * sizeof *kept);
        r->origin = origin;
    }
    r->filled = frame_band_first(&r->g, last_band);
}

static size_t rows_ready(const reconstruction *r)
{
    const size_t halo = synthesis_halo(r->model);
    return r->filled == r->g.h ? r->g.h : r->filled > halo ? r->filled - halo : 0;
}

void reconstruction_range(const reconstruction *r, size_t *first, size_t *last)
{
    const size_t end = rows_ready(r) * MODEL_Y_STRIDE;
    *first = r->done * MODEL_Y_STRIDE;
    *last = end < r->g.height ? end : r->g.height;
}

static void emit_row(void *user, size_t pixel_row, const int16_t *rgb)
{
    const reconstruction *r = user;
    if (pixel_row < r->g.height)
        colour_write_row(r->g.format, rgb, r->g.width, r->pixels + (pixel_row - r->done * MODEL_Y_STRIDE) * r->row_stride);
}

static void run_strip(void *user, size_t i, int worker)
{
    reconstruction *r = user;
    const size_t rows = r->end - r->done, n = frame_n_strips(rows, thread_pool_size(r->pool));
    stage_clock *clock = r->clocks ? &r->clocks[worker] : NULL;
    stage_enter(clock, STAGE_SYNTHESIS);
    synthesis_run(&r->workers[worker], r->window, r->origin, r->done + rows * i / n, r->done + rows * (i + 1) / n, r->g.h,
                  emit_row, r);
    stage_enter(clock, STAGE_NONE);
}

void reconstruction_run(reconstruction *r, uint8_t *pixels, size_t row_stride)
{
    r->pixels = pixels;
    r->row_stride = row_stride;
    r->end = rows_ready(r);
    if (r->end > r->done)
        thread_pool_run(r->pool, frame_n_strips(r->end - r->done, thread_pool_size(r->pool)), run_strip, r);
    r->done = r->end;
}
