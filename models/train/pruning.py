"""Block pruning ramped while training (Zhu and Gupta 2017, "To prune, or not to prune").

The unit is a block of 16 outputs x 4 inputs of an exact int8 linear layer, what a kernel can skip. Blocks with the least
share of their layer's energy go first: score = |block|^2 / the sum of |other|^2 over the blocks of the layer at least
as large (Lee et al. 2021, LAMP), which ranks blocks of all layers together and never empties one. A block that has
gone stays zero.
"""
import torch

from quantize import LINEAR_S8, layer_kind

ROWS, COLUMNS = 16, 4
RAMP_END = 0.8   # share of the run after which no more blocks go: the rest heals


class BlockPruning:
    """Which blocks are kept: masks {layer: bool (ceil(c_out / 16), ceil(c_in / 4))}, empty ones being found in net."""

    def __init__(self, net, share, masks=None):
        self.share = share
        self.masks = masks or {name: block_energies(w) > 0 for name, w in prunable(net).items() if w.any()}
        self.masks = {name: mask.to(next(net.parameters()).device) for name, mask in self.masks.items()}

    def target(self, progress):
        """Share to be pruned: rises fast while there is most to spare, then ever more slowly."""
        return self.share * (1 - (1 - min(1, progress / RAMP_END)) ** 3)

    def update(self, net, progress):
        """Prune until the target is reached. The scores are computed on the CPU: sums that run on a GPU may differ from
        one process to the next."""
        weights = prunable(net)
        scores = {name: lamp_scores(block_energies(weights[name]).cpu()) for name in self.masks}
        n_pruned = int(self.target(progress) * sum(s.numel() for s in scores.values()))
        if n_pruned:
            limit = torch.cat([s.flatten() for s in scores.values()]).kthvalue(n_pruned)[0]
            self.masks = {name: mask & (scores[name] > limit).to(mask.device) for name, mask in self.masks.items()}

    def apply(self, state):
        """Zero the pruned blocks in a state dict, in place."""
        with torch.no_grad():
            for name, mask in self.masks.items():
                weight = state[name + '.weight']
                weight *= spread(mask, weight.shape)

    def pruned_share(self):
        kept, n = sum(m.sum().item() for m in self.masks.values()), sum(m.numel() for m in self.masks.values())
        return 1 - kept / n


def prunable(net):
    """{layer: weight} of the layers that can be pruned: those that train."""
    return {name: layer.weight.detach() for name, layer in net.layers()
            if layer_kind(layer) == LINEAR_S8 and layer.weight.requires_grad}


def block_energies(weight):
    """(c_out, c_in) -> sum of squares of each block; the last ones may be smaller."""
    h, w = weight.shape
    squares = torch.nn.functional.pad(weight.float() ** 2, (0, -w % COLUMNS, 0, -h % ROWS))
    return squares.reshape(-(-h // ROWS), ROWS, -(-w // COLUMNS), COLUMNS).sum((1, 3))


def lamp_scores(energies):
    order = energies.flatten().argsort(descending=True)
    ranked = energies.flatten()[order]
    scores = torch.empty_like(ranked)
    scores[order] = ranked / ranked.cumsum(0)
    return scores.reshape(energies.shape)


def spread(mask, shape):
    """Mask of blocks -> of weights."""
    return mask.repeat_interleave(ROWS, 0).repeat_interleave(COLUMNS, 1)[:shape[0], :shape[1]]
