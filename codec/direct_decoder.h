/* direct_decoder.h - blocks of pixels coded directly, where the networks cannot hold the picture: text, drawings, noise
 * (BITSTREAM.md, "Direct blocks"). The blocks of a band depend on nothing but each other, so that bands stay independent and
 * are decoded beside the networks; they are pasted over the pixels that the synthesis makes. */
#ifndef GHM_CODEC_DIRECT_DECODER_H
#define GHM_CODEC_DIRECT_DECODER_H

#include "base/arena.h"
#include "colour.h"

/* The decoded blocks of one band. Zeroed: none. */
typedef struct direct_blocks {
    memory_source *source;
    pixel_format format;
    size_t w, h;      /* blocks */
    size_t n;         /* of them coded directly */
    uint32_t *number; /* (h, w): 1 .. n, 0: not coded directly */
    uint8_t *samples; /* (n, 16, 16, components without alpha), u8 or u16 */
} direct_blocks;

/* Blocks that the payload of a chunk claims to hold; 0 when it is too short. */
size_t direct_count(const uint8_t *payload, size_t size);
/* Whether they are all blocks of a band of width x height pixels, without loss. */
bool direct_is_lossless(const uint8_t *payload, size_t size, size_t width, size_t height);
/* What direct_decode() allocates, working memory included. */
uint64_t direct_bytes(pixel_format format, size_t width, size_t height, size_t n);

/* Decode the chunk of a band of width x height pixels. GHM_OK, GHM_ERR_BITSTREAM, GHM_ERR_MEMORY, GHM_ERR_LIMIT. */
ghm_status direct_decode(direct_blocks *blocks, const uint8_t *payload, size_t size, pixel_format format, size_t width,
                         size_t height, memory_source *source, ghm_diagnostics *diag);
void direct_blocks_free(direct_blocks *blocks);

/* Columns x .. x + width - 1 of row y of the band over those of a row of interleaved pixels; alpha stays. */
void direct_paste(const direct_blocks *blocks, size_t y, size_t x, size_t width, uint8_t *pixels);

#endif
