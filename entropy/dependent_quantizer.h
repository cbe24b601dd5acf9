/* dependent_quantizer.h - how the symbols of a pass become points on the half-step grid.
 *
 * Dependent (trellis-coded) quantization: two quantizers of step 1 whose points interleave, and a machine of 256 states that
 * says which of them the next symbol is of. The parities of the symbols drive it. Points are in half steps:
 *
 *      symbol             -3    -2    -1     0     1     2     3
 *      quantizer 0        -6    -4    -2     0     2     4     6        even states
 *      quantizer 1        -5    -3    -1     0     1     3     5        odd states
 *
 * So a decoder has points half a step apart at the rate of whole steps, and an encoder chooses among the paths of the machine
 * (trellis.h). Marcellin and Fischer, "Trellis coded quantization of memoryless and Gauss-Markov sources" (1990); Schwarz et al.,
 * "Hybrid video coding with trellis-coded quantization" (DCC 2019), from whom VVC and its successors have it, with 4 and 8 states.
 *
 * The machine is a systematic convolutional encoder with feedback, like those of Ungerboeck, "Channel coding with
 * multilevel/phase signals" (1982): with t = 1 for the second pair of four neighbouring points, and quantizer and t as power
 * series in the delay D, DQ_CHECK_QUANTIZER(D) * quantizer + DQ_CHECK_T(D) * t = 0 modulo 2. More states bring the squared error
 * nearer to that of the best quantizer there is and cost a decoder nothing. */
#ifndef GHM_ENTROPY_DEPENDENT_QUANTIZER_H
#define GHM_ENTROPY_DEPENDENT_QUANTIZER_H

#include <stdint.h>

enum { DQ_STATE_BITS = 8, DQ_N_STATES = 1 << DQ_STATE_BITS, DQ_N_QUANTIZERS = 2, DQ_START = 0 };

/* Bit i: the coefficient of D^i. */
enum { DQ_CHECK_QUANTIZER = 0x1ed, DQ_CHECK_T = 0x0ea };

static inline unsigned dq_quantizer(unsigned state) { return state & 1; }

static inline unsigned dq_next(unsigned state, int symbol)
{
    static const uint8_t flips[DQ_N_QUANTIZERS][2] = { /* [quantizer][parity]; of quantizer 1 even symbols have t = 1 */
        { 0, DQ_CHECK_T >> 1 },
        { DQ_CHECK_QUANTIZER >> 1 ^ DQ_CHECK_T >> 1, DQ_CHECK_QUANTIZER >> 1 },
    };
    return state >> 1 ^ flips[dq_quantizer(state)][symbol & 1];
}

/* Half steps, without saturation. */
static inline int dq_point(unsigned state, int symbol)
{
    return 2 * symbol - (int)dq_quantizer(state) * ((symbol > 0) - (symbol < 0));
}

#endif
