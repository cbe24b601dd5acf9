/* trellis.h - the symbols an encoder chooses for a row of y: of all paths of the dependent quantizer, the one with the least
 * squared error + price of bits (Viterbi's algorithm). */
#ifndef GHM_ENTROPY_TRELLIS_H
#define GHM_ENTROPY_TRELLIS_H

#include <stddef.h>
#include <stdint.h>

enum { TRELLIS_REACH = 31, TRELLIS_MAX_SYMBOL = 16000 };

/* price[(quantizer * n_scales + scale) * (TRELLIS_REACH + 1) + min(|symbol|, TRELLIS_REACH)]: what a symbol costs, in squared
 * steps. Elements whose scale is below n_skipped are not coded. */
typedef struct trellis_prices {
    const float *price;
    size_t n_scales, n_skipped;
} trellis_prices;

/* wanted[n]: in steps, any float; scale_index[n] -> symbol[n], within +-TRELLIS_MAX_SYMBOL, 0 where not coded; state[n], or NULL:
 * the state before each. The machine starts in DQ_START. */
void trellis_choose(const trellis_prices *prices, const uint8_t *scale_index, const float *wanted, int16_t *symbol, uint8_t *state,
                    size_t n);

#endif
