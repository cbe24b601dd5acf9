/* alpha.c - predictions and patterns of sample_coder.h, and contexts of how wrong the guesses at w, n and ne were: alpha is flat
 * nearly everywhere, with edges and ramps between. */
#include "alpha.h"

#include <stdlib.h> /* abs */
#include <string.h>

#include "base/status.h"
#include "sample_coder.h"

enum { N_COARSE = 8, N_FINE = 19, N_SIGNS = 9, PAD = 2, STEP_BYTES = 2 };

/* All adaptive bits, so that one loop starts them. */
typedef struct alpha_contexts {
    adaptive_bit same_row[2]; /* [was the row above the same as the one above it?] */
    adaptive_bit hit[SAMPLE_PATTERNS][N_COARSE][SAMPLE_ENDS];
    adaptive_bit sign[N_SIGNS];
    adaptive_bit exponent[N_FINE][SAMPLE_MAX_BITS], mantissa[SAMPLE_MAX_BITS][SAMPLE_MAX_BITS];
} alpha_contexts;

typedef struct alpha_codec {
    size_t width;
    unsigned depth;
    int max, step, step_bits; /* of samples; of errors; how many bits an error in steps has at most */
    memory_source *source;
    void *memory; /* holds the rows */
    size_t memory_bytes;
    uint16_t *rows[3];  /* the row at work, the one above, the one above that; PAD samples before, one after */
    int32_t *errors;    /* in steps: of this row up to the sample at work, of the one above from there on; one 0 after */
    int32_t last_error; /* at w */
    unsigned last_same;
    alpha_contexts contexts;
    bit_coder bits;
} alpha_codec;

static ghm_status codec_init(alpha_codec *a, const ghm_image *image, int step, memory_source *source, ghm_diagnostics *diag)
{
    const size_t width = image->width, row = width + PAD + 1;
    *a = (alpha_codec){ .width = width, .depth = colour_format_of(image).bit_depth, .step = step, .source = source };
    a->max = (int)(1u << a->depth) - 1;
    a->step_bits = sample_bit_length((unsigned)((a->max + step - 1) / step));
    a->memory_bytes = (width + 1) * sizeof *a->errors + 3 * row * sizeof *a->rows[0];
    a->memory = memory_allocate(source, a->memory_bytes);
    if (!a->memory)
        return memory_fail(source, a->memory_bytes, diag);
    a->errors = a->memory;
    uint16_t *const samples = (uint16_t *)(a->errors + width + 1);
    for (size_t i = 0; i < 3; i++)
        a->rows[i] = samples + i * row + PAD;
    for (size_t i = row; i < 3 * row; i++) /* above the band all is opaque */
        samples[i] = (uint16_t)a->max;
    adaptive_bits_start((adaptive_bit *)&a->contexts, sizeof a->contexts / sizeof(adaptive_bit));
    return GHM_OK;
}

static void codec_free(alpha_codec *a)
{
    memory_release(a->source, a->memory, a->memory_bytes);
}

static unsigned sign_of(int v)
{
    return v < 0 ? 0 : v == 0 ? 1 : 2;
}

/* x - guess in steps, given that it is not 0. fine: the size of the errors around. */
static int code_error(alpha_codec *a, int guess, int fine, unsigned signs, int error)
{
    alpha_contexts *c = &a->contexts;
    const unsigned below = guess == 0 ? 0 : guess == a->max ? 1 : bit_coder_code(&a->bits, &c->sign[signs], error < 0);
    const int magnitude = sample_code_magnitude(&a->bits, c->exponent[fine], c->mantissa, a->step_bits, abs(error));
    return below ? -magnitude : magnitude;
}

/* What to code for x, in steps: the nearest, but for 0 and max one that is beyond or at them, as pixels that are clear or
 * opaque shall stay so. */
static int choose_error(const alpha_codec *a, int guess, int x)
{
    if (x == guess)
        return 0;
    const int slack = x == 0 || x == a->max ? a->step - 1 : a->step / 2, steps = (abs(x - guess) + slack) / a->step;
    return x < guess ? -steps : steps;
}

/* Returns sample number i, which is as near to x when encoding as the step allows; beyond 0 .. max by less than a step, or
 * by more after damage. */
static int code_sample(alpha_codec *a, size_t i, int x)
{
    const uint16_t *at = a->rows[0] + i, *above = a->rows[1] + i;
    const sample_neighbours around = { at[-1], at[-2], above[0], above[-1], above[1], a->rows[2][i] };
    const int guess = sample_guess(&around), wanted = a->bits.encoder ? choose_error(a, guess, x) : 0;
    const int error_w = a->last_error, error_n = a->errors[i], error_ne = a->errors[i + 1];
    const int fine = sample_bit_length((unsigned)(abs(error_w) + abs(error_n) + abs(error_ne)));
    const int coarse = fine < N_COARSE ? fine : N_COARSE - 1;
    const int end = guess == 0 ? 0 : guess == a->max ? 1 : 2;

    int error = 0;
    if (bit_coder_code(&a->bits, &a->contexts.hit[sample_pattern(&around)][coarse][end], wanted != 0))
        error = code_error(a, guess, fine, 3 * sign_of(error_w) + sign_of(error_n), wanted);
    a->last_error = a->errors[i] = error;
    return guess + error * a->step;
}

