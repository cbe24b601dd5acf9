"""Probability tables of y and z: integers that stand in the weight file.

A table covers the symbols offset ... offset + n - 1 and ends with the escape; frequencies sum to 2^16
(entropy/RANGE_CODER.md, "Symbols with escape").
"""
import math
from dataclasses import dataclass

import numpy as np

TOTAL = 1 << 16
ESCAPE_MASS = 1e-4
N_QUANTIZERS = 2   # of y: entropy/dependent_quantizer.h


@dataclass
class Table:
    """frequencies: int64, the last is the escape."""
    offset: int
    frequencies: np.ndarray

    @property
    def cumulative(self):
        return np.concatenate([[0], np.cumsum(self.frequencies)])


def to_frequencies(p):
    """Probabilities (any positive sum) -> integers of at least 1 that sum to 2^16."""
    f = np.maximum(1, np.round(p / p.sum() * TOTAL)).astype(np.int64)
    while f.sum() != TOTAL:
        excess = int(f.sum()) - TOTAL
        # take from, or give to, the most probable symbols in proportion; the last few units one at a time
        share = np.trunc(f / f.sum() * excess).astype(np.int64)
        if not share.any():
            share[np.argsort(-f, kind='stable')[:abs(excess)]] = np.sign(excess)
        f = np.maximum(1, f - share)
    return f


def symmetric_table(mass, tail):
    """Table of a distribution around 0. mass(k): probability of the symbols k (array); tail(k): that of all |s| > k."""
    reach = 1
    while tail(reach) > ESCAPE_MASS:
        reach += 1
    return Table(-reach, to_frequencies(np.append(mass(np.arange(-reach, reach + 1)), max(tail(reach), 0.0))))


def cell_start(magnitude, quantizer):
    """Inner border of the cells of the symbols +-magnitude, in steps; those of the next magnitude begin where they end.

    Points of quantizer 0 are 0, 1, 2, ..., those of quantizer 1 0, 1/2, 3/2, ...; borders lie half-way."""
    if quantizer == 0:
        return magnitude - 0.5
    return np.where(magnitude > 1, magnitude - 1, np.where(magnitude == 1, 0.25, -0.25))


def gaussian_upper(v, sigma):
    """Probability of values above v (array) under a normal distribution."""
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(v / (sigma * math.sqrt(2)))


def gaussian_mass(k, sigma, quantizer):
    """Probability of the cells of the symbols k (array) under a normal distribution."""
    magnitude = abs(k)
    return gaussian_upper(cell_start(magnitude, quantizer), sigma) - gaussian_upper(cell_start(magnitude + 1, quantizer), sigma)


def gaussian_table(sigma, quantizer):
    return symmetric_table(lambda k: gaussian_mass(k, sigma, quantizer),
                           lambda k: 2 * float(gaussian_upper(cell_start(np.int64(k + 1), quantizer), sigma)))


def logistic_upper(v, scale):
    """Probability of values above v under a logistic distribution."""
    return 1 / (1 + np.exp(np.minimum(v / scale, 500)))


def logistic_mass(k, scale):
    """Probability of the unit bins around k."""
    return logistic_upper(abs(k) - 0.5, scale) - logistic_upper(abs(k) + 0.5, scale)


def logistic_table(scale):
    return symmetric_table(lambda k: logistic_mass(k, scale), lambda k: 2 * logistic_upper(k + 0.5, scale))


def sigmas(config):
    """The scales of y. -> (n_scales,)"""
    return config.sigma_min * np.exp(config.scale_step * np.arange(config.n_scales))


def gaussian_tables(config):
    """Tables of y: of each quantizer one a scale."""
    return [gaussian_table(sigma, q) for q in range(N_QUANTIZERS) for sigma in sigmas(config)]


Z_SCALE_MIN, Z_SCALE_MAX, N_Z_TABLES = 0.05, 8.0, 48


def logistic_scales():
    return np.geomspace(Z_SCALE_MIN, Z_SCALE_MAX, N_Z_TABLES)


def logistic_tables():
    return [logistic_table(s) for s in logistic_scales()]


def logistic_scale_of(table):
    """Scale of the logistic distribution with the spread of a table."""
    k = table.offset + np.arange(len(table.frequencies) - 1)
    p = table.frequencies[:-1] / table.frequencies[:-1].sum()
    variance = (p * k ** 2).sum() - (p * k).sum() ** 2
    return max(Z_SCALE_MIN, math.sqrt(3 * variance) / math.pi)


def logistic_index(log_scale):
    """Natural logarithm of a scale -> index of the nearest table."""
    position = (log_scale - math.log(Z_SCALE_MIN)) / math.log(Z_SCALE_MAX / Z_SCALE_MIN) * (N_Z_TABLES - 1)
    return np.clip(np.round(position), 0, N_Z_TABLES - 1).astype(np.int64)


class BitCounter:
    """Code lengths of symbols under a list of tables."""

    def __init__(self, tables):
        self.offsets = np.array([t.offset for t in tables])
        self.lengths = np.array([len(t.frequencies) for t in tables])
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self.bits = 16 - np.log2(np.concatenate([t.frequencies for t in tables]))

    def count(self, index, symbols):
        """Bits of each symbol under the table of its index; arrays of one shape."""
        position = symbols - self.offsets[index]
        n_regular = self.lengths[index] - 1
        excess = np.maximum(-position - 1, position - n_regular)   # >= 0: escaped, by this much
        regular = np.where(excess < 0, position, n_regular)
        gamma = 2 * np.floor(np.log2(np.maximum(excess, 0) + 1)) + 1
        return self.bits[self.starts[index] + regular] + np.where(excess < 0, 0, 1 + gamma)
