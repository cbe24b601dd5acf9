/* alpha.c - prediction from the samples around, as in LOCO-I (Weinberger, Seroussi, Sapiro, 1996), and adaptive bits in
 * contexts of which neighbours are equal: alpha is flat nearly everywhere, with edges and ramps between.
 *
 *                 nn              the sample x is predicted from w, n, nw; the context knows which of these six
 *            nw   n   ne          neighbours differ and by how much
 *       ww   w    x
 */
#include "alpha.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "entropy/adaptive_bit.h"

enum { N_PATTERNS = 32, N_ACTIVITIES = 4, N_ENDS = 3, MAX_BITS = 16, PAD = 2 };

typedef struct alpha_codec {
    size_t width;
    unsigned depth;
    uint16_t *rows[3], *memory; /* the row at work, the one above, the one above that; PAD samples before, one after */
    adaptive_bit same_row[2];   /* [was the row above the same as the one above it?] */
    adaptive_bit hit[N_PATTERNS][N_ACTIVITIES][N_ENDS];
    adaptive_bit sign[N_ACTIVITIES];
    adaptive_bit exponent[N_ACTIVITIES][MAX_BITS], mantissa[MAX_BITS][MAX_BITS];
    unsigned last_same;
    range_encoder *encoder; /* one of the two is NULL */
    range_decoder *decoder;
} alpha_codec;

static ghm_status codec_init(alpha_codec *a, pixel_format format, size_t width, ghm_diagnostics *diag)
{
    const size_t row = width + PAD + 1;
    adaptive_bit *const first = a->same_row, *const end = (adaptive_bit *)(a->mantissa + MAX_BITS);
    *a = (alpha_codec){ .width = width, .depth = format.bit_depth, .memory = calloc(3 * row, sizeof *a->memory) };
    if (!a->memory)
        return ghm_fail_memory(diag, 3 * row * sizeof *a->memory);
    for (size_t i = 0; i < 3; i++)
        a->rows[i] = a->memory + i * row + PAD;
    for (size_t i = 0; i < 2 * row; i++) /* above the band all is opaque */
        a->memory[row + i] = (uint16_t)((1u << a->depth) - 1);
    for (adaptive_bit *b = first; b < end; b++)
        *b = ADAPTIVE_BIT_START;
    return GHM_OK;
}

/* One function for both directions, so that they cannot differ: the bit is given to an encoder, got from a decoder. */
static inline unsigned code_bit(alpha_codec *a, adaptive_bit *b, unsigned bit)
{
    if (a->decoder)
        return adaptive_bit_decode(b, a->decoder);
    adaptive_bit_encode(b, a->encoder, bit);
    return bit;
}

static int median_edge(int w, int n, int nw)
{
    const int low = w < n ? w : n, high = w < n ? n : w;
    return nw >= high ? low : nw <= low ? high : w + n - nw;
}

static int log2_floor(unsigned v)
{
    int k = 0;
    while (v >>= 1)
        k++;
    return k;
}

/* 1 .. 2^depth - 1: how many bits, then the bits below the first. */
static int code_magnitude(alpha_codec *a, adaptive_bit *exponent, int magnitude)
{
    const int known = a->decoder ? 0 : log2_floor((unsigned)magnitude);
    int k = 0;
    while (k + 1 < (int)a->depth && code_bit(a, &exponent[k], k < known))
        k++;
    int v = 1;
    for (int i = k - 1; i >= 0; i--)
        v = v << 1 | (int)code_bit(a, &a->mantissa[k][i], (unsigned)magnitude >> i & 1);
    return v;
}

