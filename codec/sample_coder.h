/* sample_coder.h - a sample predicted from those around it, as in LOCO-I (Weinberger, Seroussi, Sapiro, 1996), and the error in
 * steps, in adaptive bits and contexts of which neighbours are equal (BITSTREAM.md, "Direct blocks").
 *
 *                 nn              the sample x is predicted from w, n, nw; the context knows which of these six
 *            nw   n   ne          neighbours differ and by how much
 *       ww   w    x
 */
#ifndef GHM_CODEC_SAMPLE_CODER_H
#define GHM_CODEC_SAMPLE_CODER_H

#include "entropy/adaptive_bit.h"

/* Where bits go to or come from. One type for both directions, so that they cannot differ. */
typedef struct bit_coder {
    range_encoder *encoder; /* at most one of the two is not NULL; neither: the bits are only priced */
    range_decoder *decoder;
    double likelihood, bits; /* price so far: bits - log2(likelihood) */
} bit_coder;

void bit_coder_price(bit_coder *c, const adaptive_bit *b, unsigned bit);

/* Returns the bit, which is the one given when encoding. */
static inline unsigned bit_coder_code(bit_coder *c, adaptive_bit *b, unsigned bit)
{
    if (c->decoder)
        return adaptive_bit_decode(b, c->decoder);
    if (c->encoder) {
        adaptive_bit_encode(b, c->encoder, bit);
        return bit;
    }
    bit_coder_price(c, b, bit);
    adaptive_bit_learn(b, bit);
    return bit;
}

enum { SAMPLE_PATTERNS = 32, SAMPLE_ACTIVITIES = 6, SAMPLE_ENDS = 3, SAMPLE_MAX_BITS = 16 };

typedef struct sample_contexts {
    adaptive_bit hit[SAMPLE_PATTERNS][SAMPLE_ACTIVITIES][SAMPLE_ENDS];
    adaptive_bit sign[SAMPLE_ACTIVITIES];
    adaptive_bit exponent[SAMPLE_ACTIVITIES][SAMPLE_MAX_BITS], mantissa[SAMPLE_MAX_BITS][SAMPLE_MAX_BITS];
} sample_contexts;

/* Make n bits fresh. Structures of nothing but bits may be given as their first bit. */
void adaptive_bits_start(adaptive_bit *bits, size_t n);

typedef struct sample_neighbours {
    int w, ww, n, nw, ne, nn;
} sample_neighbours;

/* Bits of v without leading zeros; 0 for 0. */
static inline int sample_bit_length(unsigned v) { return v ? 32 - __builtin_clz(v) : 0; }

/* The median of w, n and w + n - nw: what the sample is likely to be. */
static inline int sample_guess(const sample_neighbours *at)
{
    const int low = at->w < at->n ? at->w : at->n, high = at->w < at->n ? at->n : at->w;
    return at->nw >= high ? low : at->nw <= low ? high : at->w + at->n - at->nw;
}

/* Which neighbours differ, 0 .. SAMPLE_PATTERNS - 1. */
static inline unsigned sample_pattern(const sample_neighbours *at)
{
    return (unsigned)((at->w != at->n) | (at->n != at->nw) << 1 | (at->n != at->ne) << 2 | (at->w != at->ww) << 3 | (at->n != at->nn) << 4);
}

/* A magnitude of 1 .. 2^bits - 1: how many bits it has, in the contexts `exponent`, then those below the first. */
int sample_code_magnitude(bit_coder *c, adaptive_bit exponent[SAMPLE_MAX_BITS], adaptive_bit mantissa[SAMPLE_MAX_BITS][SAMPLE_MAX_BITS],
                          int bits, int magnitude);

/* What the samples of a plane have in common. */
typedef struct sample_plane {
    int step;      /* errors are multiples of it; 1: without loss */
    int step_bits; /* how many bits the number of steps has at most, 1 .. SAMPLE_MAX_BITS */
} sample_plane;

/* step 1 .. max, of samples that span 0 .. max. */
sample_plane sample_plane_make(int step, int max);

/* Sum of the differences around the sample. */
int sample_range(const sample_neighbours *at);

/* Code a sample of low .. high. Returns the decoded one, at most step / 2 from x when encoding, but not clamped: beyond
 * low .. high by less than step, or by anything after damage. *hit tells whether it is the predicted one. */
int sample_code(bit_coder *c, sample_contexts *contexts, const sample_plane *plane, const sample_neighbours *at,
                int activity, int low, int high, int x, bool *hit);

#endif
