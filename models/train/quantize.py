"""From real numbers to the integers of models/WEIGHTS.md, sections 5 and 6.

Every int16 tensor of the exact zone has a *scale*, the integer that stands for 1.0: a power of two found by `calibrate`
for tensors inside the networks, fixed by the format for those at their borders. Scales appear in no formula of the
decoder; they end up in the multipliers of the layers around the tensor.

`quantize_layer` turns a layer into integers, `FakeQuantization` simulates the same grids while training, and
`IntegerArithmetic` computes with the result, bit for bit what every decoder computes.
"""
import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from model import LEAKY_SLOPE, Depthwise, FloatArithmetic

INT16_MAX = 32767
ACC_MAX = 2 ** 31 - 1
PIXEL_SCALE = 64 * 255   # pixels 0..1 -> Q6 of 8-bit steps, less 128 steps
SAMPLE_SCALE = 8 * 255   # the same in the analysis, Q3: its filter enlarges them up to seven times

LINEAR_S8, LINEAR_S16, DEPTHWISE_S8, FLOAT_LINEAR_S8, FLOAT_DEPTHWISE_S8 = 1, 2, 3, 4, 6


# ---------------------------------------------------------------------------------------------- tensors and scales

INPUT = {'ga.in': 'samples', 'ga.out': 'ga.b4', 'ga.base': 'samples', 'hs.in': 'z', 'hs.up': 'hs.b32', 'hs.out': 'hs.b16', 'hs.scale': 'hs.prior', 'ctx0.out': 'hs.prior',
         'gs.base': 'y', 'gs.in': 'pixels', 'gs.out': 'gs.b4'}
OUTPUT = {'ga.in': 'ga.b4', 'ga.out': 'samples', 'ga.base': 'y', 'hs.in': 'hs.b32', 'hs.up': 'hs.b16', 'hs.out': 'hs.prior', 'hs.scale': 'scale',
          'gs.base': 'pixels', 'gs.in': 'gs.b4', 'gs.out': 'pixels'}


def input_tensor(name):
    """Tensor a layer reads. A block list is one tensor, the stream its blocks add to; others have their layer's name."""
    if name in INPUT:
        return INPUT[name]
    stem, last = name.rsplit('.', 1)
    if last in ('w1', 'w3'):
        return stem.rsplit('.', 1)[0]
    if last in ('dw', 'w2', 'w4'):
        return stem + {'dw': '.w1', 'w2': '.dw', 'w4': '.w3'}[last]
    return {'in': 'y', 'out': stem + '.b'}[last]   # context networks


def output_tensor(name):
    """Tensor a layer writes or adds to."""
    if name in OUTPUT:
        return OUTPUT[name]
    stem, last = name.rsplit('.', 1)
    if last in ('w1', 'dw', 'w3'):
        return name
    if last in ('w2', 'w4'):
        return stem.rsplit('.', 1)[0]
    return {'in': stem + '.b', 'out': 'y'}[last]


def is_exact(name):
    return not name.startswith('ha.')


def fixed_scales(config):
    """Scales the format prescribes."""
    return {'y': 2 ** config.frac_y, 'scale': 256 / config.scale_step, 'samples': SAMPLE_SCALE, 'pixels': PIXEL_SCALE}


class Observer(FloatArithmetic):
    """Float arithmetic that notes the largest magnitude of every exact tensor, before activations."""

    def __init__(self):
        self.largest = {}

    def note(self, tensor, x):
        self.largest[tensor] = max(self.largest.get(tensor, 0.0), x.abs().max().item())

    def finish(self, layer, v, leaky=False, residual=None):
        if is_exact(layer.name):
            self.note(output_tensor(layer.name), v if residual is None else residual + v)
        return super().finish(layer, v, leaky, residual)

    def latent(self, tensor, x):
        self.note(tensor, x)
        return x


def calibrate(net, pictures, headroom_bits=1):
    """Scale of every exact tensor: the largest power of two that keeps `headroom_bits` above what the pictures
    (B, 3, H, W) reach at any anchor, less of them where a multiplier needs it. -> {tensor: scale}"""
    observer = Observer()
    with torch.no_grad():
        for anchor in range(net.config.n_anchors):
            for x in pictures.split(8):
                net(x, torch.full((len(x),), float(anchor), device=x.device), hard=True, ops=observer)
    limit = INT16_MAX / 2 ** headroom_bits
    scales = {t: 2.0 ** math.floor(math.log2(limit / max(m, 1e-3))) for t, m in observer.largest.items()}
    scales.update(fixed_scales(net.config))
    for _ in range(headroom_bits + 1):   # one bit more than there is: rarely saturating is better than no weight file
        spend_headroom(net, scales)
    return scales