/* Whether the row above will do for this one. */
static bool is_same(const alpha_codec *a, const uint16_t *row, const uint16_t *above)
{
    for (size_t x = 0; x < a->width; x++)
        if (choose_error(a, above[x], row[x]) != 0)
            return false;
    return true;
}

/* False after damage. */
static bool code_row(alpha_codec *a)
{
    uint16_t *row = a->rows[0];
    const uint16_t *above = a->rows[1];
    const unsigned same = bit_coder_code(&a->bits, &a->contexts.same_row[a->last_same], a->bits.encoder && is_same(a, row, above));

    row[-1] = row[-2] = above[0];
    a->last_same = same;
    a->last_error = 0;
    if (same) {
        memcpy(row, above, a->width * sizeof *row);
        memset(a->errors, 0, a->width * sizeof *a->errors);
    }
    for (size_t x = 0; x < a->width && !same; x++) {
        const int v = code_sample(a, x, row[x]);
        if (v <= -a->step || v >= a->max + a->step)
            return false;
        row[x] = (uint16_t)(v < 0 ? 0 : v > a->max ? a->max : v);
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

static void load_row(alpha_codec *a, const ghm_image *image, size_t y)
{
    const uint8_t *from = image->planes[3] + y * image->row_stride;
    for (size_t x = 0; x < image->width; x++, from += image->pixel_stride)
        a->rows[0][x] = (uint16_t)sample_load(a->depth, from);
}

static void store_row(const ghm_image *image, size_t y, const uint16_t *row)
{
    uint8_t *to = image->planes[3] + y * image->row_stride;
    for (size_t x = 0; x < image->width; x++, to += image->pixel_stride)
        sample_store(image->bit_depth, to, row[x]);
}

int alpha_step(double quality, unsigned bit_depth)
{
    const int max = (int)(1u << bit_depth) - 1;
    return 2 * (int)(max * (100 - quality) / 800) + 1;
}

unsigned alpha_error(const uint8_t *payload, size_t size)
{
    bytes_reader r = bytes_reader_make(payload, size);
    return bytes_u16(&r) / 2u;
}

ghm_status alpha_encode(const ghm_image *image, size_t n_rows, int step, bytes_writer *out, ghm_diagnostics *diag)
{
    alpha_codec a;
    range_encoder encoder;
    const uint8_t head[STEP_BYTES] = { (uint8_t)step, (uint8_t)(step >> 8) };
    GHM_TRY(codec_init(&a, image, step, out->source, diag));
    if (step > 1)
        bytes_put(out, head, sizeof head);
    range_encoder_init(&encoder, out);
    a.bits.encoder = &encoder;
    for (size_t y = 0; y < n_rows; y++, next_row(&a)) {
        load_row(&a, image, y);
        (void)code_row(&a);
        if (step > 1)
            store_row(image, y, a.rows[0]);
    }
    codec_free(&a);
    return range_encoder_finish(&encoder) ? GHM_OK : memory_fail(out->source, out->capacity, diag);
}

static ghm_status decode_rows(const uint8_t *stream, size_t size, int step, const ghm_image *to, size_t n_rows,
                              memory_source *source, ghm_diagnostics *diag)
{
    alpha_codec a;
    range_decoder decoder;
    bool sound = true;
    GHM_TRY(codec_init(&a, to, step, source, diag));
    range_decoder_init(&decoder, stream, size);
    a.bits.decoder = &decoder;
    for (size_t y = 0; y < n_rows && sound; y++, next_row(&a)) {
        sound = code_row(&a);
        if (sound)
            store_row(to, y, a.rows[0]);
    }
    codec_free(&a);
    return sound ? GHM_OK : ghm_fail(diag, GHM_ERR_BITSTREAM, "the alpha is damaged");
}

ghm_status alpha_decode(const uint8_t *payload, size_t size, bool lossy, const ghm_image *to, size_t n_rows,
                        memory_source *source, ghm_diagnostics *diag)
{
    if (!lossy)
        return decode_rows(payload, size, 1, to, n_rows, source, diag);
    bytes_reader r = bytes_reader_make(payload, size);
    const int step = bytes_u16(&r), max = (int)(1u << colour_format_of(to).bit_depth) - 1;
    if (r.overrun || step % 2 == 0 || step < 3 || step > max)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the head of the alpha is not valid");
    return decode_rows(payload + STEP_BYTES, size - STEP_BYTES, step, to, n_rows, source, diag);
}
