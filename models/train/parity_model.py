#!/usr/bin/env python3
"""A small model of random weights and its parity vectors, in which every layer matters.

    parity_model.py ../../testdata/parity

Trained weights leave code untested: layers that do nearly nothing, clamps that are never reached. Here blocks and branches
change what they add to by about its own size, the gains differ from 1, and the ranges are so narrow that int16 saturates.
"""
import os
import sys

import numpy as np
import torch

from data import as_pictures
from integer_codec import IntegerCodec
from model import CONFIGS, Codec, Depthwise, FloatArithmetic
from parity import test_picture, write_parity
from quantize import INT16_MAX, IntegerArithmetic, calibrate, round_shift
from weight_file import build_weights, pack

QUALITIES = (0, 700, 2048)
N_SKIPPED = 2
HEADROOM_BITS = -1   # the largest activation is twice what int16 holds
# Size of what a layer adds, rms: pixels in 0..1, latents in signal units, logarithms of scales
TARGETS = {'ga.out': 0.5, 'gs.out': 0.2, 'hs.scale': 1.5, 'ha.down64': 3.0}
MEAN_TARGET = 0.3


def draw(net, seed=7):
    """Random weights and biases in every layer but the base path, from numpy's generator, which never changes."""
    random = np.random.RandomState(seed)
    normal = lambda like, size: torch.from_numpy(random.normal(0, size, tuple(like.shape))).float()
    with torch.no_grad():
        for name, layer in net.layers():
            if name.endswith('.base'):
                continue
            n_inputs = 9 if isinstance(layer, Depthwise) else layer.in_features
            layer.weight.copy_(normal(layer.weight, n_inputs ** -0.5))
            layer.bias.copy_(normal(layer.bias, 0.1))
        for name in ('gain_e4', 'gain_d4', 'gain_y', 'step', 'scale_offset'):
            getattr(net, name).add_(normal(getattr(net, name), 0.3))
        net.z_scale.add_(normal(net.z_scale, 0.5))
        net.z_mean.copy_(normal(net.z_mean, 1.0))
        net.z_weight.copy_(normal(net.z_weight, 0.3))


class Resize(FloatArithmetic):
    """Float arithmetic that rescales the weights of each layer of TARGETS, and of each ctx out, to the size it should have."""

    def linear(self, layer, x, **options):
        target = MEAN_TARGET if layer.name.startswith('ctx') and layer.name.endswith('.out') else TARGETS.get(layer.name)
        if target:
            v = x @ layer.weight.t()
            layer.weight *= target / v.pow(2).mean().sqrt()
        return super().linear(layer, x, **options)


class Watch(IntegerArithmetic):
    """Integers that count, by layer, values that saturate and signs in front of leaky."""

    def __init__(self, layers):
        super().__init__(layers)
        self.saturated, self.signs = {}, {}

    def finish(self, acc, multiplier, leaky=False, residual=None):
        v = round_shift(acc * multiplier, 31) + (0 if residual is None else residual)
        clamped = ((v > INT16_MAX) | (v < -INT16_MAX - 1)).sum().item()
        self.saturated[self.name] = self.saturated.get(self.name, 0) + clamped
        if leaky:
            self.signs.setdefault(self.name, set()).update(torch.sign(v).unique().tolist())
        return super().finish(acc, multiplier, leaky, residual)

    def linear(self, layer, x, leaky=False, residual=None, gain=None):
        self.name = layer.name
        return super().linear(layer, x, leaky, residual, gain)

    def depthwise(self, layer, x):
        self.name = layer.name
        return super().depthwise(layer, x)


def check(weights):
    """The vectors must reach what they are for."""
    codec = IntegerCodec(weights)
    codec.ops = Watch(weights.layers)
    picture = torch.from_numpy(test_picture())[None]
    for quality in QUALITIES:
        t = codec.code(picture, quality)
        index = t['scale_index']
        print('quality %d: scales %d to %d, symbols to %d, rms of pixels %.0f, at 0 or 255 %.0f %%' % (
            quality, index.min(), index.max(), t['y_symbols'].abs().max(), t['pixels'].double().std(), 100 * ((t['pixels'] == 0) | (t['pixels'] == 255)).double().mean()))
    saturated = {name: n for name, n in codec.ops.saturated.items() if n}
    print('saturated values:', saturated)
    assert {'hs.b32', 'gs.b4'} <= {name.rsplit('.', 2)[0] for name in saturated}
    assert all({-1, 1} <= signs for signs in codec.ops.signs.values())


def main():
    folder = sys.argv[1]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = Codec(CONFIGS['test'])
    draw(net)
    picture = as_pictures(torch.from_numpy(test_picture())[None])
    with torch.no_grad():
        net(picture, torch.ones(1), hard=True, ops=Resize())
    weights = build_weights(net, calibrate(net, picture, HEADROOM_BITS), n_skipped=N_SKIPPED)
    check(weights)
    content = pack(weights)
    with open(os.path.join(folder, 'test.ghmw'), 'wb') as f:
        f.write(content)
    write_parity(weights, folder, QUALITIES)
    print('test.ghmw: %d bytes, model id %s' % (len(content), content[8:16][::-1].hex()))


if __name__ == '__main__':
    main()
