#include "eval/bdrate.h"

#include <math.h>

/* -------------------------------------------------------------------------------------------------- points */

static void sort_by_rate(rd_curve *c)
{
    for (size_t i = 1; i < c->n; i++) {
        const double bpp = c->bpp[i], quality = c->quality[i];
        size_t j = i;
        for (; j > 0 && c->bpp[j - 1] > bpp; j--) {
            c->bpp[j] = c->bpp[j - 1];
            c->quality[j] = c->quality[j - 1];
        }
        c->bpp[j] = bpp;
        c->quality[j] = quality;
    }
}

static void keep_finite(rd_curve *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (!(c->bpp[i] > 0) || !isfinite(c->bpp[i]) || !isfinite(c->quality[i]))
            continue;
        c->bpp[n] = c->bpp[i];
        c->quality[n++] = c->quality[i];
    }
    c->n = n;
}

void curve_clean(rd_curve *c)
{
    keep_finite(c);
    sort_by_rate(c);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (n > 0 && (c->bpp[i] <= c->bpp[n - 1] || c->quality[i] <= c->quality[n - 1]))
            continue;
        c->bpp[n] = c->bpp[i];
        c->quality[n++] = c->quality[i];
    }
    c->n = n;
}

/* log(rate) y over quality x: what is interpolated. */
typedef struct samples {
    size_t n;
    double x[CURVE_MAX_POINTS], y[CURVE_MAX_POINTS];
} samples;

static samples log_rates(const rd_curve *c)
{
    samples s = { .n = c->n };
    for (size_t i = 0; i < c->n; i++) {
        s.x[i] = c->quality[i];
        s.y[i] = log(c->bpp[i]);
    }
    return s;
}

static double secant(const samples *s, size_t i)
{
    return (s->y[i + 1] - s->y[i]) / (s->x[i + 1] - s->x[i]);
}

/* -------------------------------------------------------------------------------------------------- pchip */

/* Slope at an end from its two intervals (widths h, secants d), kept from overshooting. */
static double pchip_end_slope(double h0, double h1, double d0, double d1)
{
    const double slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
    if (slope * d0 <= 0)
        return 0;
    return d0 * d1 <= 0 && fabs(slope) > 3 * fabs(d0) ? 3 * d0 : slope;
}

/* Fritsch and Butland's weighted harmonic means of the neighbouring secants. */
static void pchip_slopes(const samples *s, double *slopes)
{
    const size_t n = s->n;
    for (size_t i = 1; i + 1 < n; i++) {
        const double h0 = s->x[i] - s->x[i - 1], h1 = s->x[i + 1] - s->x[i];
        const double d0 = secant(s, i - 1), d1 = secant(s, i);
        const double w0 = 2 * h1 + h0, w1 = h1 + 2 * h0;
        slopes[i] = d0 * d1 > 0 ? (w0 + w1) / (w0 / d0 + w1 / d1) : 0;
    }
    slopes[0] = pchip_end_slope(s->x[1] - s->x[0], s->x[2] - s->x[1], secant(s, 0), secant(s, 1));
    slopes[n - 1] = pchip_end_slope(s->x[n - 1] - s->x[n - 2], s->x[n - 2] - s->x[n - 3], secant(s, n - 2),
                                    secant(s, n - 3));
}

/* -------------------------------------------------------------------------------------------------- Akima */

/* Below this the two weights count as zero: the curve is straight on both sides. */
#define AKIMA_STRAIGHT 1e-12

static void akima_slopes(const samples *s, double *slopes)
{
    double secants[CURVE_MAX_POINTS + 3]; /* two extrapolated ones at each end */
    const size_t n = s->n;
    for (size_t i = 0; i + 1 < n; i++)
        secants[i + 2] = secant(s, i);
    secants[1] = 2 * secants[2] - secants[3];
    secants[0] = 2 * secants[1] - secants[2];
    secants[n + 1] = 2 * secants[n] - secants[n - 1];
    secants[n + 2] = 2 * secants[n + 1] - secants[n];
    for (size_t i = 0; i < n; i++) {
        const double *d = secants + i;
        const double w1 = fabs(d[3] - d[2]), w2 = fabs(d[1] - d[0]);
        slopes[i] = w1 + w2 < AKIMA_STRAIGHT ? (d[1] + d[2]) / 2 : (w1 * d[1] + w2 * d[2]) / (w1 + w2);
    }
}

/* -------------------------------------------------------------------------------------------------- integrals */

/* Integral of piece i of the cubic Hermite interpolant, from its start to the fraction t of its width. */
static double hermite_primitive(const samples *s, const double *slopes, size_t i, double t)
{
    const double h = s->x[i + 1] - s->x[i], t2 = t * t, t3 = t2 * t, t4 = t2 * t2;
    return h * (s->y[i] * (t4 / 2 - t3 + t) + s->y[i + 1] * (t3 - t4 / 2) +
                h * slopes[i] * (t4 / 4 - 2 * t3 / 3 + t2 / 2) + h * slopes[i + 1] * (t4 / 4 - t3 / 3));
}

