/* dependent_quantizer.h - how the symbols of a row become points on the half-step grid.
 *
 * Dependent (trellis-coded) quantization: two quantizers of step 1 whose points interleave, and a machine of eight states that
 * says which of them the next symbol is of. The parities of the symbols drive it. Points are in half steps:
 *
 *      symbol             -3    -2    -1     0     1     2     3
 *      quantizer 0        -6    -4    -2     0     2     4     6        states 0 2 4 6
 *      quantizer 1        -5    -3    -1     0     1     3     5        states 1 3 5 7
 *
 * So a decoder has points half a step apart at the rate of whole steps, and an encoder chooses among the paths of the machine
 * (trellis.h). Marcellin and Fischer, "Trellis coded quantization of memoryless and Gauss-Markov sources" (1990); Schwarz et al.,
 * "Hybrid video coding with trellis-coded quantization" (DCC 2019), from whom VVC and its successors have it. */
#ifndef GHM_ENTROPY_DEPENDENT_QUANTIZER_H
#define GHM_ENTROPY_DEPENDENT_QUANTIZER_H

#include <stdint.h>

enum { DQ_N_STATES = 8, DQ_N_QUANTIZERS = 2, DQ_START = 0 };

/* [state][parity of the symbol] */
static const uint8_t dq_next_state[DQ_N_STATES][2] = { { 0, 2 }, { 5, 7 }, { 1, 3 }, { 6, 4 },
                                                       { 2, 0 }, { 4, 6 }, { 3, 1 }, { 7, 5 } };

static inline unsigned dq_quantizer(unsigned state) { return state & 1; }

static inline unsigned dq_next(unsigned state, int symbol) { return dq_next_state[state][symbol & 1]; }

/* Half steps, without saturation. */
static inline int dq_point(unsigned state, int symbol)
{
    return 2 * symbol - (int)dq_quantizer(state) * ((symbol > 0) - (symbol < 0));
}

#endif
