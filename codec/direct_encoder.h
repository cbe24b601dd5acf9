/* direct_encoder.h - which blocks of a band are coded directly, and the chunk of them (direct_decoder.h). */
#ifndef GHM_CODEC_DIRECT_ENCODER_H
#define GHM_CODEC_DIRECT_ENCODER_H

#include "base/arena.h"
#include "base/bytes.h"
#include "colour.h"

/* How the encoder chooses: a block costs bits + weight * squared error, in 8-bit units and summed over its samples. */
typedef struct direct_choice {
    double step;   /* of the samples, in 8-bit units; the most that a band may have */
    double weight;
    double network, lost; /* what networks cost and lose, in shares of what is guessed from y and from the pixels */
    bool all;      /* every block, without a look at its cost */
} direct_choice;

/* quality in 0..1; synthesis_kmac: multiplications of the synthesis, thousands a pixel. */
direct_choice direct_choice_make(double quality, double synthesis_kmac, pixel_format format);
/* Without loss. */
static inline direct_choice direct_choice_lossless(void) { return (direct_choice){ .step = 0, .all = true }; }

/* What the networks are expected to spend on a block of these y, (m), Q frac_y, at a quality's gains, (m): bits and squared error,
 * as bits. The bits are a fit to those of photographs; their errors, weighed for the quality, come to half as much again. */
float direct_network_cost(const int16_t *y, size_t m, unsigned frac_y, const float *gain_y);

/* One band being encoded. */
typedef struct direct_encoder direct_encoder;

/* For bands as wide as the picture. Memory comes from `memory`; NULL when that has failed. payload receives the chunk. */
direct_encoder *direct_encoder_make(pixel_format format, size_t width, bytes_writer *payload, arena *memory);
/* A band is rows `first` and on of the picture `source`, n_rows of them. */
void direct_encoder_begin(direct_encoder *e, const direct_choice *choice, const ghm_image *source, size_t first, size_t n_rows);
/* Before the networks: which blocks of the next row will be coded directly whatever the networks make of them, so that these
 * need not try? Rows `first` and on of the picture `source`, n_rows of them, 16 but at its end. costs: (w), what the networks
 * are expected to cost, but for what no quality mends; replaced by what coding directly would. planned: (w), the result.
 * After the last row direct_encoder_restart(). */
void direct_encoder_plan_row(direct_encoder *e, const ghm_image *source, size_t first, size_t n_rows, float *costs,
                             uint8_t *planned);
/* From the plan to the coding: the same band from its first row. */
void direct_encoder_restart(direct_encoder *e);
/* Code the next row of blocks, as planned and where it is better than the pixels. pixels: what the synthesis made of them;
 * blocks that are coded directly are replaced. */
void direct_encoder_row(direct_encoder *e, const ghm_image *source, size_t first, size_t n_rows, const float *costs,
                        const uint8_t *planned, uint8_t *pixels, size_t row_stride);
/* The band is complete. The payload stays empty when no block was worth it. False when memory ran out. */
bool direct_encoder_finish(direct_encoder *e);

#endif
