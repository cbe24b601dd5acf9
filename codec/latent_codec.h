/* latent_codec.h - one band of rows: z, then y pass by pass, to and from one range-coded stream. Here the networks
 * (models/) meet the entropy coder (entropy/); the decoder and the encoder run the same functions for everything that
 * both must know. Bands share nothing, so they may be coded in any order and at the same time. */
#ifndef GHM_CODEC_LATENT_CODEC_H
#define GHM_CODEC_LATENT_CODEC_H

#include "base/bytes.h"
#include "base/stage_clock.h"
#include "entropy/range_decoder.h"
#include "entropy/range_encoder.h"
#include "entropy/trellis.h"
#include "models/context.h"
#include "models/hyper_analysis.h"
#include "models/hyper_synthesis.h"
#include "quality.h"

/* What an encoder codes: y (h, w, M), Q frac_y. idle: NULL, or (h, w), not zero where nobody will see the pixels: symbols are chosen
 * for their rate alone there. target: NULL, or (h, w, M) in the units of y, what y_hat shall come near instead of y, from which only
 * z is made then. price_slope: NULL, or (h, w, M), which receives how the price of an element grows with the target, in squared steps
 * a step (trellis_price_slope()). */
typedef struct latent_source {
    const int16_t *y;
    const uint8_t *idle;
    const float *target;
    float *price_slope;
} latent_source;

/* The working memory of one thread; used for one band after another. */
typedef struct latent_codec {
    const ghm_model *model;
    const quality_tables *quality;
    size_t w;               /* columns of y */
    arena memory;
    hyper_analysis ha;      /* encoder only */
    hyper_synthesis hs;
    context_model context;
    int16_t *z_symbol, *z_hat; /* (zh, zw, Z) */
    float *z;                  /* encoder only */
    int16_t *p;                /* (h, w, P) */
    uint8_t *scale_index;      /* (h, w, M) */
    int16_t *point;            /* a row of one pass, half steps; an encoder's: a whole pass, symbols until they are coded */
    uint8_t *symbol_scale;     /* a row of one pass */
    int16_t *mean;             /* encoder only: a whole pass */
    float *wanted;             /* encoder only: a row of y less the means, in steps */
    trellis *trellis;          /* encoder only */
    double *ideal_bits;        /* NULL, or where an encoder adds -log2 p of every symbol (tests) */
    stage_clock *clock;        /* NULL, or the thread's */

    /* the band at work */
    size_t h;
    bool cut;
    int16_t *y_hat;
    const latent_source *source; /* NULL when decoding */
    size_t pass;
    unsigned state;            /* of the pass's dependent quantizer */
    size_t n_wanted;           /* encoder only: elements of the pass that the trellis has */
    range_encoder encoder;
    range_decoder decoder;
} latent_codec;

/* For bands of up to max_h rows and w columns of y. quality must outlive the codec; source may be NULL. */
ghm_status latent_codec_init(latent_codec *lc, const ghm_model *model, const quality_tables *quality, size_t max_h,
                             size_t w, bool encoding, memory_source *source, ghm_diagnostics *diag);
void latent_codec_free(latent_codec *lc);

/* Payload of a band chunk -> y_hat: (h, w, M), Q frac_y. cut: it ends early, and y_hat is the mean where symbols have not arrived;
 * GHM_ERR_TRUNCATED where these are not even those of z. */
ghm_status latent_codec_decode(latent_codec *lc, const uint8_t *data, size_t size, bool cut, size_t h, int16_t *y_hat,
                               ghm_diagnostics *diag);

/* -> payload appended to out, and the y_hat that a decoder will have. */
ghm_status latent_codec_encode(latent_codec *lc, const latent_source *source, size_t h, int16_t *y_hat, bytes_writer *out,
                               ghm_diagnostics *diag);

#endif
