/* trellis_paths.h - the inner loop of trellis.h: the best paths to all states, extended element by element. Integers: every
 * variant does the same.
 *
 * States are numbered here by what the machine remembers, so that state j goes to 2j and 2j + 1 (modulo DQ_N_STATES), and paths
 * are extended in vectors: a state is the last DQ_STATE_BITS bits w, the latest lowest, where w(D) = t(D) / DQ_CHECK_QUANTIZER(D),
 * so that quantizer(D) = DQ_CHECK_T(D) * w(D). 0 is DQ_START in both numberings. */
#ifndef GHM_ENTROPY_TRELLIS_PATHS_H
#define GHM_ENTROPY_TRELLIS_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entropy/dependent_quantizer.h"

enum { TRELLIS_HALF = DQ_N_STATES / 2 };

/* Costs of an element are relative to the least of the four, and at most TRELLIS_MOST: from every state each other is reached in
 * DQ_STATE_BITS elements, so no two paths are further apart than TRELLIS_FAR, what a state costs that cannot be, and in
 * TRELLIS_EXTENSIONS elements no sum leaves int16. */
enum { TRELLIS_MOST = 2047, TRELLIS_FAR = DQ_STATE_BITS * TRELLIS_MOST, TRELLIS_EXTENSIONS = 7 };
_Static_assert(TRELLIS_FAR + TRELLIS_EXTENSIONS * TRELLIS_MOST + TRELLIS_MOST <= INT16_MAX, "costs of paths overflow");

/* What the best symbols of an element cost: [quantizer][parity]. */
typedef int16_t trellis_costs[DQ_N_QUANTIZERS][2];

/* Bit w of [j]: the best path to state 2j + w is from j + TRELLIS_HALF, not from j. */
typedef uint8_t trellis_origins[TRELLIS_HALF];

/* path: what the best path to each state costs, not below 0, none more than TRELLIS_FAR above the least; the same afterwards, less what
 * they have in common. cost[n], from[n] */
typedef void trellis_extend_function(int16_t path[DQ_N_STATES], const trellis_costs *cost, trellis_origins *from, size_t n);

typedef struct trellis_variant {
    const char *name;
    trellis_extend_function *extend;
    bool (*runs)(void); /* on this CPU */
} trellis_variant;

/* Those of this build, fastest first; the last one is C and always runs. */
extern const trellis_variant trellis_variants[];
extern const size_t trellis_n_variants;

static inline unsigned trellis_quantizer(unsigned state) { return (unsigned)__builtin_parity(state & DQ_CHECK_T >> 1); }

/* Parity of the symbols that lead from a state to w = 0; the other ones lead to w = 1. Opposite for j and j + TRELLIS_HALF, which
 * are of one quantizer. */
static inline unsigned trellis_parity_to_zero(unsigned state)
{
    return (unsigned)__builtin_parity(state & DQ_CHECK_QUANTIZER >> 1) ^ trellis_quantizer(state);
}

#endif
