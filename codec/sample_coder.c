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

sample_plane sample_plane_make(int step, int max)
{
    return (sample_plane){ step, sample_bit_length((unsigned)((max + step / 2) / step)) };
}

int sample_code_magnitude(bit_coder *c, adaptive_bit exponent[SAMPLE_MAX_BITS], adaptive_bit mantissa[SAMPLE_MAX_BITS][SAMPLE_MAX_BITS],
                          int bits, int magnitude)
{
    const int known = sample_bit_length((unsigned)magnitude) - 1; /* when encoding */
    int k = 0;
    while (k + 1 < bits && bit_coder_code(c, &exponent[k], k < known))
        k++;
    int v = 1;
    for (int i = k - 1; i >= 0; i--)
        v = v << 1 | (int)bit_coder_code(c, &mantissa[k][i], (unsigned)magnitude >> i & 1);
    return v;
}

int sample_range(const sample_neighbours *at)
{
    return abs(at->w - at->nw) + abs(at->nw - at->n) + abs(at->n - at->ne);
}

int sample_code(bit_coder *c, sample_contexts *s, const sample_plane *plane, const sample_neighbours *at, int activity,
                int low, int high, int x, bool *hit)
{
    const int guess = fixed_clamp(sample_guess(at), low, high);
    const int end = guess == low ? 0 : guess == high ? 1 : 2;
    const int steps = (abs(x - guess) + plane->step / 2) / plane->step;

    *hit = !bit_coder_code(c, &s->hit[sample_pattern(at)][activity][end], steps != 0);
    if (*hit)
        return guess;
    const unsigned below = end == 0 ? 0 : end == 1 ? 1 : bit_coder_code(c, &s->sign[activity], x < guess);
    const int error = sample_code_magnitude(c, s->exponent[activity], s->mantissa, plane->step_bits, steps) * plane->step;
    return below ? guess - error : guess + error;
}
