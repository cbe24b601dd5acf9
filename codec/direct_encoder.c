#include "direct_encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fixed.h"
#include "direct_coder.h"

enum { BLOCK_SAMPLES = DIRECT_BLOCK * DIRECT_BLOCK * DIRECT_MAX_PLANES };

struct direct_encoder {
    direct_coder band;
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
    const double weight = lambda / (double)direct_n_planes(format);
    const double high = quality < 0.4 ? 0 : quality > 0.8 ? 1 : (quality - 0.4) / 0.4;
    const double lost = 1.1 * pow(synthesis_kmac, -0.3);
    return (direct_choice){
        .step = 0.7 * sqrt(6 / (log(2) * weight)), .weight = weight, .network = 1.1 - 0.3 * high, .lost = 1 - high + lost * high,
    };
}

float direct_network_cost(const int16_t *y, size_t m, unsigned frac_y, const float *gain_y)
{
    enum { PIECE = 32 }; /* channels to a logarithm */
    const float unit = 1.0f / (float)(1 << frac_y);
    double bits = 0;
    for (size_t first = 0; first < m; first += PIECE) {
        const size_t last = first + PIECE < m ? first + PIECE : m;
        double product = 1;
        for (size_t c = first; c < last; c++)
            product *= 1 + (float)abs(y[c]) * unit * gain_y[c];
        bits += log2(product);
    }
    return (float)(1.5 * (2.1 * bits - 38));
}

