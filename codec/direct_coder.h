/* direct_coder.h - what both directions of direct blocks share (BITSTREAM.md, "Direct blocks"): the blocks of a band one after
 * the other, from left to right, row of blocks by row, and the contexts that learn from them.
 *
 * Prediction sees a canvas of the components green, red - green and blue - green (or grey) on which blocks that are not coded
 * directly are plain: of the colour of the last sample coded, which is the background of most text. So nothing depends on the
 * synthesis.
 *
 *       canvas      2 rows kept from the row of blocks above      | PAD |  block  |  block  | ...
 *                   16 rows of the row of blocks at work          | PAD |  block  | x...
 */
#ifndef GHM_CODEC_DIRECT_CODER_H
#define GHM_CODEC_DIRECT_CODER_H

#include "base/arena.h"
#include "colour.h"
#include "sample_coder.h"

enum {
    DIRECT_BLOCK = 16,     /* rows and columns */
    DIRECT_MAX_PLANES = 3,
    DIRECT_SETS = 6,       /* of contexts: green; red by whether green was hit; blue by how many of the two were */
    DIRECT_HEAD_BYTES = 6  /* of a payload: u16 step, u32 number of blocks */
};

typedef struct direct_contexts {
    adaptive_bit flag[4];
    sample_contexts samples[DIRECT_SETS];
} direct_contexts;

typedef struct direct_coder {
    pixel_format format;
    size_t width;    /* pixels */
    size_t w;        /* blocks */
    size_t n_planes;
    int max;         /* of a sample */
    sample_plane plane;
    direct_contexts contexts;
    int fill[DIRECT_MAX_PLANES]; /* the last sample coded */
    int32_t *canvas; /* (n_planes, 2 + 16, PAD + 16 w) */
    uint8_t *above;  /* (w): flags of the row of blocks above, then of the one at work up to the block at work */
    unsigned left;   /* flag */
    bit_coder bits;
} direct_coder;

/* Planes of direct blocks: those of colour. */
static inline size_t direct_n_planes(pixel_format format) { return components_are_grey(format.components) ? 1 : 3; }

/* Blocks across so many pixels. */
static inline size_t direct_blocks_across(size_t pixels) { return (pixels + DIRECT_BLOCK - 1) / DIRECT_BLOCK; }

/* What a coder allocates. */
uint64_t direct_coder_bytes(pixel_format format, size_t width);
/* For bands of width pixels. False when memory has failed. */
bool direct_coder_init(direct_coder *b, pixel_format format, size_t width, arena *memory);
/* A band begins. step: odd, 1 .. max. */
void direct_coder_begin(direct_coder *b, int step);

/* Whether a block is coded directly: where its flag is coded, before its rows ... */
adaptive_bit *direct_coder_flag(direct_coder *b, size_t bx);
/* ... of which it has so many columns within the picture. */
size_t direct_coder_columns(const direct_coder *b, size_t bx);
/* Code row y of a block. samples: (columns, n_planes), decoded or, when encoding, replaced by what a decoder will have. */
void direct_coder_code_row(direct_coder *b, size_t bx, int y, int32_t *samples);
/* After each block of n_rows rows, coded or not. */
void direct_coder_end_block(direct_coder *b, size_t bx, size_t n_rows, bool direct);
/* After each row of blocks. */
void direct_coder_next_row(direct_coder *b);

#endif
