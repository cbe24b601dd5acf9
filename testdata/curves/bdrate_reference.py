#!/usr/bin/env python3
"""Writes bdrate.tsv: BD-rates of the curves in this folder by a second implementation, in numpy.

    python3 bdrate_reference.py > bdrate.tsv
"""
import glob
import json
import os

import numpy as np

ANCHORS = ("vtm", "bpg444", "avif-aom-s6-420-png", "jpeg-turbo-420")


def hermite_integral(x, y, m, lo, hi):
    def primitive(i, t):
        h = x[i + 1] - x[i]
        return h * (y[i] * (t**4 / 2 - t**3 + t) + y[i + 1] * (t**3 - t**4 / 2)
                    + h * m[i] * (t**4 / 4 - 2 * t**3 / 3 + t**2 / 2) + h * m[i + 1] * (t**4 / 4 - t**3 / 3))
    total = 0
    for i in range(len(x) - 1):
        a, b = max(lo, x[i]), min(hi, x[i + 1])
        if b > a:
            h = x[i + 1] - x[i]
            total += primitive(i, (b - x[i]) / h) - primitive(i, (a - x[i]) / h)
    return total


def pchip_slopes(x, y):
    h, d = np.diff(x), np.diff(y) / np.diff(x)
    m = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        if d[i - 1] * d[i] > 0:
            w1, w2 = 2 * h[i] + h[i - 1], h[i] + 2 * h[i - 1]
            m[i] = (w1 + w2) / (w1 / d[i - 1] + w2 / d[i])

    def end(h0, h1, d0, d1):
        v = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
        if v * d0 <= 0:
            return 0
        return 3 * d0 if d0 * d1 <= 0 and abs(v) > 3 * abs(d0) else v
    m[0], m[-1] = end(h[0], h[1], d[0], d[1]), end(h[-1], h[-2], d[-1], d[-2])
    return m


def akima_slopes(x, y):
    d = np.diff(y) / np.diff(x)
    e = np.concatenate(([0, 0], d, [0, 0]))
    e[1] = 2 * e[2] - e[3]
    e[0] = 2 * e[1] - e[2]
    e[-2] = 2 * e[-3] - e[-4]
    e[-1] = 2 * e[-2] - e[-3]
    m = np.zeros(len(x))
    for i in range(len(x)):
        w1, w2 = abs(e[i + 3] - e[i + 2]), abs(e[i + 1] - e[i])
        m[i] = (e[i + 1] + e[i + 2]) / 2 if w1 + w2 < 1e-12 else (w1 * e[i + 1] + w2 * e[i + 2]) / (w1 + w2)
    return m


def cubic_integral(x, y, lo, hi):
    if len(x) > 4:
        a = max(np.searchsorted(x, lo, "right") - 2, 0)
        b = min(np.searchsorted(x, hi, "left") + 2, len(x))
        if b - a < 4:
            a = max(b - 4, 0)
            b = a + 4
        x, y = x[a:b], y[a:b]
    c = x.mean()
    p = np.polyint(np.polyfit(x - c, y, min(3, len(x) - 1)))
    return np.polyval(p, hi - c) - np.polyval(p, lo - c)


def integral(x, y, lo, hi, method):
    if method == "cubic":
        return cubic_integral(x, y, lo, hi)
    return hermite_integral(x, y, (pchip_slopes if method == "pchip" else akima_slopes)(x, y), lo, hi)


def clean(curve):
    kept = []
    for bpp, quality in sorted(zip(*curve)):
        if not kept or (bpp > kept[-1][0] and quality > kept[-1][1]):
            kept.append((bpp, quality))
    r, q = np.array(kept).T
    return r, q


def bd_rate(anchor, test, method, span):
    (r0, q0), (r1, q1) = clean(anchor), clean(test)
    lo, hi = max(q0[0], q1[0]), min(q0[-1], q1[-1])
    if span:
        lo, hi = max(lo, span[0]), min(hi, span[1])
    if hi <= lo:
        return None
    d = (integral(q1, np.log(r1), lo, hi, method) - integral(q0, np.log(r0), lo, hi, method)) / (hi - lo)
    return 100 * (np.exp(d) - 1)


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    files = sorted(glob.glob(folder + "/*/*.json"))
    curves = {os.path.relpath(f, folder): json.load(open(f)) for f in files}
    for metric, span in (("psnr", None), ("psnr", (30, 36)), ("ms-ssim", None)):
        rd = {}
        for name, c in curves.items():
            if metric in c:
                q = np.array(c[metric])
                rd[name] = c["bpp"], list(q if metric == "psnr" else -10 * np.log10(1 - q))
        for method in ("pchip", "cubic", "akima"):
            for a in (name for name in rd if os.path.basename(name)[:-5] in ANCHORS):
                for t in rd:
                    v = bd_rate(rd[a], rd[t], method, span)
                    print(metric, "%g,%g" % span if span else "-", method, a, t, "-" if v is None else "%.6f" % v,
                          sep="\t")


main()
