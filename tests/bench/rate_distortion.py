#!/usr/bin/env python3
"""Rate-distortion curve of the gingham command on a folder of pictures, from written files.

    rate_distortion.py GINGHAM FOLDER [--points 11] [--options="--backend c"] [--out curve.json] [--anchor anchor.json ...]

Every picture is encoded to a file and decoded from it in a separate process; bpp is file bytes * 8 / pixels, PSNR is of the 8-bit RGB
picture, both averaged over pictures. Seconds are those of the codec, without reading and writing pictures. The JSON has the shape of
CompressAI's results. Anchors are JSON files with lists "bpp" and "psnr" (or the same shape); BD-rate is piecewise cubic (pchip) over the
PSNR interval that both curves cover (Bjontegaard, VCEG-M33; JVET's interpolation). Needs numpy, and PIL for pictures that are not PPM.
"""
import argparse
import glob
import json
import os
import subprocess
import tempfile

import numpy as np
from PIL import Image


def run(*command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def measure(gingham, picture, quality, options, folder):
    """-> bpp, PSNR, seconds to encode, seconds to decode."""
    stream, decoded = os.path.join(folder, "x.ghm"), os.path.join(folder, "x.ppm")
    encode = run(gingham, "encode", picture, "-o", stream, "-q", str(quality), "--json", *options)
    decode = run(gingham, "decode", stream, "-o", decoded, "--json", *options)
    a, b = (np.asarray(Image.open(f).convert("RGB"), np.float64) for f in (picture, decoded))
    bpp = os.path.getsize(stream) * 8 / (a.shape[0] * a.shape[1])
    return bpp, 10 * np.log10(255**2 / np.mean((a - b) ** 2)), encode["seconds"], decode["seconds"]


def pchip_integral(x, y, lo, hi):
    """Integral over [lo, hi] of the monotone cubic through (x, y) (Fritsch and Carlson), by fine Simpson steps."""
    h, d = np.diff(x), np.diff(y) / np.diff(x)
    m = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        if d[i - 1] * d[i] > 0:
            w1, w2 = 2 * h[i] + h[i - 1], h[i] + 2 * h[i - 1]
            m[i] = (w1 + w2) / (w1 / d[i - 1] + w2 / d[i])
    for end, (h0, h1, d0, d1) in ((0, (h[0], h[1], d[0], d[1])), (-1, (h[-1], h[-2], d[-1], d[-2]))):
        v = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
        m[end] = 0 if v * d0 <= 0 else 3 * d0 if d0 * d1 <= 0 and abs(v) > 3 * abs(d0) else v
    t = np.linspace(lo, hi, 20001)
    i = np.clip(np.searchsorted(x, t, "right") - 1, 0, len(x) - 2)
    s = (t - x[i]) / h[i]
    v = ((1 + 2 * s) * (1 - s) ** 2 * y[i] + s * (1 - s) ** 2 * h[i] * m[i]
         + s**2 * (3 - 2 * s) * y[i + 1] + s**2 * (s - 1) * h[i] * m[i + 1])
    w = np.ones(len(t))
    w[1:-1:2], w[2:-1:2] = 4, 2
    return float(np.sum(w * v) * (hi - lo) / (len(t) - 1) / 3)


def bd_rate(anchor, test):
    """Percent of rate; each a pair of arrays (bpp, PSNR), rising."""
    lo, hi = max(anchor[1][0], test[1][0]), min(anchor[1][-1], test[1][-1])
    integrals = [pchip_integral(np.array(p), np.log(r), lo, hi) for r, p in (anchor, test)]
    return 100 * (np.exp((integrals[1] - integrals[0]) / (hi - lo)) - 1), lo, hi


def read_curve(path):
    with open(path, encoding="utf-8") as f:
        curve = json.load(f)
    curve = curve.get("results", curve)
    return curve["bpp"], curve.get("psnr-rgb", curve.get("psnr"))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("gingham")
    ap.add_argument("folder")
    ap.add_argument("--points", type=int, default=11)
    ap.add_argument("--options", default="-j 1", help="further options for both commands")
    ap.add_argument("--out")
    ap.add_argument("--anchor", action="append", default=[])
    a = ap.parse_args()
    pictures = sorted(f for e in ("png", "ppm", "jpg") for f in glob.glob(os.path.join(a.folder, "*." + e)))
    results = {k: [] for k in ("psnr-rgb", "bpp", "encoding_time", "decoding_time")}
    print("%d pictures\nquality     bpp  PSNR-RGB  encode s  decode s" % len(pictures), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for quality in np.linspace(0, 100, a.points):
            rows = [measure(a.gingham, p, quality, a.options.split(), folder) for p in pictures]
            bpp, psnr, encode, decode = np.mean(rows, 0)
            print("%7.1f %7.4f %9.3f %9.3f %9.3f" % (quality, bpp, psnr, encode, decode), flush=True)
            for k, v in zip(("bpp", "psnr-rgb", "encoding_time", "decoding_time"), (bpp, psnr, encode, decode)):
                results[k].append(float(v))
    for path in a.anchor:
        value, lo, hi = bd_rate(read_curve(path), (results["bpp"], results["psnr-rgb"]))
        print("BD-rate %+.2f %% against %s, %.2f to %.2f dB" % (value, os.path.basename(path), lo, hi))
    if a.out:
        with open(a.out, "w", encoding="utf-8") as f:
            json.dump({"name": "gingham", "description": "written files", "results": results}, f, indent=2)


if __name__ == "__main__":
    main()
