#!/usr/bin/env python3
"""Compares what 'gingham eval kodak --json rd.json' has measured of peers with the stored curves of the same settings.

    python3 agree.py rd-jpeg-420.json rd-webp.json ...

Prints the difference of PSNR-RGB at equal rate for every point, and fails when one is above 0.02 dB. Rates of the same
version differ by a fraction of a percent at most (JPEG's and WebP's by nothing): the slope between stored points takes that out.
"""
import json
import math
import os
import sys

STORED = {"jpeg-420": "jpeg-turbo-420", "jpeg-444": "jpeg-turbo-444", "webp": "webp-m6", "avif-420": "avif-aom-s6-420",
          "avif-444": "avif-aom-s6-444", "x265-444": "hevc-x265-medium-444-10b", "jxl": "jxl-e7",
          "jpeg2000": "jpeg2000-openjpeg"}
LIMIT = 0.02


def differences(measured, stored):
    points = sorted(zip(stored["bpp"], stored["psnr"]))
    for bpp, psnr in zip(measured["bpp"], measured["psnr-rgb"]):
        i = min(range(len(points)), key=lambda k: abs(math.log(points[k][0] / bpp)))
        j = i + 1 if i + 1 < len(points) and (bpp >= points[i][0] or i == 0) else i - 1
        (b0, p0), (b1, p1) = points[i], points[j]
        yield bpp, psnr - (p0 + (p1 - p0) * math.log(bpp / b0) / math.log(b1 / b0))


def main():
    worst = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            run = json.load(file)
        if run["name"] not in STORED:
            continue
        folder = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(folder, "measured", STORED[run["name"]] + ".json"), encoding="utf-8") as file:
            stored = json.load(file)
        found = list(differences(run["results"], stored))
        print("%-9s %s" % (run["name"], " ".join("%.4f bpp %+.4f dB," % point for point in found)[:-1]))
        worst = max([worst] + [abs(difference) for _, difference in found])
    print("largest difference %.4f dB" % worst)
    sys.exit(worst > LIMIT)


main()
