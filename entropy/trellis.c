#include "trellis.h"

#include <math.h>

enum { COST_UNIT = 512 }; /* to a squared step: costs of paths are integers, so that they compare alike everywhere */

/* Only one state is possible. */
static void begin(trellis *t, unsigned at)
{
    for (unsigned state = 0; state < DQ_N_STATES; state++)
        t->path[state] = state == at ? 0 : TRELLIS_FAR;
    t->n = 0;
}

void trellis_init(trellis *t, const trellis_prices *prices)
{
    size_t variant = 0;
    while (!trellis_variants[variant].runs())
        variant++;
    t->prices = *prices;
    t->extend = trellis_variants[variant].extend;
    begin(t, DQ_START);
}

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
static void find_candidates(const trellis_prices *prices, size_t scale, float wanted, int16_t best[DQ_N_QUANTIZERS][2],
                            float cost[DQ_N_QUANTIZERS][2])
{
    const float size = fabsf(wanted);
    const int sign = wanted < 0 ? -1 : 1;

    for (size_t q = 0; q < DQ_N_QUANTIZERS; q++) {
        const float *price = prices->price + (q * prices->n_scales + scale) * (TRELLIS_REACH + 1), offset = 0.5f * (float)q;
        if (size < 0.5f) { /* as below, without its roundings: most elements */
            best[q][0] = 0;
            best[q][1] = (int16_t)sign;
            cost[q][0] = cost_of(size, offset, 0, price);
            cost[q][1] = cost_of(size, offset, 1, price);
        } else {
            for (int parity = 0; parity < 2; parity++)
                best[q][parity] = (int16_t)(sign * best_of_parity(size, offset, parity, price, &cost[q][parity]));
        }
    }
}

/* (fminf would be a call.) */
static float least(float a, float b) { return a < b ? a : b; }

static void relative_to_least(float cost[DQ_N_QUANTIZERS][2], trellis_costs relative)
{
    const float base = least(least(cost[0][0], cost[0][1]), least(cost[1][0], cost[1][1]));
    for (int q = 0; q < DQ_N_QUANTIZERS; q++)
        for (int parity = 0; parity < 2; parity++)
            relative[q][parity] = (int16_t)least((cost[q][parity] - base) * COST_UNIT + 0.5f, TRELLIS_MOST);
}

static unsigned cheapest(const int16_t path[DQ_N_STATES])
{
    unsigned best = 0;
    for (unsigned state = 1; state < DQ_N_STATES; state++)
        if (path[state] < path[best])
            best = state;
    return best;
}

/* Find the best path through the window and walk it back from its end. -> the state there */
static unsigned decide(trellis *t)
{
    t->extend(t->path, t->cost, t->from, t->n);
    const unsigned end = cheapest(t->path);
    unsigned state = end;
    for (size_t i = t->n; i-- > 0;) {
        const trellis_element *element = &t->element[i];
        const unsigned w = state & 1, j = state >> 1, before = j + (t->from[i][j] >> w & 1) * TRELLIS_HALF;
        *element->symbol = element->best[trellis_quantizer(before)][trellis_parity_to_zero(before) ^ w];
        state = before;
    }
    return end;
}

void trellis_extend(trellis *t, const uint8_t *scale_index, const float *wanted, int16_t *symbol, size_t n)
{
    float cost[DQ_N_QUANTIZERS][2];

    for (size_t i = 0; i < n; i++) {
        symbol[i] = 0;
        if (scale_index[i] < t->prices.n_skipped)
            continue;
        trellis_element *element = &t->element[t->n];
        element->symbol = &symbol[i];
        find_candidates(&t->prices, scale_index[i], limit(wanted[i]), element->best, cost);
        relative_to_least(cost, t->cost[t->n++]);
        if (t->n == TRELLIS_WINDOW)
            begin(t, decide(t));
    }
}

void trellis_end(trellis *t)
{
    decide(t);
    begin(t, DQ_START);
}

/* Of a magnitude that need not be whole. */
static float price_at(const float *price, float magnitude)
{
    if (!(magnitude < TRELLIS_REACH))
        return price[TRELLIS_REACH];
    const int k = (int)magnitude;
    return price[k] + (magnitude - (float)k) * (price[k + 1] - price[k]);
}

float trellis_price_slope(const trellis *t, uint8_t scale_index, float wanted)
{
    const float *price = t->prices.price + (size_t)scale_index * (TRELLIS_REACH + 1);
    if (scale_index < t->prices.n_skipped)
        return 0;
    return price_at(price, fabsf(wanted + 0.5f)) - price_at(price, fabsf(wanted - 0.5f));
}