def spend_headroom(net, scales):
    """Layers of large weights and fine outputs would have multipliers of 1 and more, which the format does not know: their
    inputs get twice the scale."""
    exact = [layer for name, layer in net.layers() if is_exact(name)]
    steps = {layer.name: scaled_layer(layer, scales, net.config)[2].max() for layer in exact}
    for tensor in {input_tensor(name) for name, step in steps.items() if step >= 1}:
        scales[tensor] *= 2


# -------------------------------------------------------------------------------------------------------- one layer

@dataclass
class StoredLayer:
    """A layer as the weight file has it. weight: integers, (c_out, c_in) or (3, 3, c); scale: Q31 multipliers of exact
    layers, real scales of float ones."""
    kind: int
    weight: np.ndarray
    bias: np.ndarray
    scale: np.ndarray

    @property
    def c_out(self):
        return len(self.bias)

    @property
    def c_in(self):
        return 1 if self.weight.ndim == 3 else self.weight.shape[1]


def layer_kind(layer):
    if isinstance(layer, Depthwise):
        return DEPTHWISE_S8 if is_exact(layer.name) else FLOAT_DEPTHWISE_S8
    if layer.name.endswith('.base'):
        return LINEAR_S16
    return LINEAR_S8 if is_exact(layer.name) else FLOAT_LINEAR_S8


def column_factors(layer, scales, config):
    """Scale of each input of an exact layer. Context networks read y_hat and p, whose binary points may differ; the
    difference goes into the weights before they are rounded. -> (c_in,), or (1,) for a 3x3 filter"""
    n = 1 if isinstance(layer, Depthwise) else layer.in_features
    columns = torch.full((n,), float(scales[input_tensor(layer.name)]), device=layer.weight.device)
    if layer.name.startswith('ctx') and layer.name.endswith('.in'):
        columns[-config.P:] = scales['hs.prior']
    return columns


def weight_limit(layer, config):
    return config.limits.get(layer.name, config.base_limit if layer_kind(layer) == LINEAR_S16 else config.weight_limit)


def weight_steps(weight, bias, kind, limit):
    """Real value of one integer step of the weights for every output: `limit` steps span the largest weight, or fewer where
    the accumulator of an exact layer would not hold them. weight (c_out, n), bias (c_out,) in units of the accumulator's
    inputs. -> (c_out,)"""
    steps = weight.abs().amax(1) / limit
    if kind in (LINEAR_S8, LINEAR_S16, DEPTHWISE_S8):
        # |bias| + 32768 sum |w| <= 2^31 - 1, less what rounding may add: half a step for each weight and the bias
        room = ACC_MAX - 32768 * weight.shape[1] / 2 - 1
        steps = torch.maximum(steps, (bias.abs() + 32768 * weight.abs().sum(1)) / room)
    return steps.clamp_min(1e-12)


def scaled_layer(layer, scales, config):
    """Weights (c_out, n) and biases in units of the output, for inputs in integers, and what one step of the integer
    weights stands for (c_out,)."""
    kind = layer_kind(layer)
    weight, bias = layer.weight.detach().double().flatten(1), layer.bias.detach().double()
    if is_exact(layer.name):
        # acc = sum w x stands for output_scale * (W X + B); x = column scale * X
        out = scales[output_tensor(layer.name)]
        weight, bias = weight * out / column_factors(layer, scales, config), bias * out
    return weight, bias, weight_steps(weight, bias, kind, weight_limit(layer, config))


def quantize_layer(layer, scales, config):
    """Linear or Depthwise -> StoredLayer."""
    kind = layer_kind(layer)
    limit = weight_limit(layer, config)
    weight, bias, steps = scaled_layer(layer, scales, config)
    integers = torch.round(weight / steps[:, None]).clamp(-limit, limit).numpy().astype(np.int64)
    if isinstance(layer, Depthwise):
        integers = integers.T.reshape(3, 3, -1)
    if not is_exact(layer.name):
        return StoredLayer(kind, integers, bias.numpy().astype(np.float32), steps.numpy().astype(np.float32))
    multiplier = torch.round(steps * 2 ** 31).numpy().astype(np.int64)
    stored = StoredLayer(kind, integers, torch.round(bias / steps).numpy().astype(np.int64), multiplier)
    check_exact_layer(layer.name, stored)
    return stored


def check_exact_layer(name, stored):
    """The bounds of WEIGHTS.md, section 2."""
    sums = np.abs(stored.weight).sum((0, 1) if stored.weight.ndim == 3 else 1)
    if (np.abs(stored.bias) + 32768 * sums > ACC_MAX).any():
        raise ValueError('%s: the accumulator could overflow' % name)
    if (stored.scale >= 2 ** 31).any():
        raise ValueError('%s: multiplier of 1 or more; the scale of its output is too fine' % name)


# ----------------------------------------------------------------------------------------------- simulated integers