direct_encoder *direct_encoder_make(pixel_format format, size_t width, bytes_writer *payload, arena *memory)
{
    direct_encoder *e = arena_alloc(memory, 1, sizeof *e);
    if (!e || !direct_coder_init(&e->band, format, width, memory))
        return NULL;
    e->n_flat = arena_alloc(memory, (size_t)e->band.max + 1, sizeof *e->n_flat);
    e->payload = payload;
    return e->n_flat ? e : NULL;
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

/* A row of n pixels, `offset` bytes behind the first of each plane. Components side by side, as most programs have them, are
 * loaded in vectors. */
static void load_pixels(unsigned bit_depth, const uint8_t *const *planes, size_t n_planes, size_t offset, size_t pixel_stride, size_t n,
                        int32_t *to)
{
    const size_t size = sample_bytes(bit_depth);
    bool packed = pixel_stride == n_planes * size;
    for (size_t c = 1; c < n_planes; c++)
        packed = packed && planes[c] == planes[0] + c * size;
    if (packed && bit_depth == 8)
        for (size_t i = 0; i < n * n_planes; i++)
            to[i] = planes[0][offset + i];
    else
        for (size_t c = 0; c < n_planes; c++)
            load_row(bit_depth, planes[c] + offset, pixel_stride, n, to + c, n_planes);
}

static void load_block(direct_encoder *e, const ghm_image *source, size_t bx, size_t first, size_t n_rows)
{
    const uint8_t *const planes[] = { source->planes[0], source->planes[1], source->planes[2] };
    const size_t n_planes = e->band.n_planes, offset = first * source->row_stride + DIRECT_BLOCK * bx * source->pixel_stride;
    for (size_t y = 0; y < n_rows; y++)
        load_pixels(e->band.format.bit_depth, planes, n_planes, offset + y * source->row_stride, source->pixel_stride,
                    direct_coder_columns(&e->band, bx), e->source + y * DIRECT_BLOCK * n_planes);
}

/* An odd step of the picture's depth from one in 8-bit units: 257 times it at 16 bits, so that both reach the same colours. */
static int step_of_depth(double step8, int max)
{
    return 2 * fixed_clamp((int)lrint((step8 * max / 255 - 1) / 2), 0, max / 4) + 1;
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
            const size_t n = find_flat(e, source, from, rows, direct_coder_columns(&e->band, bx), flat, &n_others, &darkest);
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
    static const uint8_t head[DIRECT_HEAD_BYTES];
    e->n = 0;
    e->payload->size = 0;
    bytes_put(e->payload, head, sizeof head);
    range_encoder_init(&e->encoder, e->payload);
    direct_coder_begin(&e->band, e->step);
}

static double row_error(const direct_encoder *e, size_t bx, size_t y, const int32_t *row)
{
    const int32_t *source = e->source + y * DIRECT_BLOCK * e->band.n_planes;
    const size_t n = direct_coder_columns(&e->band, bx) * e->band.n_planes;
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (uint64_t)((int64_t)(row[i] - source[i]) * (row[i] - source[i]));
    return (double)sum;
}

static double pixels_error(const direct_encoder *e, size_t bx, size_t n_rows, const uint8_t *pixels, size_t row_stride)
{
    const pixel_format format = e->band.format;
    const size_t size = sample_bytes(format.bit_depth);
    const uint8_t *const planes[] = { pixels, pixels + size, pixels + 2 * size };
    int32_t row[DIRECT_BLOCK * DIRECT_MAX_PLANES];
    double sum = 0;
    for (size_t y = 0; y < n_rows; y++) {
        load_pixels(format.bit_depth, planes, e->band.n_planes, y * row_stride, pixel_bytes(format), direct_coder_columns(&e->band, bx), row);
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
    const size_t n_planes = e->band.n_planes, row = DIRECT_BLOCK * n_planes, columns = direct_coder_columns(&e->band, bx);
    int unequal = 0, misses = 0, coloured = 0;
    for (size_t y = 1; y < n_rows; y++) {
        const int32_t *at = e->source + y * row + n_planes / 2;
        for (size_t x = 1; x < columns; x++) {
            at += n_planes;
            const int w = at[-(ptrdiff_t)n_planes], n = at[-(ptrdiff_t)row], nw = at[-(ptrdiff_t)(row + n_planes)];
            const int low = w < n ? w : n, high = w < n ? n : w, error = abs(*at - fixed_clamp(w + n - nw, low, high));
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
    (void)bit_coder_code(&e->band.bits, direct_coder_flag(&e->band, bx), 1);
    for (size_t y = 0; y < n_rows; y++)
        direct_coder_code_row(&e->band, bx, (int)y, e->samples + y * DIRECT_BLOCK * e->band.n_planes);
}

/* What the block in e->source costs when coded directly, and a guess of it as soon as that is far above `limit`. The contexts
 * learn from it. */
static double price_block(direct_encoder *e, size_t bx, size_t n_rows, double limit)
{
    bit_coder *bits = &e->band.bits;
    double cost = 0, error = 0;
    *bits = (bit_coder){ .likelihood = 1 };
    memcpy(e->samples, e->source, sizeof e->source);
    (void)bit_coder_code(bits, direct_coder_flag(&e->band, bx), 1);
    for (size_t y = 0; y < n_rows; y++) {
        int32_t *row = e->samples + y * DIRECT_BLOCK * e->band.n_planes;
        direct_coder_code_row(&e->band, bx, (int)y, row);
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
    const size_t columns = direct_coder_columns(&e->band, bx);
    const int64_t less = component != green;
    uint64_t diagonal = 0, straight = 0;
    for (size_t y = 0; y + 1 < n_rows; y += 2)
        for (size_t x = 0; x + 1 < columns; x += 2) {
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
    direct_coder *b = &e->band;
    if (e->choice.all) {
        memset(planned, 1, b->w);
        return;
    }
    for (size_t bx = 0; bx < b->w; bx++) {
        load_block(e, source, bx, first, n_rows);
        const double lost = e->choice.lost * e->weight * lost_error(e, bx, n_rows);
        planned[bx] = try_block(e, bx, n_rows, e->choice.network * costs[bx] + lost, &costs[bx]);
        if (!planned[bx])
            adaptive_bit_learn(direct_coder_flag(b, bx), 0);
        direct_coder_end_block(b, bx, n_rows, planned[bx]);
    }
    direct_coder_next_row(b);
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
    const size_t n_planes = e->band.n_planes, step = pixel_bytes(format), columns = direct_coder_columns(&e->band, bx);
    for (size_t y = 0; y < n_rows; y++)
        for (size_t x = 0; x < columns; x++)
            for (size_t c = 0; c < n_planes; c++) {
                uint8_t *to = pixels + y * row_stride + x * step + c * sample_bytes(format.bit_depth);
                sample_store(format.bit_depth, to, (unsigned)e->samples[(y * DIRECT_BLOCK + x) * n_planes + c]);
            }
}

void direct_encoder_row(direct_encoder *e, const ghm_image *source, size_t first, size_t n_rows, const float *costs,
                        const uint8_t *planned, uint8_t *pixels, size_t row_stride)
{
    direct_coder *b = &e->band;
    for (size_t bx = 0; bx < b->w; bx++) {
        uint8_t *at = pixels + DIRECT_BLOCK * bx * pixel_bytes(b->format);
        load_block(e, source, bx, first, n_rows);
        const bool direct = planned[bx] || worth_it(e, bx, n_rows, costs[bx], at, row_stride);
        if (direct) {
            code_chosen(e, bx, n_rows);
            paste_block(e, bx, n_rows, at, row_stride);
            e->n++;
        } else {
            adaptive_bit_encode(direct_coder_flag(b, bx), &e->encoder, 0);
        }
        direct_coder_end_block(b, bx, n_rows, direct);
    }
    direct_coder_next_row(b);
}

bool direct_encoder_finish(direct_encoder *e)
{
    if (!range_encoder_finish(&e->encoder))
        return false;
    const uint64_t head = (uint64_t)e->step | (uint64_t)e->n << 16;
    for (size_t i = 0; i < DIRECT_HEAD_BYTES; i++)
        e->payload->data[i] = (uint8_t)(head >> (8 * i));
    if (e->n == 0)
        e->payload->size = 0;
    return true;
}
