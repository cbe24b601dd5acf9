/* cost_bytes.h - where byte shuffles find what a step from a state costs. */
#ifndef GHM_ENTROPY_X86_COST_BYTES_H
#define GHM_ENTROPY_X86_COST_BYTES_H

#include "entropy/trellis_paths.h"

/* Indices into the eight bytes of trellis_costs, two for each state j < TRELLIS_HALF: of the costs to w = 0 and to w = 1. */
typedef struct cost_bytes {
    uint8_t to_zero[2 * TRELLIS_HALF], to_one[2 * TRELLIS_HALF];
} cost_bytes;

static inline cost_bytes make_cost_bytes(void)
{
    cost_bytes b;
    for (unsigned i = 0; i < 2 * TRELLIS_HALF; i++) {
        const unsigned j = i / 2, first = 4 * trellis_quantizer(j), parity = trellis_parity_to_zero(j);
        b.to_zero[i] = (uint8_t)(first + 2 * parity + i % 2);
        b.to_one[i] = (uint8_t)(first + 2 * (parity ^ 1) + i % 2);
    }
    return b;
}

#endif
