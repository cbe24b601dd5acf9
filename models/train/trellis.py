"""Dependent quantization of y: the symbols that the encoder's search chooses, and the points they stand for.

The search is entropy/trellis.c itself, built at the first use, and so are the quantizers and their states
(entropy/dependent_quantizer.h). Points are in half steps.
"""
import ctypes
import functools
import os
import shutil
import subprocess
import tempfile

import numpy as np
import torch

import tables

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BIT_PRICE = 0.05    # squared steps that a bit is worth, as in codec/latent_codec.c
REACH = 31          # the largest symbol that has a price of its own: TRELLIS_REACH
LEAST_MASS = 1e-7   # of a symbol under a normal distribution, so that no price is infinite


# A pass at once, and the quantizer of every element that is coded.
SHIM = """
#include "entropy/trellis.c"
#include "entropy/trellis_paths.c"

void choose_pass(const float *price, size_t n_scales, size_t n_skipped, const uint8_t *scale_index, const float *wanted,
                 int16_t *symbol, uint8_t *quantizer, size_t n)
{
    static _Thread_local trellis t;
    unsigned state = DQ_START;
    trellis_init(&t, &(trellis_prices){ price, n_scales, n_skipped });
    trellis_extend(&t, scale_index, wanted, symbol, n);
    trellis_end(&t);
    for (size_t i = 0; i < n; i++) {
        quantizer[i] = 0;
        if (scale_index[i] < n_skipped)
            continue;
        quantizer[i] = (uint8_t)dq_quantizer(state);
        state = dq_next(state, symbol[i]);
    }
}
"""


@functools.lru_cache(maxsize=None)
def search():
    """choose_pass of the shim."""
    if not shutil.which('cc'):
        raise RuntimeError('no C compiler: choosing symbols needs `cc` to build entropy/trellis.c with')
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, 'trellis.so')
        done = subprocess.run(['cc', '-x', 'c', '-std=c11', '-O3', '-ffp-contract=off', '-shared', '-fPIC', '-I', ROOT, '-o', library,
                               '-', '-lm'], input=SHIM.encode(), stderr=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError('cc cannot build entropy/trellis.c: %s' % done.stderr.decode())
        function = ctypes.CDLL(library).choose_pass   # stays loaded without its file
    function.restype = None
    function.argtypes = [ctypes.c_void_p] + [ctypes.c_size_t] * 2 + [ctypes.c_void_p] * 4 + [ctypes.c_size_t]
    return function


def table_prices(y_tables):
    """Prices of |symbol| = 0 ... REACH under the tables of a weight file. -> float32 (2, n_scales, REACH + 1)"""
    counter, index, k = tables.BitCounter(y_tables), np.arange(len(y_tables))[:, None], np.arange(REACH + 1)[None]
    index, k = np.broadcast_arrays(index, k)
    bits = (counter.count(index, k) + counter.count(index, -k)) / 2
    return (BIT_PRICE * bits).astype(np.float32).reshape(tables.N_QUANTIZERS, -1, REACH + 1)


@functools.lru_cache(maxsize=None)
def normal_prices(config):
    """The same under the normal distributions that training assumes."""
    k = np.arange(REACH + 1)
    mass = np.array([[tables.gaussian_mass(k, sigma, q) for sigma in tables.sigmas(config)] for q in range(tables.N_QUANTIZERS)])
    return (-BIT_PRICE * np.log2(np.maximum(mass, LEAST_MASS))).astype(np.float32)


def points_of(symbols, quantizer):
    """What symbols stand for, in half steps. Integers of one shape -> the same"""
    return (2 * symbols - quantizer * torch.sign(symbols)).clamp(-32768, 32767)


def choose(prices, wanted, scale_index, coded, n_skipped=0):
    """Search the symbols of a pass.

    prices (2, n_scales, REACH + 1); wanted (B, h, w, n) in steps; scale_index (B, h, w, n), integers; coded: bool, broadcasts to
    (1, h, w, n); elements of the first n_skipped scales are not coded either. -> symbols, points in half steps, quantizers (0 or 1),
    each int64 (B, h, w, n), zero where not coded
    """
    mask = coded.expand(1, *wanted.shape[1:])[0].cpu()
    at = mask.flatten().nonzero()[:, 0]
    coded_of = lambda x: x.detach().cpu().flatten(1)[:, at]
    r, index = coded_of(wanted).float().numpy(), coded_of(scale_index).to(torch.uint8).numpy()
    k, q = np.empty(r.shape, np.int16), np.empty(r.shape, np.uint8)
    for picture in zip(index, r, k, q):
        search()(prices.ctypes.data, prices.shape[1], n_skipped, *(array.ctypes.data for array in picture), r.shape[1])

    def scattered(values):
        out = torch.zeros(wanted.shape, dtype=torch.int64)
        out.flatten(1)[:, at] = torch.from_numpy(values).long()
        return out.to(wanted.device)

    symbols, quantizer = scattered(k), scattered(q)
    return symbols, points_of(symbols, quantizer), quantizer
