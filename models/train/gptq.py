"""Weights rounded one input after the other, each error made up for by the inputs that follow: GPTQ, Frantar, Ashkboos, Hoefler and
Alistarh, "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers" (ICLR 2023).

`quantize_weights` moves the weights of a network onto the grids of quantize.py, where `quantize_layer` and `FakeQuantization` find
them again. One pass of calibration pictures does it: each layer is quantized when its input arrives, and passes on what it
computes then. Beside the pictures run their twins, computed with the float weights: before a layer is rounded, what its output
lacks of the twin's is regressed on its input, so it makes up for the layers before it as far as it can.

The bias takes up the mean of the error, so the Hessian of a row is the covariance of its inputs. The rows of a linear layer share it;
a 3x3 filter is a row of nine inputs with a Hessian of its own.
"""
import re

import torch
import torch.nn.functional as F

from model import FLOAT, coded_share, non_anchors
from quantize import FakeQuantization, is_exact, layer_kind, output_tensor, weight_limit, weight_steps

DAMPENING = 0.003                            # of the mean variance of the inputs, added to each
SHRUNKEN = 1.0, 0.95, 0.9, 0.85, 0.8, 0.7    # steps tried, in those that take the largest weight of a row to the limit
MOST_OF_LIMIT = 0.46                         # means in y's scale from inputs of half of it, and some room
FIRST = re.compile(r'(ga|ha|hs|ctx\d+)\.in|ctx0\.out|gs\.base')   # layers of inputs that the twins take from the pictures


def quantize_weights(net, scales, pictures):
    """Put the weights of net on their grids, in place. scales: from quantize.calibrate; pictures (B, 3, H, W): training
    pictures, the i-th is coded at anchor i mod n_anchors. All pass through the layers together."""
    anchors = torch.arange(len(pictures), device=pictures.device).float() % net.config.n_anchors
    with torch.no_grad():
        net(pictures.repeat(2, 1, 1, 1), anchors.repeat(2), hard=True, ops=LayerwiseQuantization(net, scales))


class LayerwiseQuantization(FakeQuantization):
    """Arithmetic that quantizes each layer it meets, then computes it. The second half of a batch are the twins of the first."""

    def __init__(self, net, scales):
        super().__init__(net, scales, round_activations=False)

    def linear(self, layer, x, leaky=False, residual=None, gain=None):
        x, twin = self.halves(layer, x)
        residual, twin_residual = (None, None) if residual is None else residual.chunk(2)
        gain = None if gain is None else gain.chunk(2)[0]
        missing = F.linear(twin - x, layer.weight)
        if residual is not None:
            missing += twin_residual - residual
        twin = FLOAT.linear(layer, twin, leaky, twin_residual, gain)
        coded = self.coded(layer, *x.shape[1:3])
        self.quantize(layer, Moments((i[coded].T[None], m[coded].T[None]) for i, m in zip(x, missing)))
        return torch.cat([super().linear(layer, x, leaky, residual, gain), twin])

    def depthwise(self, layer, x):
        x, twin = self.halves(layer, x)
        missing = FLOAT.depthwise(layer, twin) - FLOAT.depthwise(layer, x)
        twin = FLOAT.depthwise(layer, twin)
        coded = self.coded(layer, *x.shape[1:3])
        self.quantize(layer, Moments((neighbourhoods(i)[..., coded.flatten()], m[coded].T[:, None]) for i, m in zip(x, missing)))
        return torch.cat([super().depthwise(layer, x), twin])

    @staticmethod
    def halves(layer, x):
        x, twin = x.chunk(2)
        return x, x if FIRST.fullmatch(layer.name) else twin

    def coded(self, layer, h, w):
        """(h, w) bool: where the output of a layer is used."""
        if not layer.name.startswith('ctx') or coded_share(layer.name, self.config.blocks['ctx'][0]) == 1:
            return torch.ones(h, w, dtype=torch.bool)
        _, phase = self.config.passes[int(layer.name[3:layer.name.index('.')])]
        return non_anchors(h, w)[0, ..., 0] == bool(phase)

    def quantize(self, layer, moments):
        g, n = moments.mean.shape
        factors = self.factors[layer.name].double().expand(n)   # the grid is that of weight * factors
        weight = layer.weight.double().reshape(g, -1, n)
        wanted = (weight + moments.regression()) * factors
        grid = quantize_rows(wanted, moments.covariance / (factors[:, None] * factors), weight_limit(layer, self.config))
        grid = torch.where(self.fits(layer, grid.reshape(-1, n)).reshape(g, -1, 1), grid / factors, weight)
        layer.weight.copy_(grid.reshape(layer.weight.shape))
        layer.bias += ((weight - grid) @ moments.mean[..., None] + moments.missing_mean[..., None]).flatten()

    def fits(self, layer, grid):
        """grid (c_out, n) -> (c_out,): rows whose step is set by their largest weight, not by the accumulator. The others, of the
        base path only, have fine steps and stay as they are."""
        out, kind = self.scales[output_tensor(layer.name)] if is_exact(layer.name) else 1.0, layer_kind(layer)
        limit = weight_limit(layer, self.config)
        return weight_steps(grid, layer.bias.double() * out, kind, limit) < grid.abs().amax(1).clamp_min(1e-12) / limit * (1 + 1e-6)


