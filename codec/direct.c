/* direct.c - the blocks of a band, from left to right, row of blocks by row. Prediction sees a canvas of the components
 * green, red - green and blue - green (or grey) on which blocks that are not coded directly are plain: of the colour of the
 * last sample coded, which is the background of most text. So nothing depends on the synthesis.
 *
 *       canvas      2 rows kept from the row of blocks above      | PAD |  block  |  block  | ...
 *                   16 rows of the row of blocks at work          | PAD |  block  | x...
 */
#include "direct.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "sample_coder.h"

enum {
    PAD = 2, KEPT = 2,
    MAX_PLANES = 3,
    N_SETS = 6,      /* of contexts: green; red by whether green was hit; blue by how many of the two were */
    HEAD_BYTES = 6   /* u16 step, u32 number of blocks */
};

typedef struct direct_contexts {
    adaptive_bit flag[4];
    sample_contexts samples[N_SETS];
} direct_contexts;

/* What both directions share. */
typedef struct band_codec {
    pixel_format format;
    size_t width, w, n_planes;
    int max;
    sample_plane plane;
    direct_contexts contexts;
    int fill[MAX_PLANES]; /* the last sample coded */
    int32_t *canvas;      /* (n_planes, KEPT + 16, PAD + 16 w) */
    uint8_t *above;       /* (w): flags of the row of blocks above, then of the one at work up to the block at work */
    unsigned left;        /* flag */
    bit_coder bits;
} band_codec;

static size_t n_planes_of(pixel_format format)
{
    return components_are_grey(format.components) ? 1 : 3;
}

static size_t canvas_stride(const band_codec *b)
{
    return PAD + DIRECT_BLOCK * b->w;
}

static size_t canvas_size(size_t n_planes, size_t w)
{
    return n_planes * (KEPT + DIRECT_BLOCK) * (PAD + DIRECT_BLOCK * w);
}

/* Row y of the row of blocks at work, -KEPT and up. */
static int32_t *canvas_row(const band_codec *b, size_t plane, int y)
{
    return b->canvas + (plane * (KEPT + DIRECT_BLOCK) + (size_t)(y + KEPT)) * canvas_stride(b) + PAD;
}

static void band_begin(band_codec *b, int step)
{
    b->plane = sample_plane_make(step, b->max);
    adaptive_bits_start((adaptive_bit *)&b->contexts, sizeof b->contexts / sizeof(adaptive_bit));
    memset(b->above, 0, b->w);
    b->left = 0;
    memset(b->canvas, 0, canvas_size(b->n_planes, b->w) * sizeof *b->canvas);
    memset(b->fill, 0, sizeof b->fill);
    b->fill[0] = b->max;
    for (int y = -KEPT; y < 0; y++)
        for (size_t x = 0; x < canvas_stride(b); x++)
            canvas_row(b, 0, y)[(ptrdiff_t)x - PAD] = b->max;
}

static band_codec band_make(pixel_format format, size_t width)
{
    band_codec b = { .format = format, .width = width, .w = (width + DIRECT_BLOCK - 1) / DIRECT_BLOCK };
    b.n_planes = n_planes_of(format);
    b.max = (int)(1u << format.bit_depth) - 1;
    return b;
}

/* The last rows become the first. */
static void next_block_row(band_codec *b)
{
    for (size_t p = 0; p < b->n_planes; p++)
        memcpy(canvas_row(b, p, -KEPT) - PAD, canvas_row(b, p, DIRECT_BLOCK - KEPT) - PAD,
               KEPT * canvas_stride(b) * sizeof *b->canvas);
    b->left = 0;
}

static size_t block_columns(const band_codec *b, size_t bx)
{
    const size_t left = b->width - DIRECT_BLOCK * bx;
    return left < DIRECT_BLOCK ? left : DIRECT_BLOCK;
}

/* Before the first column stand two samples like the first of the row above. */
static void pad_row(const band_codec *b, int y)
{
    for (size_t p = 0; p < b->n_planes; p++) {
        int32_t *row = canvas_row(b, p, y);
        row[-1] = row[-2] = canvas_row(b, p, y - 1)[0];
    }
}

