#include "trellis.h"

#include <float.h>
#include <math.h>

#include "dependent_quantizer.h"

/* Elements that are decided together: a long row is cut where so many coded ones have come, at the best state of that moment. It
 * bounds the memory and costs nothing that can be measured. */
enum { WINDOW = 1024 };

/* [state][parity]: where the state is reached from by an even or odd symbol, dq_next_state backwards. */
static const uint8_t previous_state[DQ_N_STATES][2] = { { 0, 4 }, { 2, 6 }, { 4, 0 }, { 6, 2 },
                                                        { 5, 3 }, { 1, 7 }, { 3, 5 }, { 7, 1 } };

/* One coded element of the window. */
typedef struct step {
    size_t at;                          /* in the row */
    int16_t symbol[DQ_N_QUANTIZERS][2]; /* the best of each parity */
    uint8_t odd;                        /* bit s: the best path to state s came by an odd symbol */
} step;

/* Well inside int16, also for what is not a number. (fminf and fmaxf would be calls.) */
static float limit(float v)
{
    const float max = TRELLIS_MAX_SYMBOL - 2, at_least = v > -max ? v : -max;
    return at_least < max ? at_least : max;
}

static float cost_of(float size, float offset, int magnitude, const float *price)
{
    const float e = size - ((float)magnitude - (magnitude ? offset : 0.0f));
    return e * e + price[magnitude < TRELLIS_REACH ? magnitude : TRELLIS_REACH];
}

/* Of the magnitudes of one parity the nearest one, or the next smaller one where that is cheaper. Points are at
 * magnitude - offset steps, offset 0 or 1/2, and at 0. */
static int best_of_parity(float size, float offset, int parity, const float *price, float *cost)
{
    const int magnitude = parity + 2 * (int)((size + offset - (float)parity) * 0.5f + 0.5f); /* not below parity: size >= 0 */
    *cost = cost_of(size, offset, magnitude, price);
    if (magnitude < 2)
        return magnitude;
    const float cost_of_smaller = cost_of(size, offset, magnitude - 2, price);
    if (*cost < cost_of_smaller)
        return magnitude;
    *cost = cost_of_smaller;
    return magnitude - 2;
}

/* The best even and odd symbol of each quantizer, and what they cost. */
static void find_candidates(const trellis_prices *prices, size_t scale, float wanted, step *s, float cost[DQ_N_QUANTIZERS][2])
{
    const float size = fabsf(wanted);
    const int sign = wanted < 0 ? -1 : 1;

    for (size_t q = 0; q < DQ_N_QUANTIZERS; q++) {
        const float *price = prices->price + (q * prices->n_scales + scale) * (TRELLIS_REACH + 1), offset = 0.5f * (float)q;
        if (size < 0.5f) { /* as below, without its roundings: most elements */
            s->symbol[q][0] = 0;
            s->symbol[q][1] = (int16_t)sign;
            cost[q][0] = cost_of(size, offset, 0, price);
            cost[q][1] = cost_of(size, offset, 1, price);
        } else {
            for (int parity = 0; parity < 2; parity++)
                s->symbol[q][parity] = (int16_t)(sign * best_of_parity(size, offset, parity, price, &cost[q][parity]));
        }
    }
}

/* Extend the best paths, whose costs are path[], by one element. */
static void extend(float path[DQ_N_STATES], const float cost[DQ_N_QUANTIZERS][2], step *s)
{
    float next[DQ_N_STATES];
    unsigned odd = 0;

    for (unsigned to = 0; to < DQ_N_STATES; to++) {
        const unsigned a = previous_state[to][0], b = previous_state[to][1]; /* of one quantizer */
        const float by_even = path[a] + cost[dq_quantizer(a)][0], by_odd = path[b] + cost[dq_quantizer(b)][1];
        odd |= (unsigned)(by_odd < by_even) << to;
        next[to] = by_odd < by_even ? by_odd : by_even;
    }
    for (unsigned state = 0; state < DQ_N_STATES; state++)
        path[state] = next[state];
    s->odd = (uint8_t)odd;
}

static unsigned cheapest(const float path[DQ_N_STATES])
{
    unsigned best = 0;
    for (unsigned state = 1; state < DQ_N_STATES; state++)
        if (path[state] < path[best])
            best = state;
    return best;
}

/* Only one state is possible. */
static void begin(float path[DQ_N_STATES], unsigned at)
{
    for (unsigned state = 0; state < DQ_N_STATES; state++)
        path[state] = state == at ? 0.0f : FLT_MAX / 4;
}

/* Walk the best path back from its end. */
static void decide(const step *steps, size_t n, unsigned end, int16_t *symbol, uint8_t *state)
{
    for (size_t i = n; i-- > 0;) {
        const step *s = &steps[i];
        const unsigned parity = s->odd >> end & 1, before = previous_state[end][parity];
        symbol[s->at] = s->symbol[dq_quantizer(before)][parity];
        if (state)
            state[s->at] = (uint8_t)before;
        end = before;
    }
}

void trellis_choose(const trellis_prices *prices, const uint8_t *scale_index, const float *wanted, int16_t *symbol, uint8_t *state,
                    size_t n)
{
    step steps[WINDOW];
    size_t n_steps = 0;
    float path[DQ_N_STATES], cost[DQ_N_QUANTIZERS][2];

    begin(path, DQ_START);
    for (size_t i = 0; i < n; i++) {
        if (scale_index[i] < prices->n_skipped) {
            symbol[i] = 0;
            if (state)
                state[i] = DQ_START;
            continue;
        }
        step *s = &steps[n_steps++];
        s->at = i;
        find_candidates(prices, scale_index[i], limit(wanted[i]), s, cost);
        extend(path, cost, s);
        if (n_steps == WINDOW) {
            const unsigned end = cheapest(path);
            decide(steps, n_steps, end, symbol, state);
            begin(path, end);
            n_steps = 0;
        }
    }
    decide(steps, n_steps, cheapest(path), symbol, state);
}
