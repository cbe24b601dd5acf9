"""Tables of y and z from the symbols a quantized model really codes.

The normal distributions that training assumes are only nearly right: measured frequencies save 1.3 % of the bits of y
(README.md). The distribution of a channel of z changes with the quality at the first anchors only, so z has Z_GROUPS
measured tables a channel: one for each of the first anchors, the last for all others. The tables of a channel stand side by
side, so that the interpolation of their index between anchors meets no other channel's.
"""
import math
from dataclasses import replace

import numpy as np
import torch

import tables
from integer_codec import IntegerCodec, z_residuals
from model import neighbours
from tables import Table
from validate import geometric_mean, integer_cost
from weight_file import whole_z_weights

MAX_SYMBOL = 2046       # a table has at most 4096 entries
Y_PRIOR = 2000          # weight of the normal distribution, in symbols
RARE, MOST_ESCAPES = 30, 0.05   # escapes a table may have more than ESCAPE_MASS: so many of the symbols counted; as a share
Z_PRIOR = 300           # weight of the logistic distribution
SKIP_TILES, SKIP_STRIDE = 16, 2   # search for n_skipped: pictures, scales between candidates
Z_GROUPS = 4
Z_REACH = 255
Z_DAMPING = 1e-3        # squared symbols a neighbour, so that rare ones do not weigh
Z_LEAST = 2e-5          # rarer values of z go to the escape


def count_symbols(codec, tiles, anchors):
    """tiles (N, H, W, 3) uint8 -> counts of |y symbol| (2 * n_scales, MAX_SYMBOL + 1), {anchor: z symbols (N, h, w, Z)}.

    Larger symbols of y are left out: one in a million, they are coded by the escape anyway."""
    counts = np.zeros((len(codec.weights.y_tables), MAX_SYMBOL + 1), np.int64)
    z = {}
    for anchor in anchors:
        for batch in tiles.split(8):
            t = codec.encode(batch, 1024 * anchor)
            index, magnitude = codec.y_table(t).numpy().ravel(), np.abs(t['y_symbols'].numpy().ravel())
            inside = magnitude <= MAX_SYMBOL
            np.add.at(counts, (index[inside], magnitude[inside]), 1)
            z.setdefault(anchor, []).append(t['z_symbols'])
    return counts, {anchor: torch.cat(parts) for anchor, parts in z.items()}


def magnitude_mass(sigma, quantizer):
    """Probability of |s| = 0 ... MAX_SYMBOL under a normal distribution."""
    mass = tables.gaussian_mass(np.arange(MAX_SYMBOL + 1), sigma, quantizer)
    mass[1:] *= 2
    return mass


def fit_y_table(counts, sigma, quantizer):
    """counts of |s| -> symmetric Table, the shorter the rarer it is used: entries take bytes of the weight file."""
    mass = counts + Y_PRIOR * magnitude_mass(sigma, quantizer)
    mass /= mass.sum()
    tail = np.maximum(1 - np.cumsum(mass), 0)
    escape_mass = min(tables.ESCAPE_MASS + RARE / (counts.sum() + 1), MOST_ESCAPES)
    reach = max(1, int(np.argmax(tail <= escape_mass)))
    side = mass[1:reach + 1] / 2
    return Table(-reach, tables.to_frequencies(np.concatenate([side[::-1], mass[:1], side, [tail[reach]]])))


def fit_z_table(symbols):
    """What the neighbours leave of the symbols of one channel -> Table."""
    scale = max(tables.Z_SCALE_MIN, symbols.std() * (math.sqrt(3) / math.pi))
    k = np.arange(-Z_REACH, Z_REACH + 1)
    mass = np.bincount(symbols.clip(-Z_REACH, Z_REACH) + Z_REACH, minlength=len(k))
    mass = mass + Z_PRIOR * tables.logistic_mass(k, scale)
    mass = mass / mass.sum()
    kept = np.nonzero(mass > Z_LEAST)[0]
    lo, hi = kept[0], kept[-1] + 1
    escape = max(1 - mass[lo:hi].sum(), tables.ESCAPE_MASS)
    return Table(int(k[lo]), tables.to_frequencies(np.append(mass[lo:hi], escape)))


def z_group(anchor):
    return min(anchor, Z_GROUPS - 1)


def fit_z_weights(z):
    """z: symbols (N, h, w, Z) -> weights of the neighbours (Z, 2) by least squares, in 1/64."""
    pairs = torch.stack(neighbours(z), -1).flatten(0, 2).double().numpy()
    symbols = z.flatten(0, 2).double().numpy()
    little = Z_DAMPING * len(pairs) * np.eye(2)
    solved = [np.linalg.solve(pairs[:, c].T @ pairs[:, c] + little, pairs[:, c].T @ symbols[:, c]) for c in range(z.shape[-1])]
    return whole_z_weights(np.array(solved))


def fit_z_tables(weights, z):
    """z: {anchor: symbols (N, h, w, Z)}. Sets z_weight, z_tables and z_table."""
    weights.z_weight = fit_z_weights(torch.cat(list(z.values())))
    left = {anchor: z_residuals(s, weights.z_weight).flatten(0, 2).numpy() for anchor, s in z.items()}
    n_groups = min(Z_GROUPS, weights.config.n_anchors)
    groups = [np.concatenate([s for anchor, s in left.items() if z_group(anchor) == g]) for g in range(n_groups)]
    weights.z_tables = [fit_z_table(group[:, c]) for c in range(weights.config.Z) for group in groups]
    first = np.array([z_group(a) for a in range(weights.config.n_anchors)])[:, None]
    weights.z_table = first + n_groups * np.arange(weights.config.Z)


def choose_skipped(weights, tiles):
    """How many of the smallest scales not to code, by the cost of coding nothing there: the bits of many sure zeros against
    the error of the few symbols that would not be 0."""
    anchors = (0, weights.config.n_anchors // 2, weights.config.n_anchors - 1)
    best, best_cost = 0, math.inf
    for n_skipped in range(0, weights.config.n_scales // 2, SKIP_STRIDE):
        codec = IntegerCodec(replace(weights, n_skipped=n_skipped))
        cost = geometric_mean(integer_cost(codec, tiles, anchors)[0])
        if cost > best_cost:
            break
        best, best_cost = n_skipped, cost
    return best


def fit_from(weights, tiles):
    """Tables, z_weight and z_table from what the encoder codes with those there are."""
    config = weights.config
    anchors = [a for a in range(config.n_anchors) if a < Z_GROUPS or a % 2 == 0]
    counts, z = count_symbols(IntegerCodec(weights), tiles, anchors)
    scales = [(sigma, q) for q in range(tables.N_QUANTIZERS) for sigma in tables.sigmas(config)]
    weights.y_tables = [fit_y_table(c, *scale) for c, scale in zip(counts, scales)]
    fit_z_tables(weights, z)


def fit_tables(weights, tiles):
    """Replace n_skipped, the tables, z_weight and z_table of weights by measured ones. tiles: training pictures, not validation. Twice, as
    the search for symbols goes by the prices of the tables."""
    weights.n_skipped = 0
    fit_from(weights, tiles[:SKIP_TILES])
    weights.n_skipped = choose_skipped(weights, tiles[:SKIP_TILES])
    fit_from(weights, tiles)