static void fill_block(band_codec *b, size_t bx)
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

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* A sample of a plane whose values are sample - base; column `last` knows nothing to its right. */
static int code_plane(band_codec *b, size_t p, int y, size_t x, bool last, unsigned set, int base, int sample, bool *hit)
{
    int32_t *row = canvas_row(b, p, y) + x;
    const int32_t *above = canvas_row(b, p, y - 1) + x;
    const sample_neighbours around = { row[-1], row[-2], above[0], above[-1], last ? above[0] : above[1],
                                       canvas_row(b, p, y - 2)[x] };
    const int v = sample_code(&b->bits, &b->contexts.samples[set], &b->plane, &around,
                              activity_of(sample_range(&around), b->plane.step), -base, b->max - base, sample - base, hit);
    row[0] = clamp(v, -base, b->max - base);
    return row[0] + base;
}

/* rgb: the samples of a pixel; decoded or, when encoding, replaced by what a decoder will have. */
static void code_pixel(band_codec *b, int y, size_t x, bool last, int32_t *rgb)
{
    const size_t green = b->n_planes == 3 ? 1 : 0;
    bool hit, hit2;
    rgb[green] = code_plane(b, 0, y, x, last, 0, 0, rgb[green], &hit);
    if (b->n_planes == 1)
        return;
    rgb[0] = code_plane(b, 1, y, x, last, 1 + !hit, rgb[1], rgb[0], &hit2);
    rgb[2] = code_plane(b, 2, y, x, last, 3 + !hit + !hit2, rgb[1], rgb[2], &hit2);
}

/* Code the samples of a block, (16, 16, n_planes), row by row; they are replaced by the decoded ones. */
static void code_block_row(band_codec *b, size_t bx, int y, int32_t *samples)
{
    const size_t columns = block_columns(b, bx);
    if (bx == 0)
        pad_row(b, y);
    for (size_t x = 0; x < columns; x++, samples += b->n_planes)
        code_pixel(b, y, DIRECT_BLOCK * bx + x, x == columns - 1, samples);
}

static size_t block_sample_bytes(pixel_format format)
{
    return n_planes_of(format) * sample_bytes(format.bit_depth);
}

static size_t block_bytes(pixel_format format)
{
    return DIRECT_BLOCK * DIRECT_BLOCK * block_sample_bytes(format);
}

static adaptive_bit *flag_context(band_codec *b, size_t bx)
{
    return &b->contexts.flag[b->left + 2 * b->above[bx]];
}

/* After the block, coded or not. */
static void end_block(band_codec *b, size_t bx, size_t n_rows, bool direct)
{
    b->left = b->above[bx] = direct;
    if (!direct) {
        fill_block(b, bx);
        return;
    }
    for (size_t p = 0; p < b->n_planes; p++)
        b->fill[p] = canvas_row(b, p, (int)n_rows - 1)[DIRECT_BLOCK * bx + block_columns(b, bx) - 1];
}

/* ---------------------------------------------------------------------------------------------- decoding */

size_t direct_count(const uint8_t *payload, size_t size)
{
    bytes_reader r = bytes_reader_make(payload, size);
    (void)bytes_u16(&r);
    return bytes_u32(&r);
}

static size_t blocks_of(size_t pixels)
{
    return (pixels + DIRECT_BLOCK - 1) / DIRECT_BLOCK;
}

bool direct_is_lossless(const uint8_t *payload, size_t size, size_t width, size_t height)
{
    bytes_reader r = bytes_reader_make(payload, size);
    return bytes_u16(&r) == 1 && bytes_u32(&r) == blocks_of(width) * blocks_of(height);
}

uint64_t direct_bytes(pixel_format format, size_t width, size_t height, size_t n)
{
    const size_t w = blocks_of(width), h = blocks_of(height);
    return (uint64_t)n * block_bytes(format) + w * h * sizeof(uint32_t) + w + sizeof(band_codec) +
           canvas_size(n_planes_of(format), w) * sizeof(int32_t);
}

