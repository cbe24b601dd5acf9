#include "direct_decoder.h"

#include <string.h>

#include "base/status.h"
#include "direct_coder.h"

static size_t block_sample_bytes(pixel_format format)
{
    return direct_n_planes(format) * sample_bytes(format.bit_depth);
}

static size_t block_bytes(pixel_format format)
{
    return DIRECT_BLOCK * DIRECT_BLOCK * block_sample_bytes(format);
}

size_t direct_count(const uint8_t *payload, size_t size)
{
    bytes_reader r = bytes_reader_make(payload, size);
    (void)bytes_u16(&r);
    return bytes_u32(&r);
}

bool direct_is_lossless(const uint8_t *payload, size_t size, size_t width, size_t height)
{
    bytes_reader r = bytes_reader_make(payload, size);
    return bytes_u16(&r) == 1 && bytes_u32(&r) == direct_blocks_across(width) * direct_blocks_across(height);
}

uint64_t direct_bytes(pixel_format format, size_t width, size_t height, size_t n)
{
    const size_t w = direct_blocks_across(width), h = direct_blocks_across(height);
    return (uint64_t)n * block_bytes(format) + w * h * sizeof(uint32_t) + sizeof(direct_coder) + direct_coder_bytes(format, width);
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

static void decode_block(direct_blocks *blocks, direct_coder *b, size_t bx, size_t n_rows, uint8_t *to)
{
    const size_t row = DIRECT_BLOCK * b->n_planes;
    int32_t samples[DIRECT_BLOCK * DIRECT_MAX_PLANES] = { 0 };
    const unsigned depth = b->format.bit_depth;
    for (size_t y = 0; y < n_rows; y++, to += DIRECT_BLOCK * block_sample_bytes(blocks->format)) {
        direct_coder_code_row(b, bx, (int)y, samples);
        for (size_t i = 0; i < row; i++)
            sample_store(depth, to + i * sample_bytes(depth), (unsigned)samples[i]);
    }
}

/* False when there are more blocks, or fewer, than the head says. */
static bool decode_blocks(direct_blocks *blocks, direct_coder *b, size_t height)
{
    uint32_t n = 0;
    for (size_t by = 0; by < blocks->h; by++) {
        const size_t left = height - DIRECT_BLOCK * by, n_rows = left < DIRECT_BLOCK ? left : DIRECT_BLOCK;
        for (size_t bx = 0; bx < blocks->w; bx++) {
            const bool direct = bit_coder_code(&b->bits, direct_coder_flag(b, bx), 0);
            if (direct && n == blocks->n)
                return false;
            if (direct) {
                decode_block(blocks, b, bx, n_rows, blocks->samples + n * block_bytes(blocks->format));
                blocks->number[by * blocks->w + bx] = ++n;
            }
            direct_coder_end_block(b, bx, n_rows, direct);
        }
        direct_coder_next_row(b);
    }
    return n == blocks->n;
}

static ghm_status decode_stream(direct_blocks *blocks, const uint8_t *stream, size_t size, int step, size_t width, size_t height,
                                arena *memory, ghm_diagnostics *diag)
{
    range_decoder decoder;
    direct_coder *b = arena_alloc(memory, 1, sizeof *b);
    if (!b || !direct_coder_init(b, blocks->format, width, memory))
        return arena_status(memory, diag);
    range_decoder_init(&decoder, stream, size);
    b->bits.decoder = &decoder;
    direct_coder_begin(b, step);
    if (!decode_blocks(blocks, b, height))
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the direct blocks are not as many as their head says");
    return GHM_OK;
}

ghm_status direct_decode(direct_blocks *blocks, const uint8_t *payload, size_t size, pixel_format format, size_t width,
                         size_t height, memory_source *source, ghm_diagnostics *diag)
{
    bytes_reader r = bytes_reader_make(payload, size);
    const int step = bytes_u16(&r);
    const size_t n = bytes_u32(&r), w = direct_blocks_across(width), h = direct_blocks_across(height);
    if (r.overrun || step % 2 == 0 || step >> format.bit_depth != 0 || n == 0 || n > w * h)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the head of the direct blocks is not valid");
    *blocks = (direct_blocks){ .source = source, .format = format, .w = w, .h = h, .n = n };
    arena memory = { .source = source };
    ghm_status status = allocate_blocks(blocks, diag);
    if (status == GHM_OK)
        status = decode_stream(blocks, payload + DIRECT_HEAD_BYTES, size - DIRECT_HEAD_BYTES, step, width, height, &memory, diag);
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
