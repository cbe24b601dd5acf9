#!/usr/bin/env python3
"""Cost of models on the validation pictures: lambda * 255^2 * MSE + bits a pixel, with the symbols that the encoder chooses.

    validate.py MODEL... --data tiles.npy        MODEL: checkpoints and weight files

The networks compute in real numbers, with the distributions that training assumes: a weight file costs what a run that
starts from it costs at its first step, not what its measured tables make of it (export.py tells that).
"""
import argparse

import numpy as np
import torch

from checkpoint import load_network
from data import as_pictures, split
from model import FLOAT

COMPARE_LAMBDA = (0.0008, 0.08)   # the mean is over the anchors in this range, as in the first experiments


def picture_costs(net, pictures, anchors, ops=FLOAT, eight_bit=False):
    """Cost of each picture at each anchor: (anchors, N). pictures (N, H, W, 3) uint8; eight_bit: round the reconstruction
    as a decoder must."""
    device = next(net.parameters()).device
    costs = []
    for anchor in anchors:
        for batch in pictures.split(8):
            x = as_pictures(batch.to(device))
            with torch.no_grad():
                x_hat, bpp, _ = net(x, torch.full((len(x),), float(anchor), device=device), hard=True, ops=ops)
            x_hat = x_hat.clamp(0, 1)
            x_hat = torch.round(x_hat * 255) / 255 if eight_bit else x_hat
            costs.append(net.config.lagrangian(anchor) * ((x_hat - x) ** 2).mean((1, 2, 3)) + bpp)
    return torch.cat(costs).reshape(-1, len(pictures)).cpu().numpy()


def float_cost(net, pictures, anchors, ops=FLOAT, eight_bit=False):
    """Mean cost at each anchor."""
    return picture_costs(net, pictures, anchors, ops, eight_bit).mean(1).tolist()


def integer_cost(codec, pictures, anchors):
    """Mean cost, bits a pixel and bits a pixel of z at each anchor, of an IntegerCodec. -> three lists"""
    n_pixels = pictures.shape[1] * pictures.shape[2]
    rows = []
    for anchor in anchors:
        row = []
        for batch in pictures.split(8):
            quality = int(round(anchor * 1024))
            tensors = codec.code(batch, quality)
            y_bits, z_bits = codec.bits(tensors, quality)
            mse = ((tensors['pixels'].double() - batch.double()) ** 2).mean((1, 2, 3)).numpy() / 255 ** 2
            bpp = (y_bits + z_bits) / n_pixels
            row.append(np.stack([codec.config.lagrangian(anchor) * mse + bpp, bpp, z_bits / n_pixels]))
        rows.append(np.concatenate(row, 1).mean(1))
    return np.array(rows).T.tolist()


def geometric_mean(values):
    return float(np.exp(np.mean(np.log(values))))


def compared_anchors(config):
    """Those with lambda in COMPARE_LAMBDA."""
    lo, hi = COMPARE_LAMBDA
    return [a for a in range(config.n_anchors) if 0.999 * lo < config.lagrangian(a) / 255 ** 2 < 1.001 * hi]


def describe_costs(config, costs):
    """Costs of pictures at all anchors (anchors, N) -> two parts of a line: means and the worst picture, costs by anchor."""
    means, compared = costs.mean(1), compared_anchors(config)
    of_pictures = np.exp(np.log(costs[compared]).mean(0))
    summary = 'mean %.4f of %d anchors, %.4f of all, worst picture %.4f (%d)' % (
        geometric_mean(means[compared]), len(compared), geometric_mean(means), of_pictures.max(), of_pictures.argmax())
    return summary, ' '.join('%.4f' % c for c in means)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', nargs='+')
    parser.add_argument('--data', required=True, help='tiles made by data.py')
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    _, validation = split(np.load(args.data, mmap_mode='r'))
    for path in args.model:
        net = load_network(path).to(args.device)
        costs = picture_costs(net, torch.from_numpy(np.array(validation)), range(net.config.n_anchors))
        print('%s: %s: %s' % (path, *describe_costs(net.config, costs)), flush=True)


if __name__ == '__main__':
    main()
