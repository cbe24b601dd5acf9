#!/usr/bin/env python3
"""Prints the expected values in test_metrics.c, from the definitions and independently of the C code.

    metrics_reference.py ../../testdata/images        (numpy, PyTorch, Pillow)

SSIM and MS-SSIM: the computation of the package pytorch-msssim 1.0, data_range 255, in float64, with a window that is
applied in one two-dimensional convolution. PSNR-YUV: the BT.709 matrix applied to both pictures, no rounding.
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def window():
    coordinates = torch.arange(11, dtype=torch.float64) - 5
    g = torch.exp(-coordinates**2 / (2 * 1.5**2))
    g /= g.sum()
    return torch.outer(g, g).reshape(1, 1, 11, 11).repeat(3, 1, 1, 1)


def ssim_and_contrast(a, b):
    """Per channel, (1, 3) each."""
    def blur(x):
        return F.conv2d(x, window(), groups=3)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b, cov = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2, blur(a * b) - mean_a * mean_b
    contrast = (2 * cov + c2) / (var_a + var_b + c2)
    ssim = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1) * contrast
    return ssim.flatten(2).mean(-1), contrast.flatten(2).mean(-1)


def ms_ssim(a, b):
    factors = []
    for scale in range(5):
        ssim, contrast = ssim_and_contrast(a, b)
        factors.append(torch.relu(ssim if scale == 4 else contrast))
        padding = [s % 2 for s in a.shape[2:]]
        a, b = (F.avg_pool2d(x, kernel_size=2, padding=padding) for x in (a, b))
    product = torch.ones_like(factors[0])
    for factor, weight in zip(factors, WEIGHTS):
        product = product * factor**weight
    return product.mean().item()


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a - b) ** 2))


def yuv(x):
    y = x @ np.array([0.2126, 0.7152, 0.0722])
    return y, (x[..., 2] - y) / (2 * (1 - 0.0722)), (x[..., 0] - y) / (2 * (1 - 0.2126))


def report(name, a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    y, u, v = (psnr(p, q) for p, q in zip(yuv(a), yuv(b)))
    ta, tb = (torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))[None] for x in (a, b))
    ssim = ssim_and_contrast(ta, tb)[0].mean().item()
    print("%-10s { %.7f, %.7f, %.7f, %.7f, %.7f, %.7f, %.7f }," %
          (name, psnr(a, b), y, u, v, (6 * y + u + v) / 8, ssim, ms_ssim(ta, tb)))


def main():
    photo = np.array(Image.open(sys.argv[1] + "/kodim20.png"))
    crop = np.array(Image.open(sys.argv[1] + "/crop-256x192.png"))
    report("posterized", photo, photo - photo % 32 + 16)
    report("shifted", photo[:-1, :-1], photo[1:, 1:])
    odd = crop[:187, :253]
    index = np.arange(odd.size, dtype=np.uint32).reshape(odd.shape)
    noise = (index * np.uint32(2654435761) >> np.uint32(16)).astype(np.int64) % 32 - 16
    report("noisy", odd, np.clip(odd.astype(np.int64) + noise, 0, 255))
    report("inverted", crop[:161, :177], 255 - crop[:161, :177])


main()
