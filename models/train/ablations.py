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
from dataclasses import replace
from functools import partial

import torch
import torch.nn as nn

from checkpoint import load_network, network_of
from model import CONFIGS, MID, Codec, FloatArithmetic, logistic_bits, non_anchors, rounded, ste_round
from train import Trainer, parse_arguments

LATENTS_WEIGHT = 0.02   # of the mean squared distance to the teacher's y in steps, beside the log of the cost


# -------------------------------------------------------------------------------------------------------------- passes

def slices_of(h, w, M, device):
    return torch.arange(M, device=device).expand(1, h, w, M) >= 64


def checkerboard(h, w, M, device):
    return non_anchors(h, w, device).expand(1, h, w, M)


def one(h, w, M, device):
    return torch.zeros(1, h, w, M, dtype=torch.long, device=device)


def slices_by_checkerboard(h, w, M, device):
    return 2 * slices_of(h, w, M, device).long() + checkerboard(h, w, M, device)


def quadtree(h, w, M, device):
    """Every pass codes each quarter of the channels at another of the four positions of a 2 x 2 block, diagonal ones one after the
    other (Li, Li and Lu, "Neural Video Compression with Diverse Contexts", CVPR 2023).   0 2
                                                                                          3 1   """
    row, column = torch.arange(h, device=device)[:, None] % 2, torch.arange(w, device=device)[None] % 2
    place = 2 * (row ^ column) + row
    return (place[None, :, :, None] + torch.arange(M, device=device)) % 4


# Name -> the pass that codes each element of y, (1, h, w, M), and how many there are.
PASSES = {'one': (one, 1), 'slices': (slices_of, 2), 'checkerboard': (checkerboard, 2), 'released': (slices_by_checkerboard, 4),
          'quadtree': (quadtree, 4)}


class PassesCodec(Codec):
    """A codec with an entropy model of any passes: y is one slice, every context network reads all of it that is known, and of the
    means it makes those of its pass are used."""

    def __init__(self, config, name):
        pass_of, n = PASSES[name]
        super().__init__(replace(config, slices=(config.M,), passes=tuple((0, k) for k in range(n))))
        self.pass_of = pass_of

    def coded(self, phase, h, w, device):
        return self.pass_of(h, w, self.config.M, device) == phase


# --------------------------------------------------------------------------------------------------------- other choices

class SharedScaleCodec(Codec):
    """A codec whose scales of z do not depend on the quality (dim 0) or the channel (dim 1)."""

    def __init__(self, config, dim):
        super().__init__(config)
        self.dim = dim

    def z_log_scale(self, q):
        return self.at_quality(self.z_scale.mean(self.dim, keepdim=True).expand_as(self.z_scale), q)


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
        args.variant = variant   # kept with the state of the run
        self.variant, _, teacher = variant.partition(':')
        name, _, which = self.variant.partition('-')
        self.codec = (partial(PassesCodec, name=which) if name == 'passes' else
                      partial(SharedScaleCodec, dim=('shared', 'single').index(which)) if name == 'z' else Codec)
        self.teacher = load_network(teacher).requires_grad_(False) if teacher else None
        super().__init__(args)
        if self.teacher:
            self.teacher.to(self.device)

    def initial_network(self, saved):
        if saved:
            return network_of(saved['net'], CONFIGS[self.args.config], self.codec)
        net = super().initial_network(saved)
        if self.variant == 'random-base':
            start_at_random(net)
        if self.codec is Codec:
            return net
        changed = self.codec(net.config)
        changed.load_state_dict({name: value for name, value in net.state_dict().items()
                                 if not (self.variant.startswith('passes-') and name.startswith('ctx'))}, strict=False)
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
                target, _, _ = self.teacher(x, q, hard=self.hard)
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