static double integrate_hermite(const samples *s, bd_method method, double low, double high)
{
    double slopes[CURVE_MAX_POINTS], sum = 0;
    if (s->n == 2)
        slopes[0] = slopes[1] = secant(s, 0);
    else if (method == BD_AKIMA)
        akima_slopes(s, slopes);
    else
        pchip_slopes(s, slopes);
    for (size_t i = 0; i + 1 < s->n; i++) {
        const double from = fmax(low, s->x[i]), to = fmin(high, s->x[i + 1]), h = s->x[i + 1] - s->x[i];
        if (to > from)
            sum += hermite_primitive(s, slopes, i, (to - s->x[i]) / h) -
                   hermite_primitive(s, slopes, i, (from - s->x[i]) / h);
    }
    return sum;
}

/* The points that enclose [low, high] and one more on each side, but at least four: one cubic does not fit 20 dB. */
static samples bracket(const samples *s, double low, double high)
{
    size_t first = 0, end = 0;
    if (s->n <= 4)
        return *s;
    while (first < s->n && s->x[first] <= low)
        first++;
    first = first > 2 ? first - 2 : 0;
    while (end < s->n && s->x[end] < high)
        end++;
    end = end + 2 < s->n ? end + 2 : s->n;
    if (end - first < 4) {
        first = end > 4 ? end - 4 : 0;
        end = first + 4;
    }
    samples part = { .n = end - first };
    for (size_t i = 0; i < part.n; i++) {
        part.x[i] = s->x[first + i];
        part.y[i] = s->y[first + i];
    }
    return part;
}

#define MAX_COEFFICIENTS 4

/* Gauss elimination of the symmetric positive definite system m; the solution replaces its last column. */
static void solve(double m[MAX_COEFFICIENTS][MAX_COEFFICIENTS + 1], int n)
{
    for (int i = 0; i < n; i++) {
        for (int row = 0; row < n; row++) {
            if (row == i)
                continue;
            const double factor = m[row][i] / m[i][i];
            for (int column = i; column <= n; column++)
                m[row][column] -= factor * m[i][column];
        }
    }
    for (int i = 0; i < n; i++)
        m[i][n] /= m[i][i];
}

/* Least-squares cubic (VCEG-M33; four points are interpolated). Qualities are mapped to [-1, 1] first, which keeps the
 * normal equations well conditioned. */
static double integrate_cubic(const samples *all, double low, double high)
{
    const samples s = bracket(all, low, high);
    const int n = s.n < MAX_COEFFICIENTS ? (int)s.n : MAX_COEFFICIENTS;
    const double centre = (s.x[0] + s.x[s.n - 1]) / 2, scale = (s.x[s.n - 1] - s.x[0]) / 2;
    double normal[MAX_COEFFICIENTS][MAX_COEFFICIENTS + 1] = { { 0 } }, sum = 0;
    for (size_t i = 0; i < s.n; i++) {
        const double u = (s.x[i] - centre) / scale;
        for (int row = 0; row < n; row++) {
            for (int column = 0; column < n; column++)
                normal[row][column] += pow(u, row + column);
            normal[row][n] += pow(u, row) * s.y[i];
        }
    }
    solve(normal, n);
    for (int k = 0; k < n; k++)
        sum += normal[k][n] * (pow((high - centre) / scale, k + 1) - pow((low - centre) / scale, k + 1)) / (k + 1);
    return sum * scale;
}

static double integrate(const rd_curve *curve, bd_method method, double low, double high)
{
    const samples s = log_rates(curve);
    return method == BD_CUBIC ? integrate_cubic(&s, low, high) : integrate_hermite(&s, method, low, high);
}

/* -------------------------------------------------------------------------------------------------- BD-rate */

bd_result bd_rate(const rd_curve *anchor, const rd_curve *test, bd_method method, bd_range range)
{
    if (anchor->n < 2 || test->n < 2)
        return (bd_result){ .defined = false };
    double low = fmax(anchor->quality[0], test->quality[0]);
    double high = fmin(anchor->quality[anchor->n - 1], test->quality[test->n - 1]);
    double lowest = fmin(anchor->quality[0], test->quality[0]);
    double highest = fmax(anchor->quality[anchor->n - 1], test->quality[test->n - 1]);
    if (range.given) {
        low = fmax(low, range.low);
        high = fmin(high, range.high);
        lowest = fmax(lowest, range.low);
        highest = fmin(highest, range.high);
    }
    if (!(high > low))
        return (bd_result){ .defined = false };
    const double difference = integrate(test, method, low, high) - integrate(anchor, method, low, high);
    const double percent = 100 * (exp(difference / (high - low)) - 1);
    if (!isfinite(percent)) /* numbers that no measurement gives leave the range of double */
        return (bd_result){ .defined = false };
    return (bd_result){
        .defined = true,
        .percent = percent,
        .low = low,
        .high = high,
        .overlap = (high - low) / (highest - lowest),
    };
}