class FakeQuantization(FloatArithmetic):
    """Float arithmetic on the grids of the integers: weights rounded with steps derived from their present values,
    activations rounded and clamped like int16. Gradients pass through the rounding. Biases, multipliers and gains are
    so fine that they stay real.

    Nothing here waits for a GPU or copies to it, so that steps can be recorded as CUDA graphs. (torch's
    fake_quantize_per_channel_affine reads its zero points back.)"""

    def __init__(self, net, scales, round_activations=True):
        self.config, self.scales, self.round_activations = net.config, scales, round_activations
        self.factors = {name: self.factors_of(layer) for name, layer in net.layers()}

    def factors_of(self, layer):
        """What multiplies the weights before they are rounded: (c_in,), or (1,) where all inputs have one scale."""
        if not is_exact(layer.name):
            return torch.ones(1, device=layer.weight.device)
        factors = self.scales[output_tensor(layer.name)] / column_factors(layer, self.scales, self.config)
        return factors[:1] if (factors == factors[0]).all() else factors

    def parameters(self, layer):
        """Weights on their integer grid."""
        weight, factors, limit = layer.weight.flatten(1), self.factors[layer.name], weight_limit(layer, self.config)
        with torch.no_grad():
            out = self.scales[output_tensor(layer.name)] if is_exact(layer.name) else 1.0
            steps = weight_steps(weight * factors, layer.bias * out, layer_kind(layer), limit)[:, None] / factors
            rounding = torch.round(weight / steps).clamp(-limit, limit) * steps - weight
        return (weight + rounding).reshape(layer.weight.shape), layer.bias

    def finish(self, layer, v, leaky=False, residual=None):
        if not is_exact(layer.name) or not self.round_activations:
            return super().finish(layer, v, leaky, residual)
        tensor = output_tensor(layer.name)
        v = self.grid(tensor, v if residual is None else residual + v)
        return torch.maximum(v, self.grid(tensor, LEAKY_SLOPE * v)) if leaky else v

    def latent(self, tensor, x):
        return self.grid(tensor, x) if self.round_activations else x

    def grid(self, tensor, x):
        return torch.fake_quantize_per_tensor_affine(x.float(), 1 / self.scales[tensor], 0, -32768, INT16_MAX)


# --------------------------------------------------------------------------------------------------- exact integers

EXP2_Q30 = np.round(2.0 ** (np.arange(65) / 64) * 2 ** 30).astype(np.int64)


def exp2_q20(x_q12):
    """2^(x / 4096) in Q20: fixed_exp2_q20 of codec/base/fixed.c. numpy int64 -> int64"""
    x = np.clip(x_q12, -10 * 4096, 11 * 4096)
    k, f = (x & 4095) >> 6, x & 63
    m_q36 = EXP2_Q30[k] * (64 - f) + EXP2_Q30[k + 1] * f
    return round_shift(m_q36, 16 - (x >> 12))


def round_shift(v, shift):
    """floor(v / 2^shift + 1/2), numpy or torch integers."""
    return (v + (1 << (shift - 1))) >> shift


def interpolate(table, quality):
    """WEIGHTS.md, section 6. table (n_anchors, C) integers, quality in 1/1024 anchor -> (C,)"""
    a = min(quality >> 10, len(table) - 2)
    f = quality - 1024 * a
    t = table.astype(np.int64)
    return round_shift(t[a] * (1024 - f) + t[a + 1] * f, 10)


def sat16(v):
    return v.clamp(-32768, INT16_MAX)


class IntegerArithmetic:
    """The layers of WEIGHTS.md, section 5. Activations are int64 tensors; products run in double precision, which holds
    every accumulator exactly."""

    def __init__(self, layers):
        self.layers = layers

    def linear(self, layer, x, leaky=False, residual=None, gain=None):
        stored = self.layers[layer.name]
        acc = F.linear(x.double(), as_double(stored.weight), as_double(stored.bias)).long()
        multiplier = torch.from_numpy(stored.scale)
        if gain is not None:
            gain = gain.repeat(len(multiplier) // len(gain))
            multiplier = round_shift(multiplier * gain, 20).clamp(max=2 ** 31 - 1)
        return self.finish(acc, multiplier, leaky, residual)

    def depthwise(self, layer, x):
        stored = self.layers[layer.name]
        h, w = x.shape[1:3]
        weight, padded = torch.from_numpy(stored.weight), F.pad(x, (0, 0, 1, 1, 1, 1))
        acc = sum(padded[:, i:i + h, j:j + w] * weight[i, j] for i in range(3) for j in range(3))
        return self.finish(acc + torch.from_numpy(stored.bias), torch.from_numpy(stored.scale))

    @staticmethod
    def finish(acc, multiplier, leaky=False, residual=None):
        v = round_shift(acc * multiplier, 31)
        if residual is not None:
            return sat16(residual + v)
        v = sat16(v)
        return torch.where(v < 0, round_shift(v, 3), v) if leaky else v


def as_double(integers):
    return torch.from_numpy(integers.astype(np.float64))
