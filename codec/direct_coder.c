#include "direct_coder.h"

#include <string.h>

#include "base/fixed.h"

enum { PAD = 2, KEPT = 2 };

static size_t canvas_stride(const direct_coder *b)
{
    return PAD + DIRECT_BLOCK * b->w;
}

static size_t canvas_size(pixel_format format, size_t w)
{
    return direct_n_planes(format) * (KEPT + DIRECT_BLOCK) * (PAD + DIRECT_BLOCK * w);
}

/* Row y of the row of blocks at work, -KEPT and up. */
static int32_t *canvas_row(const direct_coder *b, size_t plane, int y)
{
    return b->canvas + (plane * (KEPT + DIRECT_BLOCK) + (size_t)(y + KEPT)) * canvas_stride(b) + PAD;
}

uint64_t direct_coder_bytes(pixel_format format, size_t width)
{
    const size_t w = direct_blocks_across(width);
    return w + canvas_size(format, w) * sizeof(int32_t);
}

bool direct_coder_init(direct_coder *b, pixel_format format, size_t width, arena *memory)
{
    *b = (direct_coder){ .format = format, .width = width, .w = direct_blocks_across(width), .n_planes = direct_n_planes(format),
                         .max = (int)(1u << format.bit_depth) - 1 };
    b->canvas = arena_alloc(memory, canvas_size(format, b->w), sizeof *b->canvas);
    b->above = arena_alloc(memory, b->w, 1);
    return b->canvas && b->above;
}

void direct_coder_begin(direct_coder *b, int step)
{
    b->plane = sample_plane_make(step, b->max);
    adaptive_bits_start((adaptive_bit *)&b->contexts, sizeof b->contexts / sizeof(adaptive_bit));
    memset(b->above, 0, b->w);
    b->left = 0;
    memset(b->canvas, 0, canvas_size(b->format, b->w) * sizeof *b->canvas);
    memset(b->fill, 0, sizeof b->fill);
    b->fill[0] = b->max;
    for (int y = -KEPT; y < 0; y++)
        for (size_t x = 0; x < canvas_stride(b); x++)
            canvas_row(b, 0, y)[(ptrdiff_t)x - PAD] = b->max;
}

size_t direct_coder_columns(const direct_coder *b, size_t bx)
{
    const size_t left = b->width - DIRECT_BLOCK * bx;
    return left < DIRECT_BLOCK ? left : DIRECT_BLOCK;
}

/* Before the first column stand two samples like the first of the row above. */
static void pad_row(const direct_coder *b, int y)
{
    for (size_t p = 0; p < b->n_planes; p++) {
        int32_t *row = canvas_row(b, p, y);
        row[-1] = row[-2] = canvas_row(b, p, y - 1)[0];
    }
}

static void fill_block(direct_coder *b, size_t bx)
{
    for (int y = 0; y < DIRECT_BLOCK; y++) {
        if (bx == 0)
            pad_row(b, y);
        for (size_t p = 0; p < b->n_planes; p++)
            for (size_t x = 0; x < DIRECT_BLOCK; x++)
                canvas_row(b, p, y)[DIRECT_BLOCK * bx + x] = b->fill[p];
    }
}

static int activity_of(int range, int step)
{
    return range < step ? 0 : range < 3 * step ? 1 : range < 7 * step ? 2 : range < 16 * step ? 3 : range < 40 * step ? 4 : 5;
}

/* A sample of a plane whose values are sample - base; column `last` knows nothing to its right. */
static int code_plane(direct_coder *b, size_t p, int y, size_t x, bool last, unsigned set, int base, int sample, bool *hit)
{
    int32_t *row = canvas_row(b, p, y) + x;
    const int32_t *above = canvas_row(b, p, y - 1) + x;
    const sample_neighbours around = { row[-1], row[-2], above[0], above[-1], last ? above[0] : above[1],
                                       canvas_row(b, p, y - 2)[x] };
    const int v = sample_code(&b->bits, &b->contexts.samples[set], &b->plane, &around,
                              activity_of(sample_range(&around), b->plane.step), -base, b->max - base, sample - base, hit);
    row[0] = fixed_clamp(v, -base, b->max - base);
    return row[0] + base;
}

/* rgb: the samples of a pixel; decoded or, when encoding, replaced by what a decoder will have. */
static void code_pixel(direct_coder *b, int y, size_t x, bool last, int32_t *rgb)
{
    const size_t green = b->n_planes == 3 ? 1 : 0;
    bool hit, hit2;
    rgb[green] = code_plane(b, 0, y, x, last, 0, 0, rgb[green], &hit);
    if (b->n_planes == 1)
        return;
    rgb[0] = code_plane(b, 1, y, x, last, 1 + !hit, rgb[1], rgb[0], &hit2);
    rgb[2] = code_plane(b, 2, y, x, last, 3 + !hit + !hit2, rgb[1], rgb[2], &hit2);
}

void direct_coder_code_row(direct_coder *b, size_t bx, int y, int32_t *samples)
{
    const size_t columns = direct_coder_columns(b, bx);
    if (bx == 0)
        pad_row(b, y);
    for (size_t x = 0; x < columns; x++, samples += b->n_planes)
        code_pixel(b, y, DIRECT_BLOCK * bx + x, x == columns - 1, samples);
}

adaptive_bit *direct_coder_flag(direct_coder *b, size_t bx)
{
    return &b->contexts.flag[b->left + 2 * b->above[bx]];
}

void direct_coder_end_block(direct_coder *b, size_t bx, size_t n_rows, bool direct)
{
    b->left = b->above[bx] = direct;
    if (!direct) {
        fill_block(b, bx);
        return;
    }
    for (size_t p = 0; p < b->n_planes; p++)
        b->fill[p] = canvas_row(b, p, (int)n_rows - 1)[DIRECT_BLOCK * bx + direct_coder_columns(b, bx) - 1];
}

void direct_coder_next_row(direct_coder *b)
{
    /* the last rows become those above */
    for (size_t p = 0; p < b->n_planes; p++)
        memcpy(canvas_row(b, p, -KEPT) - PAD, canvas_row(b, p, DIRECT_BLOCK - KEPT) - PAD,
               KEPT * canvas_stride(b) * sizeof *b->canvas);
    b->left = 0;
}