def equalize_contexts(net):
    """Large weights of few bits have steps that are no multipliers, which are below 1. So the channels of a context network that
    such weights of its last layer read are enlarged by a power of two, and read by smaller weights everywhere: the same
    function (Nagel, van Baalen, Blankevoort and Welling, "Data-Free Quantization Through Weight Equalization and Bias
    Correction", ICCV 2019)."""
    with torch.no_grad():
        for k in range(1, len(net.config.passes)):
            ctx = getattr(net, 'ctx%d' % k)
            most = MOST_OF_LIMIT * weight_limit(ctx['out'], net.config)
            factors = (ctx['out'].weight.abs().amax(0) / most).clamp_min(1).log2().ceil().exp2()
            for layer in (ctx['in'], *(layer for block in ctx['b'] for layer in (block.w2, block.w4))):
                layer.weight *= factors[:, None]
                layer.bias *= factors
            for layer in (ctx['out'], *(layer for block in ctx['b'] for layer in (block.w1, block.w3))):
                layer.weight /= factors


# -------------------------------------------------------------------------------------------------------------- inputs

class Moments:
    """Of the inputs of rows, and of what their outputs lack: mean (g, n), covariance (g, n, n), missing_mean (g, rows),
    missing_covariance (g, rows, n), double precision. g groups of rows have inputs of their own: 1, or the 3x3 filters of a layer."""

    def __init__(self, samples):
        """samples: pairs of inputs (g, n, N) and missing outputs (g, rows, N)."""
        total, sums = 0, [0, 0, 0, 0]
        for x, missing in samples:
            total += x.shape[2]
            terms = x.sum(2), missing.sum(2), x @ x.transpose(1, 2), missing @ x.transpose(1, 2)
            sums = [s + t.double() for s, t in zip(sums, terms)]
        self.mean, self.missing_mean, square, cross = (s / total for s in sums)
        self.covariance = square - self.mean[..., None] * self.mean[:, None]
        self.missing_covariance = cross - self.missing_mean[..., None] * self.mean[:, None]

    def regression(self):
        """(g, rows, n): weights that predict what is missing."""
        return torch.linalg.solve(dampened(self.covariance), self.missing_covariance.transpose(1, 2)).transpose(1, 2)


def dampened(covariance):
    variance = covariance.diagonal(dim1=1, dim2=2).mean(1).clamp_min(1e-12)
    return covariance + DAMPENING * variance[:, None, None] * torch.eye(covariance.shape[1], dtype=covariance.dtype)


def neighbourhoods(x):
    """x (h, w, c) -> what 3x3 filters see, (c, 9, h*w)."""
    h, w = x.shape[:2]
    x = F.pad(x, (0, 0, 1, 1, 1, 1))
    taps = torch.stack([x[i:i + h, j:j + w].flatten(0, 1) for i in range(3) for j in range(3)])
    return taps.permute(2, 0, 1).contiguous()


# ---------------------------------------------------------------------------------------------------------------- rows

def quantize_rows(weight, hessian, limit):
    """weight (g, rows, n), hessian (g, n, n) -> nearby weights on the grids of their rows, whose largest is exactly `limit`
    steps. Of the steps tried each row takes the one of the least error."""
    best, least = weight, torch.full(weight.shape[:2], float('inf'), dtype=weight.dtype)
    for shrunken in SHRUNKEN:
        steps = (shrunken / limit * weight.abs().amax(2)).clamp_min(1e-12)
        grid = round_in_turn(weight, hessian, steps, limit)
        error = weight - grid
        error = ((error @ hessian) * error).sum(2)
        best = torch.where((error < least)[..., None], grid, best)
        least = torch.minimum(error, least)
    return best


def round_in_turn(weight, hessian, steps, limit):
    """The inputs of the largest variance first; the largest weight of a row becomes `limit` steps. steps (g, rows)"""
    order = hessian.diagonal(dim1=1, dim2=2).argsort(1, descending=True)
    columns = order[:, None].expand_as(weight)
    weight = weight.gather(2, columns)
    largest = F.one_hot(weight.abs().argmax(2), weight.shape[2]).bool()
    factor = feedback(hessian, order)
    grid = torch.empty_like(weight)
    for j in range(weight.shape[2]):
        w = weight[..., j]
        integers = torch.round(w / steps).clamp(-limit, limit)
        integers = torch.where(largest[..., j], limit * torch.sign(w), integers)
        grid[..., j] = integers * steps
        error = (w - grid[..., j]) / factor[:, None, j, j]
        weight[..., j:] -= error[..., None] * factor[:, None, j, j:]
    return torch.empty_like(grid).scatter_(2, columns, grid)


def feedback(hessian, order):
    """Upper Cholesky factor of the inverse of the dampened Hessian, its inputs in the given order: row j tells how much of an
    error of input j the later ones take."""
    hessian = hessian.gather(1, order[..., None].expand_as(hessian)).gather(2, order[:, None].expand_as(hessian))
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(dampened(hessian)))
    return torch.linalg.cholesky(inverse).transpose(1, 2)
