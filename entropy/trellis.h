/* trellis.h - the symbols an encoder chooses for a pass of y: of all paths of the dependent quantizer, the one with the least
 * squared error + price of bits (Viterbi's algorithm). */
#ifndef GHM_ENTROPY_TRELLIS_H
#define GHM_ENTROPY_TRELLIS_H

#include <stddef.h>
#include <stdint.h>

#include "entropy/trellis_paths.h"

enum { TRELLIS_REACH = 31, TRELLIS_MAX_SYMBOL = 16000 };

/* Elements that are decided together: a long pass is cut where so many coded ones have come, at the best state of that moment. It
 * bounds the memory and costs nothing that can be measured. */
enum { TRELLIS_WINDOW = 1024 };

/* price[(quantizer * n_scales + scale) * (TRELLIS_REACH + 1) + min(|symbol|, TRELLIS_REACH)]: what a symbol costs, in squared
 * steps. Elements whose scale is below n_skipped are not coded. */
typedef struct trellis_prices {
    const float *price;
    size_t n_scales, n_skipped;
} trellis_prices;

/* The best symbol of each quantizer and parity for one coded element, and where the chosen one goes. */
typedef struct trellis_element {
    int16_t *symbol;
    int16_t best[DQ_N_QUANTIZERS][2];
} trellis_element;

typedef struct trellis {
    trellis_prices prices;
    trellis_extend_function *extend;
    int16_t path[DQ_N_STATES];
    size_t n; /* elements in the window */
    trellis_element element[TRELLIS_WINDOW];
    trellis_costs cost[TRELLIS_WINDOW];
    trellis_origins from[TRELLIS_WINDOW];
} trellis;

/* prices is copied, what it points to is not. */
void trellis_init(trellis *t, const trellis_prices *prices);

/* Append elements to the pass, in its order. wanted[n]: in steps, any float; scale_index[n]. symbol[n] must stay where it is:
 * it has its values, within +-TRELLIS_MAX_SYMBOL, 0 where not coded, after trellis_end() at the latest. */
void trellis_extend(trellis *t, const uint8_t *scale_index, const float *wanted, int16_t *symbol, size_t n);

/* How steep the price of an element is where it wants `wanted`: what the prices of the symbols half a step above and below differ
 * by, straight lines between whole symbols. 0 where not coded, and beyond TRELLIS_REACH. */
float trellis_price_slope(const trellis *t, uint8_t scale_index, float wanted);

/* Decide what is not decided yet; the next element is the first of another pass, in DQ_START. */
void trellis_end(trellis *t);

#endif