static ghm_status allocate_blocks(direct_blocks *blocks, ghm_diagnostics *diag)
{
    const size_t numbers = blocks->w * blocks->h * sizeof *blocks->number, samples = blocks->n * block_bytes(blocks->format);
    blocks->number = memory_allocate(blocks->source, numbers);
    blocks->samples = memory_allocate(blocks->source, samples);
    if (!blocks->number || !blocks->samples)
        return memory_fail(blocks->source, blocks->number ? samples : numbers, diag);
    return GHM_OK;
}

void direct_blocks_free(direct_blocks *blocks)
{
    memory_release(blocks->source, blocks->number, blocks->w * blocks->h * sizeof *blocks->number);
    memory_release(blocks->source, blocks->samples, blocks->n * block_bytes(blocks->format));
    *blocks = (direct_blocks){ 0 };
}

static void decode_block(direct_blocks *blocks, band_codec *b, size_t bx, size_t n_rows, uint8_t *to)
{
    const size_t row = DIRECT_BLOCK * b->n_planes;
    int32_t samples[DIRECT_BLOCK * MAX_PLANES] = { 0 };
    for (size_t y = 0; y < n_rows; y++, to += DIRECT_BLOCK * block_sample_bytes(blocks->format)) {
        code_block_row(b, bx, (int)y, samples);
        for (size_t i = 0; i < row; i++) {
            if (b->format.bit_depth > 8)
                ((uint16_t *)(void *)to)[i] = (uint16_t)samples[i];
            else
                to[i] = (uint8_t)samples[i];
        }
    }
}

/* False when there are more blocks, or fewer, than the head says. */
static bool decode_blocks(direct_blocks *blocks, band_codec *b, size_t height)
{
    uint32_t n = 0;
    for (size_t by = 0; by < blocks->h; by++) {
        const size_t left = height - DIRECT_BLOCK * by, n_rows = left < DIRECT_BLOCK ? left : DIRECT_BLOCK;
        for (size_t bx = 0; bx < blocks->w; bx++) {
            const bool direct = bit_coder_code(&b->bits, flag_context(b, bx), 0);
            if (direct && n == blocks->n)
                return false;
            if (direct) {
                decode_block(blocks, b, bx, n_rows, blocks->samples + n * block_bytes(blocks->format));
                blocks->number[by * blocks->w + bx] = ++n;
            }
            end_block(b, bx, n_rows, direct);
        }
        next_block_row(b);
    }
    return n == blocks->n;
}

static ghm_status decode_stream(direct_blocks *blocks, const uint8_t *stream, size_t size, int step, size_t width, size_t height,
                                arena *memory, ghm_diagnostics *diag)
{
    range_decoder decoder;
    band_codec *b = arena_alloc(memory, 1, sizeof *b);
    if (!b)
        return arena_status(memory, diag);
    *b = band_make(blocks->format, width);
    b->canvas = arena_alloc(memory, canvas_size(b->n_planes, b->w), sizeof *b->canvas);
    b->above = arena_alloc(memory, b->w, 1);
    GHM_TRY(arena_status(memory, diag));
    range_decoder_init(&decoder, stream, size);
    b->bits.decoder = &decoder;
    band_begin(b, step);
    if (!decode_blocks(blocks, b, height))
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the direct blocks are not as many as their head says");
    return GHM_OK;
}

ghm_status direct_decode(direct_blocks *blocks, const uint8_t *payload, size_t size, pixel_format format, size_t width,
                         size_t height, memory_source *source, ghm_diagnostics *diag)
{
    bytes_reader r = bytes_reader_make(payload, size);
    const int step = bytes_u16(&r);
    const size_t n = bytes_u32(&r), w = blocks_of(width), h = blocks_of(height);
    if (r.overrun || step % 2 == 0 || step >> format.bit_depth != 0 || n == 0 || n > w * h)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the head of the direct blocks is not valid");
    *blocks = (direct_blocks){ .source = source, .format = format, .w = w, .h = h, .n = n };
    arena memory = { .source = source };
    ghm_status status = allocate_blocks(blocks, diag);
    if (status == GHM_OK)
        status = decode_stream(blocks, payload + HEAD_BYTES, size - HEAD_BYTES, step, width, height, &memory, diag);
    arena_free(&memory);
    if (status != GHM_OK)
        direct_blocks_free(blocks);
    return status;
}

