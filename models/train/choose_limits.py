#!/usr/bin/env python3
"""Choose the largest quantized weight of every layer for a file of a given size.

    choose_limits.py CHECKPOINT --data tiles.npy --bytes 1495000

Each layer is rounded alone, to the nearest, with each limit of LIMITS; what that costs is measured on training tiles, and what it
saves is the entropy of its integers. Then greedily, from the default of every layer and whatever `limits` the configuration has: the
lower limit that costs least for each byte saved is taken, until the file is small enough. Costs are assumed to add up. What is printed
takes the place of `limits` in the configuration (model.py).
"""
import argparse
from dataclasses import replace

import numpy as np
import torch

from checkpoint import load_network
from data import split
from export import prepare
from model import FloatArithmetic
from quantize import FakeQuantization, layer_kind, scaled_layer, weight_limit
from validate import float_cost, geometric_mean
from weight_file import build_weights, is_wide, pack

LIMITS, BASE_LIMITS = (127, 90, 63, 45, 31), (1023, 255)
ANCHORS = 2, 5, 8
LEAST_WEIGHTS = 4000   # of a layer that is worth a look


class OneLayerQuantized(FakeQuantization):
    """Float arithmetic but for the weights of one layer."""

    def __init__(self, net, scales, name):
        super().__init__(net, scales, round_activations=False)
        self.name = name

    def parameters(self, layer):
        return (FakeQuantization if layer.name == self.name else FloatArithmetic).parameters(self, layer)


def entropy_bytes(layer, scales, config):
    """Of the integers of a layer; the low bytes of wide ones are not coded."""
    weight, _, steps = scaled_layer(layer, scales, config)
    integers = torch.round(weight / steps[:, None]).flatten().long().numpy()
    coded = integers >> 8 if is_wide(layer_kind(layer)) else integers
    _, counts = np.unique(coded, return_counts=True)
    bits = -(counts * np.log2(counts / counts.sum())).sum()
    return (bits + 8 * len(coded) * is_wide(layer_kind(layer))) / 8


def measure(net, scales, pictures):
    """net without limits -> {layer: [(limit, log cost more than float, bytes)]}, limits from the default of the layer down"""
    before = np.log(geometric_mean(float_cost(net, pictures, ANCHORS)))
    table, plain = {}, net.config
    for name, layer in net.layers():
        rows = []
        for limit in BASE_LIMITS if is_wide(layer_kind(layer)) else LIMITS:
            if layer.weight.numel() < LEAST_WEIGHTS or limit > weight_limit(layer, plain):
                continue
            net.config = replace(plain, limits={name: limit})
            cost = np.log(geometric_mean(float_cost(net, pictures, ANCHORS, OneLayerQuantized(net, scales, name)))) - before
            rows.append((limit, cost, entropy_bytes(layer, scales, net.config)))
        net.config = plain
        if rows:
            table[name] = rows
            print(name, layer.weight.numel(), ' '.join('%d: %+.3f %% %.0f' % (l, 100 * c, b) for l, c, b in rows), flush=True)
    return table


def choose(table, savings):
    """Indices into the rows of each layer that save so many bytes."""
    at = {name: 0 for name in table}
    while savings > 0:
        moves = [((rows[j][1] - rows[at[name]][1]) / (rows[at[name]][2] - rows[j][2]), name, j) for name, rows in table.items()
                 for j in range(at[name] + 1, len(rows)) if rows[j][2] < rows[at[name]][2]]
        if not moves:
            raise SystemExit('choose_limits.py: no limits save so much')
        _, name, j = min(moves)
        savings -= table[name][at[name]][2] - table[name][j][2]
        at[name] = j
    return at


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint')
    parser.add_argument('--data', required=True, help='tiles made by data.py')
    parser.add_argument('--bytes', type=int, required=True, help='size that the weight file shall have')
    parser.add_argument('--gptq', type=int, default=33, metavar='N', help='as of export.py (33)')
    parser.add_argument('--tiles', type=int, default=12, help='training tiles to measure on (12)')
    args = parser.parse_args(argv)
    net = load_network(args.checkpoint)
    net.config = replace(net.config, limits={})
    training, _ = split(np.load(args.data, mmap_mode='r'))
    scales, rounded = prepare(net, training, 64, args.gptq)
    without = len(pack(build_weights(rounded, scales)))
    print('%d bytes without limits' % without, flush=True)
    table = measure(net, scales, torch.from_numpy(np.array(training[-args.tiles:])))
    at = choose(table, without - args.bytes)
    default = {name: weight_limit(layer, net.config) for name, layer in net.layers()}
    limits = {name: table[name][j][0] for name, j in at.items()}
    print('limits=%r' % {name: limit for name, limit in limits.items() if limit < default[name]})
    print('costs %+.2f %%, %+.2f %% without limits' % (
        100 * sum(table[name][j][1] for name, j in at.items()), 100 * sum(rows[0][1] for rows in table.values())))


if __name__ == '__main__':
    main()
