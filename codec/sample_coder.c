#include "sample_coder.h"

#include <math.h>
#include <stdlib.h>

#include "base/fixed.h"

void bit_coder_price(bit_coder *c, const adaptive_bit *b, unsigned bit)
{
    const uint32_t f = adaptive_bit_frequency(b);
    c->likelihood *= (bit ? 65536 - f : f) * (1.0 / 65536);
    if (c->likelihood < 1e-20) { /* one logarithm for many bits */
        c->bits -= log2(c->likelihood);
        c->likelihood = 1;
    }
}

void adaptive_bits_start(adaptive_bit *bits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bits[i] = ADAPTIVE_BIT_START;
}

static int median_edge(int w, int n, int nw)
{
    const int low = w < n ? w : n, high = w < n ? n : w;
    return nw >= high ? low : nw <= low ? high : w + n - nw;
}

static int log2_floor(unsigned v)
{
    int k = 0;
    while (v >>= 1)
        k++;
    return k;
}

sample_plane sample_plane_make(int step, int max)
{
    return (sample_plane){ step, log2_floor((unsigned)((max + step / 2) / step)) + 1 };
}

/* 1 .. 2^bits - 1: how many bits, then the bits below the first. */
static int code_magnitude(bit_coder *c, sample_contexts *s, int activity, int bits, int magnitude)
{
    const int known = c->decoder ? 0 : log2_floor((unsigned)magnitude);
    int k = 0;
    while (k + 1 < bits && bit_coder_code(c, &s->exponent[activity][k], k < known))
        k++;
    int v = 1;
    for (int i = k - 1; i >= 0; i--)
        v = v << 1 | (int)bit_coder_code(c, &s->mantissa[k][i], (unsigned)magnitude >> i & 1);
    return v;
}

int sample_range(const sample_neighbours *at)
{
    return abs(at->w - at->nw) + abs(at->nw - at->n) + abs(at->n - at->ne);
}

int sample_code(bit_coder *c, sample_contexts *s, const sample_plane *plane, const sample_neighbours *at, int activity,
                int low, int high, int x, bool *hit)
{
    const int guess = fixed_clamp(median_edge(at->w, at->n, at->nw), low, high);
    const int pattern = (at->w != at->n) | (at->n != at->nw) << 1 | (at->n != at->ne) << 2 | (at->w != at->ww) << 3 |
                        (at->n != at->nn) << 4;
    const int end = guess == low ? 0 : guess == high ? 1 : 2;
    const int steps = (abs(x - guess) + plane->step / 2) / plane->step;

    *hit = !bit_coder_code(c, &s->hit[pattern][activity][end], steps != 0);
    if (*hit)
        return guess;
    const unsigned below = end == 0 ? 0 : end == 1 ? 1 : bit_coder_code(c, &s->sign[activity], x < guess);
    const int error = code_magnitude(c, s, activity, plane->step_bits, steps) * plane->step;
    return below ? guess - error : guess + error;
}