/* Samples of a row of a block, from column x on, over pixels. */
static void paste_samples(pixel_format format, const uint8_t *samples, size_t x, size_t n, uint8_t *pixels)
{
    const size_t colours = block_sample_bytes(format), step = pixel_bytes(format);
    samples += x * colours;
    if (colours == step) {
        memcpy(pixels, samples, n * step);
        return;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(pixels + i * step, samples + i * colours, colours);
}

void direct_paste(const direct_blocks *blocks, size_t y, size_t x, size_t width, uint8_t *pixels)
{
    const uint32_t *number = blocks->number + y / DIRECT_BLOCK * blocks->w;
    const size_t row_bytes = DIRECT_BLOCK * block_sample_bytes(blocks->format), end = x + width;
    for (size_t at = x, next; at < end; at = next) {
        const size_t bx = at / DIRECT_BLOCK;
        next = (bx + 1) * DIRECT_BLOCK < end ? (bx + 1) * DIRECT_BLOCK : end;
        if (number[bx] == 0)
            continue;
        const uint8_t *block = blocks->samples + (number[bx] - 1) * block_bytes(blocks->format);
        paste_samples(blocks->format, block + y % DIRECT_BLOCK * row_bytes, at % DIRECT_BLOCK, next - at,
                      pixels + (at - x) * pixel_bytes(blocks->format));
    }
}

/* ---------------------------------------------------------------------------------------------- encoding */

enum { BLOCK_SAMPLES = DIRECT_BLOCK * DIRECT_BLOCK * MAX_PLANES };

struct direct_encoder {
    band_codec band;
    direct_choice choice;
    double weight;          /* of squared errors of samples of the picture's depth */
    int step;
    direct_contexts before; /* a trial */
    range_encoder encoder;
    bytes_writer *payload;
    uint32_t n;
    uint32_t *n_flat;       /* (band.max + 1): see count_flat() */
    int darkest;
    int32_t source[BLOCK_SAMPLES], samples[BLOCK_SAMPLES]; /* of the block at work, (16, 16, n_planes) */
};

/* The weight of squared errors against bits that the weights are trained for (models/train/model.py, lagrangian()); it
 * rises from the lowest quality to the highest by a factor of 100^(10/7). Errors are means over three components, so that
 * grey counts three times. The step is where a bit more for a sample of noise is worth it, and somewhat finer, as text and
 * drawings get much better for few bits more; choose_step() may find a finer one.
 *
 * The networks' shares are fits to blocks of 24 validation pictures and of screens, drawings and noise at qualities 20 to 100.
 * At high ones the networks do better on photographs than the guesses, which were made for the lower; larger ones lose less: 0.73,
 * 0.46 and 0.23 of lost_error() at 4.2, 19 and 154 kMAC a pixel. */
direct_choice direct_choice_make(double quality, double synthesis_kmac, pixel_format format)
{
    const double lambda = 0.0008 * pow(100, (10 * quality - 2) / 7);
    const double weight = lambda / (double)n_planes_of(format);
    const double high = quality < 0.4 ? 0 : quality > 0.8 ? 1 : (quality - 0.4) / 0.4;
    const double lost = 1.1 * pow(synthesis_kmac, -0.3);
    return (direct_choice){
        .step = 0.7 * sqrt(6 / (log(2) * weight)), .weight = weight, .network = 1.1 - 0.3 * high, .lost = 1 - high + lost * high,
    };
}

direct_encoder *direct_encoder_make(pixel_format format, size_t width, bytes_writer *payload, arena *memory)
{
    direct_encoder *e = arena_alloc(memory, 1, sizeof *e);
    if (!e)
        return NULL;
    e->band = band_make(format, width);
    e->band.canvas = arena_alloc(memory, canvas_size(e->band.n_planes, e->band.w), sizeof *e->band.canvas);
    e->band.above = arena_alloc(memory, e->band.w, 1);
    e->n_flat = arena_alloc(memory, (size_t)e->band.max + 1, sizeof *e->n_flat);
    e->payload = payload;
    return e->band.canvas && e->band.above && e->n_flat ? e : NULL;
}

/* A row of n pixels, `step` bytes apart, of one component. */
static void load_row(unsigned bit_depth, const uint8_t *from, size_t step, size_t n, int32_t *to, size_t n_planes)
{
    if (bit_depth > 8)
        for (size_t x = 0; x < n; x++, from += step)
            to[x * n_planes] = *(const uint16_t *)(const void *)from;
    else
        for (size_t x = 0; x < n; x++, from += step)
            to[x * n_planes] = *from;
}

static void load_block(direct_encoder *e, const ghm_image *source, size_t bx, size_t first, size_t n_rows)
{
    const size_t n_planes = e->band.n_planes, columns = block_columns(&e->band, bx);
    for (size_t c = 0; c < n_planes; c++) {
        const uint8_t *from = source->planes[c] + first * source->row_stride + DIRECT_BLOCK * bx * source->pixel_stride;
        for (size_t y = 0; y < n_rows; y++)
            load_row(e->band.format.bit_depth, from + y * source->row_stride, source->pixel_stride, columns,
                     e->source + y * DIRECT_BLOCK * n_planes + c, n_planes);
    }
}

/* An odd step of the picture's depth from one in 8-bit units: 257 times it at 16 bits, so that both reach the same colours. */
static int step_of_depth(double step8, int max)
{
    return 2 * clamp((int)lrint((step8 * max / 255 - 1) / 2), 0, max / 4) + 1;
}

/* The samples of the first plane of a block, `from` being its first, that are like those to the left and above -> flat, their
 * number. The first row and column are not looked at. *n_others: how many are not; *darkest: of all. */
static size_t find_flat(const direct_encoder *e, const ghm_image *source, const uint8_t *from, size_t n_rows, size_t columns,
                        int32_t *flat, size_t *n_others, int *darkest)
{
    int32_t rows[2][DIRECT_BLOCK];
    size_t n = 0;
    *darkest = e->band.max;
    for (size_t y = 0; y < n_rows; y++, from += source->row_stride) {
        int32_t *row = rows[y % 2], *above = rows[1 - y % 2];
        load_row(e->band.format.bit_depth, from, source->pixel_stride, columns, row, 1);
        for (size_t x = 1; y > 0 && x < columns; x++) {
            *darkest = row[x] < *darkest ? row[x] : *darkest;
            flat[n] = row[x];
            n += row[x] == row[x - 1] && row[x] == above[x];
        }
    }
    *n_others = (n_rows - 1) * (columns - 1) - n;
    return n;
}

/* Count the flat samples of a band by value, and note the darkest of all; -> the number of others. Of blocks of which an eighth
 * is flat: others are hardly coded directly. */
static size_t count_flat(direct_encoder *e, const ghm_image *source, size_t first, size_t n_rows)
{
    const uint8_t *plane = source->planes[e->band.n_planes / 2] + first * source->row_stride;
    size_t n_busy = 0;
    e->darkest = e->band.max;
    memset(e->n_flat, 0, ((size_t)e->band.max + 1) * sizeof *e->n_flat);
    for (size_t y = 0; y < n_rows; y += DIRECT_BLOCK)
        for (size_t bx = 0; bx < e->band.w; bx++) {
            const uint8_t *from = plane + y * source->row_stride + DIRECT_BLOCK * bx * source->pixel_stride;
            const size_t rows = n_rows - y < DIRECT_BLOCK ? n_rows - y : DIRECT_BLOCK;
            int32_t flat[DIRECT_BLOCK * DIRECT_BLOCK];
            size_t n_others;
            int darkest;
            const size_t n = find_flat(e, source, from, rows, block_columns(&e->band, bx), flat, &n_others, &darkest);
            if (7 * n < n_others)
                continue;
            n_busy += n_others;
            e->darkest = darkest < e->darkest ? darkest : e->darkest;
            for (size_t i = 0; i < n; i++)
                e->n_flat[flat[i]]++;
        }
    return n_busy;
}

static int distance_to_multiple(int v, int step)
{
    const int rest = v % step;
    return rest < step - rest ? rest : step - rest;
}

/* Squared error of the flat samples counted. Predictions lead from decoded samples to decoded samples, and the first is the
 * maximum: all are whole steps below it, until one would be negative and becomes 0. */
static double flat_error(const direct_encoder *e, int step)
{
    const int max = e->band.max, rest = (max - e->darkest) % step;
    const bool reaches_0 = 2 * rest > step && e->darkest + rest < step;
    double from_max = 0, from_0 = 0;
    for (int v = 0; v <= max; v++)
        if (e->n_flat[v] > 0) {
            const double d = distance_to_multiple(max - v, step), d0 = distance_to_multiple(v, step);
            from_max += e->n_flat[v] * d * d;
            from_0 += e->n_flat[v] * d0 * d0;
        }
    return reaches_0 ? (from_max + from_0) / 2 : from_max;
}

/* The step for a band, at most that of e->choice: a plain background stays off its colour by up to half a step, which a finer
 * one that happens to reach it can save at the price of some bits for the other samples. */
static int choose_step(direct_encoder *e, const ghm_image *source, size_t first, size_t n_rows)
{
    const int most = step_of_depth(e->choice.step, e->band.max);
    if (most == 1)
        return 1;
    const double n_busy = (double)count_flat(e, source, first, n_rows), weight = e->weight * (double)e->band.n_planes;
    int best = most;
    double least = INFINITY;
    for (int step8 = 1; step8 <= (int)ceil(e->choice.step); step8++) {
        const int step = step_of_depth(step8, e->band.max);
        const double cost = n_busy * (weight * step * step / 12 - log2(step)) + weight * flat_error(e, step);
        if (step <= most && cost <= least) {
            least = cost;
            best = step;
        }
    }
    return best;
}

void direct_encoder_begin(direct_encoder *e, const direct_choice *choice, const ghm_image *source, size_t first, size_t n_rows)
{
    e->choice = *choice;
    e->weight = choice->weight * (255.0 / e->band.max) * (255.0 / e->band.max);
    e->step = choose_step(e, source, first, n_rows);
    direct_encoder_restart(e);
}

void direct_encoder_restart(direct_encoder *e)
{
    static const uint8_t head[HEAD_BYTES];
    e->n = 0;
    e->payload->size = 0;
    bytes_put(e->payload, head, sizeof head);
    range_encoder_init(&e->encoder, e->payload);
    band_begin(&e->band, e->step);
}

static double row_error(const direct_encoder *e, size_t bx, size_t y, const int32_t *row)
{
    const int32_t *source = e->source + y * DIRECT_BLOCK * e->band.n_planes;
    uint64_t sum = 0;
    for (size_t i = 0; i < block_columns(&e->band, bx) * e->band.n_planes; i++)
        sum += (uint64_t)((int64_t)(row[i] - source[i]) * (row[i] - source[i]));
    return (double)sum;
}

static double pixels_error(const direct_encoder *e, size_t bx, size_t n_rows, const uint8_t *pixels, size_t row_stride)
{
    const pixel_format format = e->band.format;
    const size_t n_planes = e->band.n_planes, step = pixel_bytes(format);
    int32_t row[DIRECT_BLOCK * MAX_PLANES];
    double sum = 0;
    for (size_t y = 0; y < n_rows; y++, pixels += row_stride) {
        for (size_t c = 0; c < n_planes; c++)
            load_row(format.bit_depth, pixels + c * sample_bytes(format.bit_depth), step, block_columns(&e->band, bx), row + c,
                     n_planes);
        sum += row_error(e, bx, y, row);
    }
    return sum;
}

/* What the block is likely to cost: so much for predictions that miss at all, as what follows from them misses too, and more
 * for those that miss by more than half a step. A fit to photographs, and a little more, so that they hardly ever come to a
 * trial; in drawings, where many predictions hit, misses may form patterns that cost little. A quick look at green, and at whether
 * there is colour for red and blue to cost anything. */
static double likely_cost(const direct_encoder *e, size_t bx, size_t n_rows)
{
    const size_t n_planes = e->band.n_planes, row = DIRECT_BLOCK * n_planes, columns = block_columns(&e->band, bx);
    int unequal = 0, misses = 0, coloured = 0;
    for (size_t y = 1; y < n_rows; y++) {
        const int32_t *at = e->source + y * row + n_planes / 2;
        for (size_t x = 1; x < columns; x++) {
            at += n_planes;
            const int w = at[-(ptrdiff_t)n_planes], n = at[-(ptrdiff_t)row], nw = at[-(ptrdiff_t)(row + n_planes)];
            const int low = w < n ? w : n, high = w < n ? n : w, error = abs(*at - clamp(w + n - nw, low, high));
            unequal += error != 0;
            misses += 2 * error > e->band.plane.step;
            coloured += n_planes == 3 && (at[-1] != *at || at[1] != *at);
        }
    }
    const double colour = (double)coloured / (double)(n_rows * columns);
    const double cost = (0.4 + 0.6 * colour) * (3 * unequal + 10 * misses);
    return 5 * unequal > 4 * (int)(n_rows * columns) ? 1.2 * cost : 0.4 * cost;
}

/* Code the block in e->source, with its flag, to e->samples. */
static void code_chosen(direct_encoder *e, size_t bx, size_t n_rows)
{
    e->band.bits = (bit_coder){ .encoder = &e->encoder };
    memcpy(e->samples, e->source, sizeof e->source);
    (void)bit_coder_code(&e->band.bits, flag_context(&e->band, bx), 1);
    for (size_t y = 0; y < n_rows; y++)
        code_block_row(&e->band, bx, (int)y, e->samples + y * DIRECT_BLOCK * e->band.n_planes);
}

/* What the block in e->source costs when coded directly, and a guess of it as soon as that is far above `limit`. The contexts
 * learn from it. */
static double price_block(direct_encoder *e, size_t bx, size_t n_rows, double limit)
{
    bit_coder *bits = &e->band.bits;
    double cost = 0, error = 0;
    *bits = (bit_coder){ .likelihood = 1 };
    memcpy(e->samples, e->source, sizeof e->source);
    (void)bit_coder_code(bits, flag_context(&e->band, bx), 1);
    for (size_t y = 0; y < n_rows; y++) {
        int32_t *row = e->samples + y * DIRECT_BLOCK * e->band.n_planes;
        code_block_row(&e->band, bx, (int)y, row);
        error += row_error(e, bx, y, row);
        cost = bits->bits - log2(bits->likelihood) + e->weight * error;
        const double whole = cost * (double)n_rows / (double)(y + 1);
        if (y >= 1 && whole > 2 * limit && cost > limit / 4)
            return whole;
    }
    return cost;
}

/* Whether the block in e->source costs less than `cost` when coded directly. *direct_cost: what it does cost, or a guess. */
static bool try_block(direct_encoder *e, size_t bx, size_t n_rows, double cost, float *direct_cost)
{
    *direct_cost = (float)likely_cost(e, bx, n_rows);
    if (cost <= *direct_cost)
        return false;
    e->before = e->band.contexts;
    *direct_cost = (float)price_block(e, bx, n_rows, cost);
    if (*direct_cost < cost)
        return true;
    e->band.contexts = e->before;
    return false;
}

/* Squares of the details of the finest Haar transform: diagonal, and horizontal and vertical together. */
typedef struct fine_details {
    double diagonal, straight;
} fine_details;

/* Of one component, or of its difference to green. */
static fine_details block_details(const direct_encoder *e, size_t bx, size_t n_rows, size_t component)
{
    const size_t n_planes = e->band.n_planes, row = DIRECT_BLOCK * n_planes, green = n_planes / 2;
    const int64_t less = component != green;
    uint64_t diagonal = 0, straight = 0;
    for (size_t y = 0; y + 1 < n_rows; y += 2)
        for (size_t x = 0; x + 1 < block_columns(&e->band, bx); x += 2) {
            const int32_t *p = e->source + y * row + x * n_planes, *c = p + component, *g = p + green;
            const int64_t v0 = c[0] - less * g[0], v1 = c[n_planes] - less * g[n_planes];
            const int64_t v2 = c[row] - less * g[row], v3 = c[row + n_planes] - less * g[row + n_planes];
            const int64_t d = v0 - v1 - v2 + v3, h = v0 - v1 + v2 - v3, v = v0 + v1 - v2 - v3;
            diagonal += (uint64_t)(d * d);
            straight += (uint64_t)(h * h + v * v);
        }
    return (fine_details){ (double)diagonal / 4, (double)straight / 4 };
}

/* Squared error that small networks make at any quality, as they have fewer channels than the pixels: a fit to text, noise and
 * photographs. It is half of that of photographs. */
static double lost_error(const direct_encoder *e, size_t bx, size_t n_rows)
{
    if (e->band.n_planes == 1)
        return 0.5 / 3 * block_details(e, bx, n_rows, 0).diagonal;
    const fine_details red = block_details(e, bx, n_rows, 0), blue = block_details(e, bx, n_rows, 2);
    return 0.5 * block_details(e, bx, n_rows, 1).diagonal + 0.75 * (red.diagonal + blue.diagonal) +
           0.45 * (red.straight + blue.straight);
}

void direct_encoder_plan_row(direct_encoder *e, const ghm_image *source, size_t first, size_t n_rows, float *costs,
                             uint8_t *planned)
{
    band_codec *b = &e->band;
    if (e->choice.all) {
        memset(planned, 1, b->w);
        return;
    }
    for (size_t bx = 0; bx < b->w; bx++) {
        load_block(e, source, bx, first, n_rows);
        const double lost = e->choice.lost * e->weight * lost_error(e, bx, n_rows);
        planned[bx] = try_block(e, bx, n_rows, e->choice.network * costs[bx] + lost, &costs[bx]);
        if (!planned[bx])
            adaptive_bit_learn(flag_context(b, bx), 0);
        end_block(b, bx, n_rows, planned[bx]);
    }
    next_block_row(b);
}

/* cost: what the plan thought of the block. It may have known neighbours that are not coded directly, and guessed. */
static bool worth_it(direct_encoder *e, size_t bx, size_t n_rows, float cost, const uint8_t *pixels, size_t row_stride)
{
    const double network = e->weight * pixels_error(e, bx, n_rows, pixels, row_stride);
    if (network < 0.7 * cost || !try_block(e, bx, n_rows, network, &cost))
        return false;
    e->band.contexts = e->before;
    return true;
}

static void paste_block(const direct_encoder *e, size_t bx, size_t n_rows, uint8_t *pixels, size_t row_stride)
{
    const pixel_format format = e->band.format;
    const size_t n_planes = e->band.n_planes, step = pixel_bytes(format);
    for (size_t y = 0; y < n_rows; y++)
        for (size_t x = 0; x < block_columns(&e->band, bx); x++)
            for (size_t c = 0; c < n_planes; c++) {
                uint8_t *to = pixels + y * row_stride + x * step + c * sample_bytes(format.bit_depth);
                const int32_t v = e->samples[(y * DIRECT_BLOCK + x) * n_planes + c];
                if (format.bit_depth > 8)
                    *(uint16_t *)(void *)to = (uint16_t)v;
                else
                    *to = (uint8_t)v;
            }
}

void direct_encoder_row(direct_encoder *e, const ghm_image *source, size_t first, size_t n_rows, const float *costs,
                        const uint8_t *planned, uint8_t *pixels, size_t row_stride)
{
    band_codec *b = &e->band;
    for (size_t bx = 0; bx < b->w; bx++) {
        uint8_t *at = pixels + DIRECT_BLOCK * bx * pixel_bytes(b->format);
        load_block(e, source, bx, first, n_rows);
        const bool direct = planned[bx] || worth_it(e, bx, n_rows, costs[bx], at, row_stride);
        if (direct) {
            code_chosen(e, bx, n_rows);
            paste_block(e, bx, n_rows, at, row_stride);
            e->n++;
        } else {
            adaptive_bit_encode(flag_context(b, bx), &e->encoder, 0);
        }
        end_block(b, bx, n_rows, direct);
    }
    next_block_row(b);
}

bool direct_encoder_finish(direct_encoder *e)
{
    if (!range_encoder_finish(&e->encoder))
        return false;
    const uint64_t head = (uint64_t)e->step | (uint64_t)e->n << 16;
    for (size_t i = 0; i < HEAD_BYTES; i++)
        e->payload->data[i] = (uint8_t)(head >> (8 * i));
    if (e->n == 0)
        e->payload->size = 0;
    return true;
}
