#!/usr/bin/env python3
"""One choice of the design changed at a time, trained as train.py does. Results are in EXPERIMENTS.md.

    ablations.py VARIANT CONFIG --data tiles.npy --out run.pt ...     further arguments as of train.py

    passes-NAME       entropy models with fresh context networks, which code y in the passes of PASSES; needs --init
    z-shared          one scale of z a channel for all qualities instead of one for each
    z-single          one scale of z a quality for all channels
    random-base       the base path begins with random orthonormal rows instead of a DCT
    qualities-N       qualities drawn from N evenly spaced ones instead of all
    outputs:TEACHER   half of the squared error is that against the pictures which the network of a checkpoint makes
    latents:TEACHER   y is drawn to that of the network of a checkpoint
    none              nothing
"""
import sys

import torch
import torch.nn as nn

from checkpoint import load_network
from model import CONFIGS, MID, BlockList, Codec, FloatArithmetic, Linear, gauss_bits, logistic_bits, non_anchors, rounded, ste_round
from train import Trainer, parse_arguments

LATENTS_WEIGHT = 0.02   # of the mean squared distance to the teacher's y in steps, beside the log of the cost


# -------------------------------------------------------------------------------------------------------------- passes

def slices_of(h, w, M):
    return torch.arange(M).expand(1, h, w, M) >= 64


def checkerboard(h, w, M):
    return non_anchors(h, w).expand(1, h, w, M)


def one(h, w, M):
    return torch.zeros(1, h, w, M, dtype=torch.long)


def slices_by_checkerboard(h, w, M):
    return 2 * slices_of(h, w, M).long() + checkerboard(h, w, M)


def quadtree(h, w, M):
    """Every pass codes each quarter of the channels at another of the four positions of a 2 x 2 block, diagonal ones one after the
    other (Li, Li and Lu, "Neural Video Compression with Diverse Contexts", CVPR 2023)."""
    place = torch.tensor([0, 2, 3, 1])[2 * (torch.arange(h)[:, None] % 2) + torch.arange(w)[None] % 2]
    return (place[None, :, :, None] + torch.arange(M)) % 4


# Name -> the pass that codes each element of y, (1, h, w, M), and how many there are.
PASSES = {'one': (one, 1), 'slices': (slices_of, 2), 'checkerboard': (checkerboard, 2), 'released': (slices_by_checkerboard, 4),
          'quadtree': (quadtree, 4)}


class PassesCodec(Codec):
    """A codec with an entropy model of any passes: every context network reads all of y that is known and all it makes are means of
    all channels, of which those of its pass are used."""

    def __init__(self, config, name):
        super().__init__(config)
        self.pass_of, n = PASSES[name]
        for k in range(len(config.passes)):
            delattr(self, 'ctx%d' % k)
        for k in range(n):
            out = Linear(config.P, config.M, gain=0)
            network = {'in': Linear(config.M + config.P, config.P), 'b': BlockList(config.P, *config.blocks['ctx']), 'out': out}
            self.add_module('ctx%d' % k, nn.ModuleDict(network if k else {'out': out}))
        self.n_passes = n
        for name, layer in self.layers():
            layer.name = name

    def code_y(self, ops, y, p, log_sigma, q, hard):
        gain, step = self.at_quality(self.gain_y, q).exp(), self.at_quality(self.step, q).exp()
        pass_of = self.pass_of(*y.shape[1:])
        decoded, bits = torch.zeros_like(y), 0
        for k in range(self.n_passes):
            ctx, coded = getattr(self, 'ctx%d' % k), pass_of == k
            f = ctx['b'](ops, ops.linear(ctx['in'], torch.cat([decoded, p], -1))) if k else p
            mean = ops.linear(ctx['out'], f)
            r = (y - mean) * gain
            bits = bits + (gauss_bits(rounded(ops, r, hard).float(), log_sigma.float()) * coded).sum((1, 2, 3))
            decoded = decoded + (ste_round(r) + mean * gain) * step * coded
        return decoded, bits


# --------------------------------------------------------------------------------------------------------- other choices

class SharedScaleCodec(Codec):
    """A codec whose scales of z do not depend on the quality (dim 0) or the channel (dim 1)."""

    def __init__(self, config, dim):
        super().__init__(config)
        self.dim = dim

    def code_z(self, ops, z, q, hard):
        r = z - self.z_mean
        scale = self.z_scale.mean(self.dim, keepdim=True).expand_as(self.z_scale)
        return ste_round(r) + self.z_mean, logistic_bits(rounded(ops, r, hard).float(), self.at_quality(scale, q)).sum((1, 2, 3))


def start_at_random(net):
    """Analysis with orthonormal rows, synthesis its transpose, as the DCT is."""
    with torch.no_grad():
        rows = nn.init.orthogonal_(torch.empty_like(net.ga['base'].weight))
        net.ga['base'].weight.copy_(rows)
        net.gs['base'].weight.copy_(rows.t())
        net.ga['base'].bias.zero_()
        net.gs['base'].bias.zero_()


class Watching(FloatArithmetic):
    """Keeps y."""

    def linear(self, layer, *args, **kwargs):
        v = super().linear(layer, *args, **kwargs)
        if layer.name == 'ga.base':
            self.y = v
        return v


class Ablation(Trainer):
    def __init__(self, variant, args):
        self.variant, _, teacher = variant.partition(':')
        self.teacher = load_network(teacher).requires_grad_(False) if teacher else None
        super().__init__(args)

    def initial_network(self, saved):
        net, config = super().initial_network(saved), CONFIGS[self.args.config]
        if self.variant == 'random-base':
            start_at_random(net)
        name, _, which = self.variant.partition('-')
        changed = PassesCodec(config, which) if name == 'passes' else SharedScaleCodec(
            config, ('shared', 'single').index(which)) if name == 'z' else None
        if not changed:
            return net
        kept = {k: v for k, v in net.state_dict().items() if not (name == 'passes' and k.startswith('ctx'))}
        changed.load_state_dict(kept, strict=False)
        return changed

    def arithmetic(self, saved):
        return Watching() if self.teacher else super().arithmetic(saved)

    def batch(self):
        x, q = super().batch()
        if self.variant.startswith('qualities-'):
            last = int(self.variant.partition('-')[2]) - 1
            q = torch.round(q / (self.config.n_anchors - 1) * last) / last * (self.config.n_anchors - 1)
        return x, q

    def loss(self, x, q, x_hat, mse, bpp):
        if not self.teacher:
            return super().loss(x, q, x_hat, mse, bpp)
        ops = Watching()
        with torch.no_grad(), torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.args.bf16):
            if self.variant == 'outputs':
                target, _, _ = self.teacher(x, q, hard=True)
                target = target.float()
            else:
                self.teacher.analysis(ops, x.permute(0, 2, 3, 1) - MID, self.teacher.at_quality(self.teacher.gain_e4, q).exp())
        if self.variant == 'outputs':
            mse = (mse + ((x_hat - target) ** 2).mean((1, 2, 3))) / 2
            return super().loss(x, q, x_hat, mse, bpp)
        distance = (self.ops.y - ops.y) * self.net.at_quality(self.net.gain_y, q).exp().detach()
        return super().loss(x, q, x_hat, mse, bpp) + LATENTS_WEIGHT * (distance ** 2).mean()


if __name__ == '__main__':
    if len(sys.argv) < 3 or sys.argv[1] in ('-h', '--help'):
        sys.exit(__doc__)
    Ablation(sys.argv[1], parse_arguments(sys.argv[2:])).run()
