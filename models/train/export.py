#!/usr/bin/env python3
"""Make a weight file, and parity vectors for it, from a checkpoint.

    export.py CHECKPOINT OUT.ghmw --data tiles.npy [--gptq 33] [--parity testdata/parity]
"""
import argparse
import copy

import numpy as np
import torch

from checkpoint import load_network
from data import as_pictures, split
from fit_tables import fit_tables
from gptq import equalize_contexts, quantize_weights
from integer_codec import IntegerCodec
from model import kilo_macs
from parity import write_parity
from quantize import calibrate
from validate import float_cost, geometric_mean, integer_cost
from weight_file import build_weights, pack


def calibration_pictures(tiles, n):
    return as_pictures(torch.from_numpy(np.array(tiles[:n])))


def prepare(net, training, n_calibration, n_gptq):
    """Fit net to the format, in place. -> scales, and a copy whose weights GPTQ has put on their grids unless n_gptq is 0"""
    net.fold_gains()
    if n_gptq:
        equalize_contexts(net)
    scales, rounded = calibrate(net, calibration_pictures(training, n_calibration)), copy.deepcopy(net)
    if n_gptq:
        quantize_weights(rounded, scales, calibration_pictures(training, n_gptq))
    return scales, rounded


def report(net, weights, pictures):
    """Float against integer cost on validation, anchor by anchor."""
    anchors = range(net.config.n_anchors)
    before = float_cost(net, pictures, anchors, eight_bit=True)
    after, bpp, z_bpp = integer_cost(IntegerCodec(weights), pictures, anchors)
    print('anchor  float  integer           bpp  of it z')
    for a, f, i, b, z in zip(anchors, before, after, bpp, z_bpp):
        print('%6d %6.4f  %6.4f  %+.2f %%  %6.4f  %6.4f' % (a, f, i, 100 * (i / f - 1), b, z))
    f, i = geometric_mean(before), geometric_mean(after)
    print('  mean %6.4f  %6.4f  %+.2f %%' % (f, i, 100 * (i / f - 1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint')
    parser.add_argument('out')
    parser.add_argument('--data', required=True, help='tiles made by data.py')
    parser.add_argument('--calibration', type=int, default=64, metavar='N', help='training tiles that set the ranges (64)')
    parser.add_argument('--gptq', type=int, default=0, metavar='N', help='round the weights by GPTQ on so many training tiles '
                        '(33 do); 0: each to the nearest, for weights trained on their grid (0)')
    parser.add_argument('--statistics', type=int, default=192, metavar='N', help='training tiles whose symbols make the '
                        'tables (192); 0: tables of the distributions that training assumes')
    parser.add_argument('--parity', metavar='DIR', help='write parity vectors there')
    parser.add_argument('--no-report', action='store_true', help='do not measure the result on validation')
    args = parser.parse_args()

    net = load_network(args.checkpoint)
    training, validation = split(np.load(args.data, mmap_mode='r'))
    scales, rounded = prepare(net, training, args.calibration, args.gptq)
    weights = build_weights(rounded, scales)
    if args.statistics:
        fit_tables(weights, torch.from_numpy(np.array(training[-args.statistics:])))
    content = pack(weights)
    with open(args.out, 'wb') as f:
        f.write(content)
    print('%s: %d bytes, model id %s, %d scales not coded' % (args.out, len(content), content[8:16][::-1].hex(),
                                                                weights.n_skipped))
    print(' '.join('%s %.2f' % item for item in kilo_macs(net).items()), 'kMAC/px')
    if args.parity:
        write_parity(weights, args.parity)
    if not args.no_report:
        report(net, weights, torch.from_numpy(np.array(validation)))


if __name__ == '__main__':
    main()