/* Returns the sample, which is x when encoding; beyond 0 .. 2^depth - 1 after damage. */
static int code_sample(alpha_codec *a, const uint16_t *at, const uint16_t *above, const uint16_t *above2, int x)
{
    const int w = at[-1], ww = at[-2], n = above[0], nw = above[-1], ne = above[1], nn = above2[0];
    const int max = (int)(1u << a->depth) - 1, guess = median_edge(w, n, nw);
    const int range = (abs(w - nw) + abs(nw - n) + abs(n - ne)) >> (a->depth - 8);
    const int pattern = (w != n) | (n != nw) << 1 | (n != ne) << 2 | (w != ww) << 3 | (n != nn) << 4;
    const int activity = range < 4 ? 0 : range < 32 ? 1 : range < 128 ? 2 : 3;
    const int end = guess == 0 ? 0 : guess == max ? 1 : 2;

    if (!code_bit(a, &a->hit[pattern][activity][end], x != guess))
        return guess;
    const unsigned below = end == 0 ? 0 : end == 1 ? 1 : code_bit(a, &a->sign[activity], x < guess);
    const int magnitude = code_magnitude(a, a->exponent[activity], abs(x - guess));
    return below ? guess - magnitude : guess + magnitude;
}

/* False after damage. */
static bool code_row(alpha_codec *a)
{
    uint16_t *row = a->rows[0];
    const uint16_t *above = a->rows[1], *above2 = a->rows[2];
    const int max = (int)(1u << a->depth) - 1;
    const size_t bytes = a->width * sizeof *row;
    const unsigned same = code_bit(a, &a->same_row[a->last_same], a->decoder ? 0 : memcmp(row, above, bytes) == 0);

    row[-1] = row[-2] = above[0];
    a->last_same = same;
    if (same && a->decoder)
        memcpy(row, above, bytes);
    for (size_t x = 0; x < a->width && !same; x++) {
        const int v = code_sample(a, row + x, above + x, above2 + x, row[x]);
        if (v < 0 || v > max)
            return false;
        row[x] = (uint16_t)v;
    }
    row[a->width] = row[a->width - 1];
    return true;
}

static void next_row(alpha_codec *a)
{
    uint16_t *const oldest = a->rows[2];
    a->rows[2] = a->rows[1];
    a->rows[1] = a->rows[0];
    a->rows[0] = oldest;
}

/* False when a sample has more bits than the picture. */
static bool load_row(alpha_codec *a, const ghm_image *image, size_t y)
{
    const uint8_t *from = image->planes[3] + y * image->row_stride;
    unsigned all = 0;
    for (size_t x = 0; x < image->width; x++, from += image->pixel_stride)
        all |= a->rows[0][x] = image->bit_depth > 8 ? *(const uint16_t *)(const void *)from : *from;
    return all >> a->depth == 0;
}

static void store_row(const ghm_image *image, size_t y, const uint16_t *row)
{
    uint8_t *to = image->planes[3] + y * image->row_stride;
    for (size_t x = 0; x < image->width; x++, to += image->pixel_stride) {
        if (image->bit_depth > 8)
            *(uint16_t *)(void *)to = row[x];
        else
            *to = (uint8_t)row[x];
    }
}

ghm_status alpha_encode(const ghm_image *image, size_t first, size_t n_rows, bytes_writer *out, ghm_diagnostics *diag)
{
    alpha_codec a;
    range_encoder encoder;
    bool sound = true;
    GHM_TRY(codec_init(&a, colour_format_of(image), image->width, diag));
    range_encoder_init(&encoder, out);
    a.encoder = &encoder;
    for (size_t y = first; y < first + n_rows && sound; y++, next_row(&a))
        sound = load_row(&a, image, y) && code_row(&a);
    free(a.memory);
    if (!sound)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "the alpha has samples of more than %u bits", a.depth);
    return range_encoder_finish(&encoder) ? GHM_OK : ghm_fail_memory(diag, out->capacity);
}

ghm_status alpha_decode(const uint8_t *payload, size_t size, const ghm_image *to, size_t n_rows, ghm_diagnostics *diag)
{
    alpha_codec a;
    range_decoder decoder;
    bool sound = true;
    GHM_TRY(codec_init(&a, colour_format_of(to), to->width, diag));
    range_decoder_init(&decoder, payload, size);
    a.decoder = &decoder;
    for (size_t y = 0; y < n_rows && sound; y++, next_row(&a)) {
        sound = code_row(&a);
        if (sound)
            store_row(to, y, a.rows[0]);
    }
    free(a.memory);
    return sound ? GHM_OK : ghm_fail(diag, GHM_ERR_BITSTREAM, "the alpha is damaged");
}
