#!/usr/bin/env python3
"""Self-test of the trainer and the quantizer on the smallest configuration: under a minute on one core."""
import os
import sys
import tempfile

try:
    import numpy as np
    import torch
except ImportError as missing:
    print('skipped: %s' % missing)
    sys.exit(77)

import train
from checkpoint import dequantize, load_network, with_branches
from integer_codec import IntegerCodec
from model import CONFIGS
from quantize import calibrate
from validate import float_cost, integer_cost
from weight_file import build_weights, pack, unpack


def make_tiles(path):
    """64 tiles of random gradients and rectangles, 48 of them for validation."""
    random = np.random.RandomState(5)
    y, x = np.mgrid[0:256, 0:256] / 256.0
    tiles = np.empty((64, 256, 256, 3), np.uint8)
    for tile in tiles:
        slopes, offset = random.uniform(-120, 120, (2, 3)), random.uniform(60, 190, 3)
        picture = offset + slopes[0] * x[..., None] + slopes[1] * y[..., None]
        for _ in range(12):
            u, v, h, w = random.randint(0, 220, 4)
            picture[u:u + h // 4 + 4, v:v + w // 4 + 4] = random.uniform(0, 255, 3)
        tile[:] = np.clip(picture + random.normal(0, 3, picture.shape), 0, 255)
    np.save(path, tiles)


def run(folder, out, *arguments):
    path = os.path.join(folder, out)
    train.main(['tiny', '--data', os.path.join(folder, 'tiles.npy'), '--out', path, '--warm-up', '5', '--lr', '1e-3',
                '--validate-every', '1000', *arguments])
    return torch.load(path, map_location='cpu')


def losses(folder, out):
    with open(os.path.join(folder, out + '.log')) as f:
        return [float(line.split(' mean ')[1].split()[0]) for line in f if line.startswith('validation')]


def check_training(folder):
    """Twenty steps must lower the cost of the block DCT the model starts as."""
    run(folder, 'start.pt', '--steps', '1', '--lr', '0', '--base-lr', '0')
    run(folder, 'run.pt', '--steps', '20')
    before, after = losses(folder, 'start.pt')[-1], losses(folder, 'run.pt')[-1]
    assert after < before, 'cost went from %.4f to %.4f' % (before, after)


def check_resume(folder):
    """A run in two parts ends in the same state as one in one part."""
    whole = run(folder, 'whole.pt', '--steps', '8', '--no-bf16')
    stopped = train.Trainer(train.parse_arguments(
        ['tiny', '--data', os.path.join(folder, 'tiles.npy'), '--out', os.path.join(folder, 'parts.pt'), '--warm-up', '5',
         '--lr', '1e-3', '--steps', '8', '--no-bf16']))
    for _ in range(3):
        stopped.set_learning_rate()
        stopped.train_step()
    stopped.save()
    parts = run(folder, 'parts.pt', '--steps', '8', '--no-bf16', '--resume')
    assert parts['step'] == whole['step'] == 8
    for part in ('net', 'ema'):
        for key, value in whole[part].items():
            assert torch.equal(value, parts[part][key]), '%s %s differs after a resume' % (part, key)


def check_gradients(folder):
    """Every layer of a fresh network learns from the second step on."""
    trainer = train.Trainer(train.parse_arguments(
        ['tiny', '--data', os.path.join(folder, 'tiles.npy'), '--out', os.path.join(folder, 'fresh.pt'), '--warm-up', '1',
         '--steps', '2']))
    for _ in range(2):
        trainer.set_learning_rate()
        trainer.train_step()
    for name, layer in trainer.net.layers():
        assert layer.weight.grad.abs().max() > 0, 'no gradient reaches %s' % name


def check_branches(folder):
    """Branches can be left out, survive a weight file like that, and are added again without changing the function."""
    run(folder, 'base.pt', '--init', os.path.join(folder, 'run.pt'), '--steps', '2', '--without', 'ga', 'gs')
    net = load_network(os.path.join(folder, 'base.pt'))
    assert net.config.e8 == net.config.d4 == 0
    tiles = torch.from_numpy(np.load(os.path.join(folder, 'tiles.npy')))
    scales = calibrate(net, tiles[:8].permute(0, 3, 1, 2).float() / 255)
    net = dequantize(unpack(pack(build_weights(net, scales))))
    grown = with_branches(net, CONFIGS['tiny'])
    assert grown.config == CONFIGS['tiny']
    before, after = (float_cost(n, tiles[-8:], [1])[0] for n in (net, grown))
    assert abs(after / before - 1) < 1e-4, 'cost %.5f without branches, %.5f with fresh ones' % (before, after)


def check_integers(folder):
    """Fake-quantized training runs, and the integer model costs what the float model does."""
    run(folder, 'quantized.pt', '--init', os.path.join(folder, 'run.pt'), '--steps', '5', '--quantize', 'all')
    net = load_network(os.path.join(folder, 'quantized.pt'))
    net.fold_gains()
    tiles = torch.from_numpy(np.load(os.path.join(folder, 'tiles.npy')))
    scales = calibrate(net, tiles[:8].permute(0, 3, 1, 2).float() / 255)
    codec = IntegerCodec(build_weights(net, scales))
    real = float_cost(net, tiles[-8:], [1], eight_bit=True)[0]
    integer = integer_cost(codec, tiles[-8:], [1])[0][0]
    assert abs(integer / real - 1) < 0.02, 'float %.4f, integer %.4f' % (real, integer)


def main():
    with tempfile.TemporaryDirectory() as folder:
        make_tiles(os.path.join(folder, 'tiles.npy'))
        check_training(folder)
        check_resume(folder)
        check_gradients(folder)
        check_branches(folder)
        check_integers(folder)
    print('ok')


if __name__ == '__main__':
    main()
