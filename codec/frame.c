#include "frame.h"

#include <stdint.h>
#include <string.h>

#include "base/status.h"

enum {
    STRIP_MIN_ROWS = 8,          /* of y; shorter and narrower strips repeat too much of the halo */
    STRIP_MIN_COLUMNS = 8,
    STRIP_ROWS_AT_ONCE = 4,      /* the fewest that a thread makes of one; more than a halo, so that the last rows go on too */
    GROUP_BYTES = 8 * 1024 * 1024, /* y_hat of a group, unless the threads need more bands */
    SLAB_BYTES = 16 * 1024 * 1024   /* pixels of a slab */
};

/* And columns. */
static size_t rows_of_y(size_t pixel_rows)
{
    return (pixel_rows + MODEL_Y_STRIDE - 1) / MODEL_Y_STRIDE;
}

static size_t at_least_one(size_t n)
{
    return n > 0 ? n : 1;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* As many strips for every thread, if that leaves them wide enough. */
frame_strips frame_strips_make(const frame_window *window, size_t widest, int n_threads)
{
    const size_t first = window->x / MODEL_Y_STRIDE, last = rows_of_y(window->x + window->width);
    const size_t threads = (size_t)n_threads, needed = (last - first + widest - 1) / widest;
    const size_t shared = (needed + threads - 1) / threads * threads, most = at_least_one((last - first) / STRIP_MIN_COLUMNS);
    const size_t columns = shared <= most ? shared : needed > most ? needed : most;
    return (frame_strips){ first, last, columns, columns < threads ? (threads + columns - 1) / columns : 1 };
}

static size_t pieces_of(const frame_strips *s, size_t n_rows)
{
    return at_least_one(smaller(n_rows / STRIP_MIN_ROWS, s->rows));
}

size_t frame_strips_of_run(const frame_strips *s, size_t n_rows)
{
    return s->columns * pieces_of(s, n_rows);
}

void frame_strip_columns(const frame_strips *s, size_t i, size_t *first, size_t *last)
{
    const size_t column = i % s->columns, n = s->last - s->first;
    *first = s->first + n * column / s->columns;
    *last = s->first + n * (column + 1) / s->columns;
}

void frame_strip_rows(const frame_strips *s, size_t i, size_t n_rows, size_t *first, size_t *last)
{
    const size_t piece = i / s->columns, n = pieces_of(s, n_rows);
    *first = n_rows * piece / n;
    *last = n_rows * (piece + 1) / n;
}

int frame_n_threads(const stream_header *header, int n_threads)
{
    const size_t strips = header->height / (MODEL_Y_STRIDE * STRIP_MIN_ROWS), bands = stream_n_bands(header);
    const size_t most = strips > bands ? strips : bands;
    return most < (size_t)n_threads ? (int)most : n_threads;
}

static size_t share(uint64_t max_memory, uint64_t divisor, size_t most)
{
    return max_memory > 0 && max_memory / divisor < most ? (size_t)(max_memory / divisor) : most;
}

static size_t clamp(size_t n, size_t low, size_t high)
{
    return n > high || low > high ? high : n < low ? low : n;
}

/* Of y_hat. */
static size_t band_bytes(const frame_geometry *g, const ghm_model *model)
{
    return g->band_h * g->w * model->m * sizeof(int16_t);
}

frame_geometry frame_geometry_make(const ghm_model *model, const stream_header *header, bool filtered, int n_threads,
                                   uint64_t max_memory)
{
    const size_t threads = (size_t)n_threads;
    frame_geometry g = { .width = header->width, .height = header->height, .format = header->format, .filtered = filtered };
    g.w = (g.width + MODEL_Y_STRIDE - 1) / MODEL_Y_STRIDE;
    g.h = (g.height + MODEL_Y_STRIDE - 1) / MODEL_Y_STRIDE;
    g.band_h = (size_t)header->band_rows * (MODEL_Z_STRIDE / MODEL_Y_STRIDE);
    g.n_bands = stream_n_bands(header);
    g.halo = filtered ? synthesis_halo(model) : 0;
    const size_t row_bytes = pixel_bytes(g.format) * g.width * MODEL_Y_STRIDE;
    g.group = clamp(share(max_memory, 8, GROUP_BYTES) / band_bytes(&g, model), threads, g.n_bands);
    g.slab = clamp(share(max_memory, 16, SLAB_BYTES) / row_bytes, STRIP_MIN_ROWS * threads, g.h);
    return g;
}

void frame_geometry_overlap(frame_geometry *g, const ghm_model *model, size_t n_bands, int n_threads, uint64_t max_memory)
{
    const size_t threads = (size_t)n_threads, ahead = (threads + 1) / 2; /* strips take longer than bands */
    if (threads == 1 || n_bands <= threads || (threads + ahead) * band_bytes(g, model) > share(max_memory, 8, SIZE_MAX))
        return;
    g->group = threads;
    g->ahead = smaller(ahead, n_bands - threads);
    g->slab = smaller(g->slab, clamp(g->ahead * g->band_h, STRIP_MIN_ROWS * threads, g->h));
}

size_t frame_rows_between_calls(const frame_geometry *g, double kmac, int n_threads)
{
    const double quarter_second = 25e9; /* multiply-adds of a thread */
    const double row = 1000 * kmac * MODEL_Y_STRIDE * (double)g->width, rows = quarter_second * n_threads / row;
    return clamp(rows < (double)g->h ? (size_t)rows : g->h, smaller(STRIP_MIN_ROWS * (size_t)n_threads, g->h), g->h);
}

size_t frame_band_first(const frame_geometry *g, size_t band)
{
    return band < g->n_bands ? band * g->band_h : g->h;
}

size_t frame_band_rows(const frame_geometry *g, size_t band)
{
    return frame_band_first(g, band + 1) - frame_band_first(g, band);
}

size_t frame_bands_lag(const frame_geometry *g)
{
    return (g->halo + g->band_h - 1) / g->band_h;
}

void frame_band_pixels(const frame_geometry *g, size_t band, size_t *first, size_t *last)
{
    const size_t end = frame_band_first(g, band + 1) * MODEL_Y_STRIDE;
    *first = frame_band_first(g, band) * MODEL_Y_STRIDE;
    *last = end < g->height ? end : g->height;
}

void frame_bands_needed(const frame_geometry *g, const frame_window *window, size_t *first, size_t *last)
{
    const size_t top = window->y / MODEL_Y_STRIDE, bottom = rows_of_y(window->y + window->height) + g->halo;
    *first = (top > g->halo ? top - g->halo : 0) / g->band_h;
    *last = bottom < g->h ? (bottom + g->band_h - 1) / g->band_h : g->n_bands;
}

/* Without the filter, pixels lack what it does to all of them alike. */
static ghm_status correct_preview(reconstruction *r, const int32_t *in_multiplier, ghm_diagnostics *diag)
{
    arena memory = { .source = r->memory.source };
    int16_t correction[3];
    synthesis_correction(r->model, in_multiplier, &memory, correction);
    const ghm_status status = arena_status(&memory, diag);
    arena_free(&memory);
    for (size_t i = 0; i < frame_strips_count(&r->strips); i++)
        synthesis_correct(&r->syntheses[i], correction);
    return status;
}

ghm_status reconstruction_init(reconstruction *r, const ghm_model *model, const quality_tables *quality,
                               const frame_geometry *g, const frame_window *window, int n_threads, memory_source *source,
                               ghm_diagnostics *diag)
{
    const size_t rows = (g->group + g->ahead) * g->band_h + 2 * g->halo;
    const int32_t *in_multiplier = g->filtered ? quality->gs_in_multiplier : NULL;

    *r = (reconstruction){ .model = model, .g = *g, .window = *window, .memory = { .source = source } };
    r->done = window->y / MODEL_Y_STRIDE;
    r->last = rows_of_y(window->y + window->height);
    r->y_hat = arena_alloc(&r->memory, rows * g->w * model->m, sizeof *r->y_hat);
    if (components_have_alpha(g->format.components))
        r->alpha = arena_alloc(&r->memory, rows * MODEL_Y_STRIDE * g->width, sample_bytes(g->format.bit_depth));
    r->strips = frame_strips_make(window, synthesis_widest(model), n_threads);
    r->syntheses = arena_alloc(&r->memory, frame_strips_count(&r->strips), sizeof *r->syntheses);
    r->left = arena_alloc(&r->memory, frame_strips_count(&r->strips), sizeof *r->left);
    for (size_t i = 0; r->syntheses && i < frame_strips_count(&r->strips); i++) {
        size_t first, last;
        frame_strip_columns(&r->strips, i, &first, &last);
        synthesis_init(&r->syntheses[i], model, in_multiplier, first, last, g->w, &r->memory);
    }
    GHM_TRY(arena_status(&r->memory, diag));
    return g->filtered ? GHM_OK : correct_preview(r, quality->gs_in_multiplier, diag);
}

void reconstruction_free(reconstruction *r)
{
    arena_free(&r->memory);
}

int16_t *reconstruction_row(const reconstruction *r, size_t row)
{
    return r->y_hat + (row - r->origin) * r->g.w * r->model->m;
}

static size_t alpha_stride(const reconstruction *r)
{
    return r->g.width * sample_bytes(r->g.format.bit_depth);
}

static uint8_t *alpha_row(const reconstruction *r, size_t pixel_row)
{
    return r->alpha + (pixel_row - r->origin * MODEL_Y_STRIDE) * alpha_stride(r);
}

ghm_image reconstruction_alpha(const reconstruction *r, size_t row, size_t n_rows)
{
    const size_t first = row * MODEL_Y_STRIDE, last = (row + n_rows) * MODEL_Y_STRIDE;
    return (ghm_image){
        .width = (uint32_t)r->g.width, .height = (uint32_t)((last < r->g.height ? last : r->g.height) - first),
        .planes = { NULL, NULL, NULL, alpha_row(r, first) }, .row_stride = alpha_stride(r),
        .pixel_stride = sample_bytes(r->g.format.bit_depth), .bit_depth = r->g.format.bit_depth,
    };
}

void reconstruction_make_opaque(reconstruction *r, size_t row, size_t n_rows)
{
    const ghm_image alpha = reconstruction_alpha(r, row, n_rows);
    for (size_t i = 0; i < (size_t)alpha.width * alpha.height; i++) /* its rows have no gaps */
        sample_store(alpha.bit_depth, alpha.planes[3] + i * alpha.pixel_stride, (1u << alpha.bit_depth) - 1);
}

/* Rows origin..first-1 move to the beginning of the memory. */
static void keep_rows(reconstruction *r, size_t origin, size_t first)
{
    const int16_t *kept = reconstruction_row(r, origin);
    memmove(r->y_hat, kept, (first - origin) * r->g.w * r->model->m * sizeof *kept);
    if (r->alpha)
        memmove(r->alpha, alpha_row(r, origin * MODEL_Y_STRIDE), (first - origin) * MODEL_Y_STRIDE * alpha_stride(r));
    r->origin = origin;
}

void reconstruction_extend(reconstruction *r, size_t first_band, size_t last_band)
{
    const size_t first = frame_band_first(&r->g, first_band), origin = r->done > r->g.halo ? r->done - r->g.halo : 0;

    if (r->filled == 0)
        r->origin = first;
    else if (origin > r->origin)
        keep_rows(r, origin, first);
    r->filled = frame_band_first(&r->g, last_band);
}

size_t reconstruction_ready(const reconstruction *r)
{
    const size_t halo = r->g.halo, filled = r->filled == r->g.h ? r->g.h : r->filled > halo ? r->filled - halo : 0;
    const size_t end = filled < r->last ? filled : r->last;
    return end > r->done ? end - r->done : 0;
}

static size_t clamp_row(const reconstruction *r, size_t pixel_row)
{
    const size_t bottom = r->window.y + r->window.height;
    return pixel_row < r->window.y ? r->window.y : pixel_row < bottom ? pixel_row : bottom;
}

void reconstruction_range(const reconstruction *r, size_t n_rows, size_t *first, size_t *last)
{
    *first = clamp_row(r, r->done * MODEL_Y_STRIDE);
    *last = clamp_row(r, (r->done + n_rows) * MODEL_Y_STRIDE);
}

/* n pixels of a row of the alpha window, from column x on, into the alpha of interleaved pixels. */
static void add_alpha(const reconstruction *r, size_t pixel_row, size_t x, size_t n, uint8_t *to)
{
    const size_t step = sample_bytes(r->g.format.bit_depth), stride = pixel_bytes(r->g.format);
    const uint8_t *from = alpha_row(r, pixel_row) + x * step;
    colour_copy_samples(r->g.format.bit_depth, from, step, to + stride - step, stride, n);
}

static void emit_row(void *user, size_t pixel_row, size_t first_pixel, size_t n, const int16_t *rgb)
{
    const reconstruction *r = user;
    const frame_window *window = &r->window;
    const size_t left = first_pixel > window->x ? first_pixel : window->x;
    const size_t right = smaller(first_pixel + n, window->x + window->width);
    if (pixel_row < window->y || pixel_row >= window->y + window->height)
        return;
    uint8_t *to = r->pixels + (pixel_row - clamp_row(r, r->done * MODEL_Y_STRIDE)) * r->row_stride +
                  (left - window->x) * pixel_bytes(r->g.format);
    colour_write_row(r->g.format, rgb + 3 * (left - first_pixel), right - left, to);
    if (r->alpha)
        add_alpha(r, pixel_row, left, right - left, to);
}

/* The strip with most rows left, and how many are left of all that nobody works at; false: none. */
static bool take_strip(reconstruction *r, size_t *strip, size_t *left, size_t *all_left)
{
    do {
        *left = *all_left = 0;
        for (size_t i = 0; i < frame_strips_of_run(&r->strips, r->end - r->done); i++) {
            const size_t n = atomic_load(&r->left[i]);
            *all_left += n;
            if (n > *left) {
                *strip = i;
                *left = n;
            }
        }
        if (*left == 0)
            return false;
    } while (!atomic_compare_exchange_strong(&r->left[*strip], left, 0));
    return true;
}

/* Rows to make of a strip before looking for another: fewer towards the end, so that threads end at the same time, but as many as
 * can be otherwise, since the strip's rows leave the cache then. */
static size_t rows_at_once(const reconstruction *r, size_t left, size_t all_left)
{
    const size_t threads = (size_t)thread_pool_size(r->pool), part = all_left / (2 * threads);
    const size_t n = part > STRIP_ROWS_AT_ONCE ? part : STRIP_ROWS_AT_ONCE;
    return threads == 1 || left < n + STRIP_ROWS_AT_ONCE ? left : n;
}

static void run_strips(reconstruction *r, int worker)
{
    stage_clock *clock = r->clocks ? &r->clocks[worker] : NULL;
    size_t i = 0, left, all_left, first, last;
    stage_enter(clock, STAGE_SYNTHESIS);
    while (take_strip(r, &i, &left, &all_left)) {
        const size_t n = rows_at_once(r, left, all_left);
        frame_strip_rows(&r->strips, i, r->end - r->done, &first, &last);
        first = r->done + last - left;
        synthesis_run(&r->syntheses[i], r->y_hat, r->origin, first, first + n, r->g.h, emit_row, r);
        atomic_store(&r->left[i], left - n);
    }
    stage_enter(clock, STAGE_NONE);
}

static void run_task(void *user, size_t i, int worker)
{
    reconstruction *r = user;
    if (i < r->beside.n)
        r->beside.task(r->beside.user, i, worker);
    else
        run_strips(r, worker);
}

void reconstruction_run(reconstruction *r, size_t n_rows, uint8_t *pixels, size_t row_stride, other_tasks beside)
{
    const size_t n_strips = n_rows > 0 ? frame_strips_of_run(&r->strips, n_rows) : 0;
    size_t first, last;
    r->pixels = pixels;
    r->row_stride = row_stride;
    r->end = r->done + n_rows;
    r->beside = beside;
    for (size_t i = 0; i < n_strips; i++) {
        frame_strip_rows(&r->strips, i, n_rows, &first, &last);
        atomic_store(&r->left[i], last - first);
    }
    thread_pool_run(r->pool, beside.n + smaller(n_strips, (size_t)thread_pool_size(r->pool)), run_task, r);
    r->done = r->end;
}
