"""Residual branches replaced by what they add on average."""
import torch

from checkpoint import transfer
from model import FloatArithmetic, unshuffle
from validate import float_cost

N_ANCHORS = 4


class BranchMeans(FloatArithmetic):
    """Float arithmetic that averages what each residual branch adds to its base path."""

    def __init__(self):
        self.means, self.n = {}, {}

    def finish(self, layer, v, leaky=False, residual=None):
        network, name = layer.name.split('.', 1)
        if name == 'out' and network in ('ga', 'gs'):
            added = unshuffle(v, 4) if network == 'gs' else v   # like the output of the base path
            n = self.n.get(network, 0) + 1
            self.means[network] = self.means.get(network, 0) * ((n - 1) / n) + added.mean((0, 1, 2)) / n
            self.n[network] = n
        return super().finish(layer, v, leaky, residual)


def branch_means(net, pictures, anchors):
    """-> {'ga', 'gs', as far as there is a branch: mean of each output of its base path}"""
    ops = BranchMeans()
    float_cost(net, pictures, anchors, ops)
    return ops.means


def without_branch(net, network, mean):
    """net with the mean of a residual branch in its place."""
    out, _ = transfer(net, net.config.without_branch(network))
    with torch.no_grad():
        getattr(out, network)['base'].bias += mean
    return out


def without_branches(net, networks, pictures):
    """net with the means of these residual branches in their place. pictures (N, H, W, 3) uint8"""
    if networks:
        for network, mean in branch_means(net, pictures, test_anchors(net.config)).items():
            net = without_branch(net, network, mean) if network in networks else net
    return net


def test_anchors(config):
    return [round((config.n_anchors - 1) * i / (N_ANCHORS - 1)) for i in range(N_ANCHORS)]
