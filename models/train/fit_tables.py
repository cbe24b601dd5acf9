"""Tables of y and z from the symbols a quantized model really codes.

The normal distributions that training assumes are only nearly right: measured frequencies save 1.3 % of the bits of y
(README.md). z has one measured table a channel: its distribution hardly depends on the quality.
"""
import math

import numpy as np
import torch

import tables
from integer_codec import IntegerCodec
from tables import Table

MAX_SYMBOL = 2046       # a table has at most 4096 entries
Y_PRIOR = 2000          # weight of the normal distribution, in symbols
Z_PRIOR = 300           # weight of the logistic distribution
SKIP_BELOW = 2e-4       # scales whose symbols are 0 more surely than this are not coded
Z_REACH = 255
Z_LEAST = 2e-5          # rarer values of z go to the escape


def count_symbols(codec, tiles, anchors):
    """tiles (N, H, W, 3) uint8 -> counts of |y symbol| (n_scales, MAX_SYMBOL + 1), z symbols (count, Z).

    Larger symbols of y are left out: one in a million, they are coded by the escape anyway."""
    counts = np.zeros((codec.config.n_scales, MAX_SYMBOL + 1), np.int64)
    z = []
    for anchor in anchors:
        for batch in tiles.split(8):
            t = codec.code(batch, 1024 * anchor)
            index, magnitude = t['scale_index'].numpy().ravel(), np.abs(t['y_symbols'].numpy().ravel())
            inside = magnitude <= MAX_SYMBOL
            np.add.at(counts, (index[inside], magnitude[inside]), 1)
            z.append(t['z_symbols'].numpy().reshape(-1, codec.config.Z))
    return counts, np.concatenate(z)


def gaussian_mass(sigma):
    """Probability of |s| = 0 ... MAX_SYMBOL, unit bins of a normal distribution."""
    edges = (np.arange(MAX_SYMBOL + 2) - 0.5) / (sigma * math.sqrt(2))
    upper = np.array([math.erfc(e) for e in edges])
    upper[0] = 1.0
    return upper[:-1] - upper[1:]


def fit_y_table(counts, sigma):
    """counts of |s| -> symmetric Table."""
    mass = counts + Y_PRIOR * gaussian_mass(sigma)
    mass /= mass.sum()
    tail = np.maximum(1 - np.cumsum(mass), 0)
    reach = max(1, int(np.argmax(tail <= tables.ESCAPE_MASS)))
    side = mass[1:reach + 1] / 2
    return Table(-reach, tables.to_frequencies(np.concatenate([side[::-1], mass[:1], side, [tail[reach]]])))


def fit_z_table(symbols, scale):
    """Symbols of one channel -> Table."""
    k = np.arange(-Z_REACH, Z_REACH + 1)
    mass = np.bincount(symbols.clip(-Z_REACH, Z_REACH) + Z_REACH, minlength=len(k))
    mass = mass + Z_PRIOR * tables.logistic_mass(k, scale)
    mass = mass / mass.sum()
    kept = np.nonzero(mass > Z_LEAST)[0]
    lo, hi = kept[0], kept[-1] + 1
    escape = max(1 - mass[lo:hi].sum(), tables.ESCAPE_MASS)
    return Table(int(k[lo]), tables.to_frequencies(np.append(mass[lo:hi], escape)))


def fit_tables(weights, tiles):
    """Replace the tables of weights, n_skipped and z_table by measured ones. tiles: training pictures, not validation."""
    config = weights.config
    counts, z = count_symbols(IntegerCodec(weights), tiles, range(0, config.n_anchors, 2))
    weights.y_tables = [fit_y_table(c, s) for c, s in zip(counts, tables.sigmas(config))]
    share_coded = 1 - counts[:, 0] / np.maximum(counts.sum(1), 1)
    certain = (share_coded < SKIP_BELOW) & (counts.sum(1) > 0)
    weights.n_skipped = int(np.argmin(certain))   # leading run of True
    scales = np.maximum(tables.Z_SCALE_MIN, z.std(0) * (math.sqrt(3) / math.pi))
    weights.z_tables = [fit_z_table(z[:, c], scales[c]) for c in range(config.Z)]
    weights.z_table = np.tile(np.arange(config.Z), (config.n_anchors, 1))
