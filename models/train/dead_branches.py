"""Residual branches that do nothing, measured and removed."""
import torch

from checkpoint import transfer
from model import FloatArithmetic, unshuffle
from validate import float_cost

N_ANCHORS = 4
DEAD = 2e-4   # a branch is dead if the cost without it differs by less, at every anchor


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
    """net with the means of these residual branches in their place, dead or not. pictures (N, H, W, 3) uint8"""
    if networks:
        for network, mean in branch_means(net, pictures, test_anchors(net.config)).items():
            net = without_branch(net, network, mean) if network in networks else net
    return net


def test_anchors(config):
    return [round((config.n_anchors - 1) * i / (N_ANCHORS - 1)) for i in range(N_ANCHORS)]


def drop_dead_branches(net, pictures, limit=DEAD):
    """Replace every residual branch by its mean if that changes the cost at no anchor by `limit`, and tell.
    pictures (N, H, W, 3) uint8"""
    anchors = test_anchors(net.config)
    for network, mean in branch_means(net, pictures, anchors).items():
        trial = without_branch(net, network, mean)
        before, after = float_cost(net, pictures, anchors), float_cost(trial, pictures, anchors)
        changes = [a / b - 1 for a, b in zip(after, before)]
        dead = max(map(abs, changes)) < limit
        print('residual branch of %s replaced by its mean: cost %s %% at anchors %s: %s' % (
            network, ' '.join('%+.3f' % (100 * c) for c in changes), ' '.join(map(str, anchors)),
            'dropped' if dead else 'kept'))
        net = trial if dead else net
    return net
