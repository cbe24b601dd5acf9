"""The networks of Gingham: the one definition that training, quantization, export and parity vectors share.

Module paths are the layer names of models/WEIGHTS.md (`gs.b4.0.w1`), and iterating over the modules yields the layers
in file order. Activations are NHWC: y is (B, H/16, W/16, M), z is (B, H/64, W/64, Z).

The walks over the layers (`hyper_synthesis`, `mean`, `synthesis`, ...) take an *arithmetic*, which computes one layer:
`FloatArithmetic` here, and in quantize.py one that observes ranges, one that simulates the integers while training and
one that computes them. So the float model and the integer model cannot differ in structure.
"""
import math
from dataclasses import dataclass, field, replace

import torch
import torch.nn as nn
import torch.nn.functional as F

import trellis

LEAKY_SLOPE = 0.125
MID = 128 / 255   # the networks see and compute pixels less this

# Block lists in the order of the weight file.
BLOCK_LISTS = ('ga.b4', 'ha.b16', 'ha.b32', 'hs.b32', 'hs.b16', 'hs.prior', 'ctx', 'gs.b4')

# The filters over samples a model may lack: width, then 0, and block list, then empty.
FILTERS = {'ga': ('e4', 'ga.b4'), 'gs': ('d4', 'gs.b4')}
NO_BLOCKS = (0, 8)


@dataclass(frozen=True)
class Config:
    """Everything that describes a model besides its parameters."""
    name: str
    M: int                    # channels of y
    Z: int                    # channels of z
    P: int                    # channels of the prior p
    e4: int                   # filter of the analysis, at 1/4; 0: none
    d4: int                   # filter of the synthesis, at 1/4; 0: none
    blocks: dict = field(hash=False)   # block list -> (count, hidden width)
    slices: tuple             # channels of each slice of y
    passes: tuple             # (slice, phase) in coding order; phase 0: anchors, 1: non-anchors
    n_anchors: int            # quality anchors; quality runs from 0 to n_anchors - 1
    lambda_min: float         # Lagrangian of quality 0 and of the last one, log-spaced between
    lambda_max: float
    frac_y: int = 10          # y is within +-32: pixels in 0..1 through a nearly orthonormal 16 x 16 transform
    n_scales: int = 64        # scales of y, log-spaced
    sigma_min: float = 0.11
    sigma_max: float = 192.0
    weight_limit: int = 127   # largest quantized weight; 31 makes the file smaller by a quarter, at a cost (EXPERIMENTS.md)
    base_limit: int = 1023    # the same of the linear base path; 8191 is no better and 90 kB larger
    limits: dict = field(default_factory=dict, hash=False)   # layer -> its own limit, found by choose_limits.py
    batch: int = 48           # of train.py on a GPU, crops of 192 x 192, and the peak learning rates that go with it
    lr: float = 2e-3
    base_lr: float = 1.5e-4

    def lagrangian(self, q):
        """Weight of the squared error of pixels in 0..1 against bits a pixel, at quality q (anchors)."""
        ratio = self.lambda_max / self.lambda_min
        return 255 ** 2 * self.lambda_min * ratio ** (q / (self.n_anchors - 1))

    @property
    def scale_step(self):
        """Distance of neighbouring scales, natural logarithm."""
        return math.log(self.sigma_max / self.sigma_min) / (self.n_scales - 1)

    def without_filter(self, network):
        """The same without the filter of 'ga' or 'gs'."""
        width, blocks = FILTERS[network]
        return replace(self, blocks={**self.blocks, blocks: NO_BLOCKS}, **{width: 0})


CHECKERBOARD_2 = ((0, 0), (0, 1), (1, 0), (1, 1))

# Lambda of the first and last of 11 anchors: 0.0008 and 0.08, the range of the first experiments, at anchors 2 and 9.
FAST_RANGE = 0.0008 / 100 ** (2 / 7), 0.08 * 100 ** (1 / 7)

# Found by choose_limits.py for 1.5 MB.
FAST_LIMITS = {
    'ga.b4.0.w1': 90, 'ga.b4.0.w2': 31, 'ga.b4.0.w3': 45, 'ga.b4.0.w4': 45, 'ga.b4.1.w1': 63, 'ga.b4.1.w3': 31,
    'ga.b4.1.w4': 45, 'ga.b4.2.w1': 31, 'ga.b4.2.w2': 63, 'ga.b4.2.w3': 45, 'ga.b4.2.w4': 63, 'ga.base': 255,
    'ha.b16.0.w4': 90, 'ha.down32': 31, 'ha.b32.0.w3': 45, 'ha.b32.0.w4': 90, 'hs.b32.0.w3': 90, 'hs.b32.0.w4': 45,
    'hs.up': 45, 'hs.b16.0.w3': 63, 'hs.b16.0.w4': 31, 'hs.out': 90, 'hs.prior.0.w1': 31, 'hs.prior.0.w2': 31,
    'hs.prior.0.w3': 31, 'hs.prior.0.w4': 31, 'hs.scale': 31, 'ctx0.out': 31, 'ctx1.b.0.w1': 63, 'ctx1.b.0.w2': 31,
    'ctx1.b.0.w3': 90, 'ctx1.b.0.w4': 63, 'ctx2.in': 31, 'ctx2.b.0.w1': 45, 'ctx2.b.0.w2': 45, 'ctx2.b.0.w3': 31,
    'ctx2.b.0.w4': 31, 'ctx2.out': 45, 'ctx3.b.0.w2': 63, 'ctx3.b.0.w3': 31, 'ctx3.b.0.w4': 31, 'ctx3.out': 31, 'gs.base':
    255, 'gs.b4.0.w1': 63, 'gs.b4.0.w3': 63, 'gs.b4.0.w4': 90, 'gs.b4.1.w1': 90, 'gs.b4.1.w2': 90, 'gs.b4.1.w3': 90}

CONFIGS = {c.name: c for c in (
    Config('fast', M=320, Z=48, P=160, e4=64, d4=64,
           blocks={'ga.b4': (3, 128), 'ha.b16': (1, 96), 'ha.b32': (1, 96), 'hs.b32': (1, 96), 'hs.b16': (1, 96),
                   'hs.prior': (1, 256), 'ctx': (1, 256), 'gs.b4': (2, 112)},
           slices=(64, 256), passes=CHECKERBOARD_2, n_anchors=11,
           lambda_min=FAST_RANGE[0], lambda_max=FAST_RANGE[1], limits=FAST_LIMITS),
    # both grow out of `fast` (train.py --init): latents and slices are its
    Config('standard', M=320, Z=48, P=192, e4=96, d4=96,
           blocks={'ga.b4': (4, 192), 'ha.b16': (1, 96), 'ha.b32': (1, 96), 'hs.b32': (1, 96), 'hs.b16': (1, 96),
                   'hs.prior': (1, 384), 'ctx': (1, 384), 'gs.b4': (5, 192)},
           slices=(64, 256), passes=CHECKERBOARD_2, n_anchors=11, lambda_min=FAST_RANGE[0], lambda_max=FAST_RANGE[1],
           batch=32, lr=1.5e-3),
    Config('best', M=320, Z=48, P=320, e4=192, d4=224,
           blocks={'ga.b4': (6, 384), 'ha.b16': (1, 192), 'ha.b32': (1, 192), 'hs.b32': (1, 192), 'hs.b16': (2, 192),
                   'hs.prior': (2, 640), 'ctx': (2, 640), 'gs.b4': (8, 448)},
           slices=(64, 256), passes=CHECKERBOARD_2, n_anchors=11, lambda_min=FAST_RANGE[0], lambda_max=FAST_RANGE[1],
           batch=16, lr=1e-3, base_lr=1e-4),
    Config('tiny', M=48, Z=16, P=32, e4=16, d4=16,
           blocks={'ga.b4': (1, 32), 'ha.b16': (1, 32), 'ha.b32': (1, 32), 'hs.b32': (1, 32), 'hs.b16': (1, 32),
                   'hs.prior': (1, 64), 'ctx': (1, 64), 'gs.b4': (1, 32)},
           slices=(16, 32), passes=CHECKERBOARD_2, n_anchors=3, lambda_min=0.001, lambda_max=0.05),
    # random weights for parity vectors (parity_model.py)
    Config('test', M=24, Z=16, P=16, e4=16, d4=24,
           blocks={'ga.b4': (2, 24), 'ha.b16': (1, 16), 'ha.b32': (1, 24), 'hs.b32': (2, 24), 'hs.b16': (1, 16),
                   'hs.prior': (2, 24), 'ctx': (2, 24), 'gs.b4': (3, 32)},
           slices=(8, 16), passes=CHECKERBOARD_2, n_anchors=3, lambda_min=0.001, lambda_max=0.05,
           frac_y=9, n_scales=24, sigma_max=24.0),
)}


# ---------------------------------------------------------------------------------------------------------- layers

class Linear(nn.Linear):
    """A 1x1 convolution; weight (c_out, c_in). With gain 1 it starts keeping the size of its input, with 0 at zero."""

    def __init__(self, c_in, c_out, gain=1.0):
        super().__init__(c_in, c_out)
        nn.init.zeros_(self.bias)
        nn.init.xavier_uniform_(self.weight, gain)


class Depthwise(nn.Conv2d):
    """One 3x3 filter a channel, zeros outside; weight (c, 1, 3, 3). Starts near the identity."""

    def __init__(self, c):
        super().__init__(c, c, 3, padding=1, groups=c)
        nn.init.zeros_(self.bias)
        with torch.no_grad():
            self.weight.normal_(0, 0.15)
            self.weight[:, 0, 1, 1] += 0.7


class Block(nn.Module):
    """x + w2(dw(leaky(w1 x))), then x + w4(leaky(w3 x)).

    START lets each line change x by a tenth at first. Not by nothing: a filter of blocks that start as the identity and end
    in a layer of zeros is linear, like the base path, and learns nothing (EXPERIMENTS.md).
    """
    START = 0.2

    def __init__(self, c, hidden):
        super().__init__()
        self.w1, self.dw, self.w2 = Linear(c, c), Depthwise(c), Linear(c, c, self.START)
        self.w3, self.w4 = Linear(c, hidden), Linear(hidden, c, self.START)

    def forward(self, ops, x):
        h = ops.depthwise(self.dw, ops.linear(self.w1, x, leaky=True))
        x = ops.linear(self.w2, h, residual=x)
        return ops.linear(self.w4, ops.linear(self.w3, x, leaky=True), residual=x)


class BlockList(nn.ModuleList):
    def __init__(self, c, count, hidden):
        super().__init__(Block(c, hidden) for _ in range(count))

    def forward(self, ops, x):
        for block in self:
            x = block(ops, x)
        return x


class FloatArithmetic:
    """Layers in real numbers. `residual` is added to the result; `gain` (B, 1, 1, g) multiplies channel o by gain o mod g."""

    # The linear base path carries the large values of y and pixels: bf16 there costs quality at high rates.
    FULL_PRECISION = ('ga.in', 'ga.base', 'gs.base', 'gs.in')

    rank, world = 0, 1   # this process, and how many share a batch

    def noise(self, x):
        """Uniform noise like x. Every process draws that of the whole batch and takes its share, so that several processes
        compute what one would."""
        whole = torch.rand((self.world * len(x), *x.shape[1:]), device=x.device) - 0.5
        return whole[self.rank * len(x):][:len(x)]

    def linear(self, layer, x, leaky=False, residual=None, gain=None):
        if layer.name in self.FULL_PRECISION:
            with torch.autocast(x.device.type, enabled=False):
                v = F.linear(x.float(), *self.parameters(layer))
        else:
            v = F.linear(x, *self.parameters(layer))
        if gain is not None:
            v = v * gain.repeat(1, 1, 1, v.shape[-1] // gain.shape[-1])
        return self.finish(layer, v, leaky, residual)

    def depthwise(self, layer, x):
        weight, bias = self.parameters(layer)
        if x.is_cuda:
            return self.finish(layer, shifted_sum(x, weight, bias))
        v = F.conv2d(x.permute(0, 3, 1, 2), weight, bias, padding=1, groups=layer.groups).permute(0, 2, 3, 1)
        return self.finish(layer, v)

    def parameters(self, layer):
        return layer.weight, layer.bias

    def finish(self, layer, v, leaky=False, residual=None):
        if residual is not None:
            return residual + v
        return F.leaky_relu(v, LEAKY_SLOPE) if leaky else v

    def latent(self, tensor, x):
        """y_hat (tensor 'y') or z_hat ('z') on the way into the networks."""
        return x


FLOAT = FloatArithmetic()


def shifted_sum(x, weight, bias):
    """The 3x3 filters as nine products, which torch.compile makes one kernel of; cuDNN is slow at one filter a channel in NHWC."""
    h, w = x.shape[1:3]
    padded = F.pad(x, (0, 0, 1, 1, 1, 1))
    weight = weight.to(x.dtype)
    return sum(padded[:, i:i + h, j:j + w] * weight[:, 0, i, j] for i in range(3) for j in range(3)) + bias.to(x.dtype)


# ---------------------------------------------------------------------------------------------------- rearrangement

def unshuffle(x, r):
    """(B, H, W, C) -> (B, H/r, W/r, r*r*C): (r*y + dy, r*x + dx, c) goes to channel (dy*r + dx)*C + c."""
    b, h, w, c = x.shape
    return x.reshape(b, h // r, r, w // r, r, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h // r, w // r, r * r * c)


def shuffle(x, r):
    """Inverse of unshuffle."""
    b, h, w, c = x.shape
    c //= r * r
    return x.reshape(b, h, w, r, r, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h * r, w * r, c)


def quarters():
    """(768,): the channel that unshuffle 16 puts where unshuffle 4 twice would put another: order of the inputs of ga.base and of the
    outputs of gs.base."""
    channels = torch.arange(768)[None, None, None]
    return unshuffle(unshuffle(shuffle(channels, 16), 4), 4)[0, 0, 0]


def pad_zeros(x, r):
    """Zeros below and to the right until height and width are multiples of r."""
    return F.pad(x, (0, 0, 0, -x.shape[2] % r, 0, -x.shape[1] % r))


def pad_edge(x, r):
    """(B, H, W, C): the last row and column repeated until height and width are multiples of r."""
    b, h, w, c = x.shape
    rows = torch.arange(h + -h % r).clamp(max=h - 1)
    cols = torch.arange(w + -w % r).clamp(max=w - 1)
    return x[:, rows][:, :, cols]


def non_anchors(h, w, device=None):
    """(1, h, w, 1) bool: the positions of phase 1, odd row + column.   A n A n
                                                                        n A n A   """
    odd = (torch.arange(h, device=device)[:, None] + torch.arange(w, device=device)[None]) % 2 == 1
    return odd[None, :, :, None]


def ste_round(x):
    """Rounding whose gradient is that of the identity."""
    return x + (torch.round(x) - x).detach()


def dct_basis(size, counts):
    """First `counts` basis vectors of an orthonormal opponent-colour 2-D DCT, low frequencies first.

    counts: vectors for luma and the two colour differences. -> (sum(counts), size*size*3), pixels in unshuffle order.
    """
    i = torch.arange(size, dtype=torch.float64)
    dct = torch.cos(math.pi * (i[None] + 0.5) * i[:, None] / size) * math.sqrt(2 / size)
    dct[0] /= math.sqrt(2)
    colours = torch.tensor([[.577, .577, .577], [-.408, -.408, .816], [.707, -.707, 0.]], dtype=torch.float64)
    frequencies = sorted((u * u + v * v, u, v) for u in range(size) for v in range(size))
    rows = [torch.einsum('i,j,c->ijc', dct[u], dct[v], colour).reshape(-1)
            for colour, n in zip(colours, counts) for _, u, v in frequencies[:n]]
    return torch.stack(rows).float()


# ------------------------------------------------------------------------------------------------------------ codec

class Codec(nn.Module):
    """Parameters of all networks and the codec made of them."""

    def __init__(self, config):
        super().__init__()
        self.config = c = config
        blocks = lambda name, width: BlockList(width, *c.blocks[name])
        sample_filter = lambda network, c4: {'in': Linear(48, c4), 'b4': blocks(network + '.b4', c4),
                                             'out': Linear(c4, 48, gain=0)} if c4 else {}
        self.ga = nn.ModuleDict({**sample_filter('ga', c.e4), 'base': Linear(768, c.M)})
        self.ha = nn.ModuleDict({
            'in': Linear(c.M, c.Z), 'b16': blocks('ha.b16', c.Z), 'down32': Linear(4 * c.Z, c.Z),
            'b32': blocks('ha.b32', c.Z), 'down64': Linear(4 * c.Z, c.Z)})
        self.hs = nn.ModuleDict({
            'in': Linear(c.Z, 4 * c.Z), 'b32': blocks('hs.b32', c.Z), 'up': Linear(c.Z, 4 * c.Z),
            'b16': blocks('hs.b16', c.Z), 'out': Linear(c.Z, c.P), 'prior': blocks('hs.prior', c.P),
            'scale': Linear(c.P, c.M)})
        for k, (i, _) in enumerate(c.passes):
            out = Linear(c.P, c.slices[i], gain=0)
            known = sum(c.slices[j] for j in self.known_slices(k))
            network = {'in': Linear(known + c.P, c.P), 'b': blocks('ctx', c.P), 'out': out} if k else {'out': out}
            self.add_module('ctx%d' % k, nn.ModuleDict(network))
        self.gs = nn.ModuleDict({'base': Linear(c.M, 768), **sample_filter('gs', c.d4)})

        # Per anchor and channel, natural logarithms; the quality interpolates between anchors.
        ramp = lambda a, b, n: nn.Parameter(torch.linspace(a, b, c.n_anchors)[:, None].repeat(1, n))
        self.gain_e4, self.gain_d4 = ramp(0, 0, c.e4), ramp(0, 0, c.d4)
        self.gain_y, self.step = ramp(-0.3, 3.0, c.M), ramp(0.3, -3.0, c.M)
        self.scale_offset = ramp(-0.5, 2.0, c.M)
        self.z_scale = ramp(0.5, 0.5, c.Z)
        self.z_mean = nn.Parameter(torch.zeros(c.Z))
        self.z_weight = nn.Parameter(torch.zeros(c.Z, 2))   # of the neighbours to the left and above

        self.start_as_dct()
        for name, layer in self.layers():
            layer.name = name

    def start_as_dct(self):
        """The base path begins as a block DCT: a codec like JPEG before the first step."""
        n_colour = self.config.M // 6
        basis = dct_basis(16, (self.config.M - 2 * n_colour, n_colour, n_colour))
        with torch.no_grad():
            self.ga['base'].weight.copy_(basis[:, quarters()])
            self.ga['base'].bias.copy_((MID - 0.5) * basis.sum(1))
            self.gs['base'].weight.copy_(basis.t()[quarters()])
            self.gs['base'].bias.fill_(0.5 - MID)

    def layers(self):
        """(name, layer) in the order of the weight file."""
        return [(n, m) for n, m in self.named_modules() if isinstance(m, (Linear, Depthwise))]

    def known_slices(self, k):
        """Slices of which pass k sees something, in order of slices."""
        return sorted({i for i, _ in self.config.passes[:k]})

    def slice_range(self, i):
        start = sum(self.config.slices[:i])
        return slice(start, start + self.config.slices[i])

    def at_quality(self, table, q):
        """table (n_anchors, C), q (B,) in 0..n_anchors - 1 -> (B, 1, 1, C), straight lines between anchors."""
        distance = (q[:, None] - torch.arange(self.config.n_anchors, device=q.device)).abs()
        share = (1 - distance).clamp_min(0)[..., None]   # (B, n_anchors, 1); faster than reading two rows, whose gradient sorts
        return (share * table).sum(1)[:, None, None]

    def fold_gains(self):
        """Move the mean over the anchors of every feature gain into the layer in front of it: the same function, and gains
        around 1 that fit the weight file wherever training has let the two drift."""
        with torch.no_grad():
            for gain, network, name in ((self.gain_e4, self.ga, 'in'), (self.gain_d4, self.gs, 'in')):
                if name not in network:
                    continue
                mean, layer = gain.mean(0), network[name]
                factor = mean.exp().repeat(layer.out_features // len(mean))
                layer.weight *= factor[:, None]
                layer.bias *= factor
                gain -= mean

    # ---- networks; ops is the arithmetic

    def analysis(self, ops, x, gain_e4):
        """x (B, H, W, 3), pixels less MID, H and W multiples of 16; gain_e4 (B, 1, 1, e4) -> y (B, H/16, W/16, M)."""
        x = unshuffle(x, 4)
        return ops.linear(self.ga['base'], unshuffle(self.filter(ops, self.ga, x, gain_e4) if self.config.e4 else x, 4))

    @staticmethod
    def filter(ops, network, x, gain):
        """What `ga` does to samples before its linear transform and `gs` behind it: x (B, 4h, 4w, 48) -> the same."""
        return ops.linear(network['out'], network['b4'](ops, ops.linear(network['in'], x, gain=gain)), residual=x)

    def hyper_analysis(self, ops, y):
        """y (B, h, w, M) -> z (B, ceil(h/4), ceil(w/4), Z)."""
        ha = self.ha
        f = ha['b16'](ops, ops.linear(ha['in'], pad_zeros(y, 4)))
        f = ha['b32'](ops, ops.linear(ha['down32'], unshuffle(f, 2)))
        return ops.linear(ha['down64'], unshuffle(f, 2))

    def hyper_synthesis(self, ops, z_hat, h, w):
        """z_hat (B, ceil(h/4), ceil(w/4), Z) -> p (B, h, w, P), s (B, h, w, M)."""
        hs = self.hs
        f = hs['b32'](ops, shuffle(ops.linear(hs['in'], z_hat), 2))
        f = hs['b16'](ops, shuffle(ops.linear(hs['up'], f), 2))[:, :h, :w]
        p = hs['prior'](ops, ops.linear(hs['out'], f))
        return p, ops.linear(hs['scale'], p)

    def mean(self, ops, k, known, p):
        """Means of pass k. known: y_hat of each slice of known_slices(k), zero where not decoded yet; p (B, h, w, P)."""
        ctx = getattr(self, 'ctx%d' % k)
        if k:
            p = ctx['b'](ops, ops.linear(ctx['in'], torch.cat([*known, p], -1)))
        return ops.linear(ctx['out'], p)

    def synthesis(self, ops, y_hat, gain_d4):
        """y_hat (B, h, w, M), gain_d4 (B, 1, 1, d4) -> pixels less MID, (B, 16 h, 16 w, 3)."""
        gs = self.gs
        x = shuffle(ops.linear(gs['base'], y_hat), 4)
        return shuffle(self.filter(ops, gs, x, gain_d4) if self.config.d4 else x, 4)

    # ---- the codec

    def forward(self, x, q, hard=False, ops=FLOAT):
        """Reconstruct pictures and estimate their rate.

        x (B, 3, H, W) in 0..1, H and W multiples of 16; q (B,) quality in anchors. hard: the symbols that the encoder chooses;
        else stand-ins that need no search on a CPU.
        -> x_hat (B, 3, H, W), bpp (B,), the share of z in it (B,).
        """
        n_pixels = x.shape[2] * x.shape[3]
        y = self.analysis(ops, x.permute(0, 2, 3, 1) - MID, self.at_quality(self.gain_e4, q).exp())
        z_hat, z_bits = self.code_z(ops, self.hyper_analysis(ops, y), q, hard)
        p, s = self.hyper_synthesis(ops, ops.latent('z', z_hat), *y.shape[1:3])
        y_hat, y_bits = self.code_y(ops, y, p, s + self.at_quality(self.scale_offset, q), q, hard)
        x_hat = self.synthesis(ops, y_hat, self.at_quality(self.gain_d4, q).exp()).permute(0, 3, 1, 2).float() + MID
        return x_hat, (y_bits + z_bits) / n_pixels, z_bits / n_pixels

    def code_z(self, ops, z, q, hard):
        """z (B, h, w, Z) -> z_hat, bits (B,)."""
        r = z - self.z_mean
        symbols = ste_round(r)
        west, north = neighbours(symbols)
        predicted = self.z_weight[:, 0] * west + self.z_weight[:, 1] * north
        bits = logistic_bits((rounded(ops, r, hard) - predicted).float(), self.z_log_scale(q))
        return symbols + self.z_mean, bits.sum((1, 2, 3))

    def z_log_scale(self, q):
        """Logarithms of the scales of z, less what its neighbours predict."""
        return self.at_quality(self.z_scale, q)

    def coded(self, phase, h, w, device):
        """Which elements of a slice a pass of this phase codes: bool, broadcast to (1, h, w, channels)."""
        odd = non_anchors(h, w, device)
        return odd if phase else ~odd

    def code_y(self, ops, y, p, log_sigma, q, hard):
        """y, log_sigma (B, h, w, M), p (B, h, w, P) -> y_hat (B, h, w, M), bits (B,).

        Wanted are points at (y - mean) * gain_y; a point v decodes to v * step + mean * gain_y * step: the last factor shrinks a
        mean. hard: v and its rate are those of dependent quantization. Else they are a surrogate that runs on a GPU alone: v is
        rounded to whole steps, and the rate is that of whole steps with noise. Training that begins with it ends with the real
        thing (train.py --trellis).
        """
        gain, step = self.at_quality(self.gain_y, q).exp(), self.at_quality(self.step, q).exp()
        decoded, bits = {}, 0
        for k, (i, phase) in enumerate(self.config.passes):
            channels, coded = self.slice_range(i), self.coded(phase, *y.shape[1:3], y.device)
            mean = self.mean(ops, k, [decoded[j] for j in self.known_slices(k)], p)
            r, log_sigma_k = (y[..., channels] - mean) * gain[..., channels], log_sigma[..., channels].float()
            if hard:
                v, v_bits = trellis_coded(ops, self.config, r.float(), log_sigma_k, coded)
            else:
                v, v_bits = ste_round(r), gauss_bits((r + ops.noise(r)).float(), log_sigma_k)
            bits = bits + (v_bits * coded).sum((1, 2, 3))
            y_hat = (v + mean * gain[..., channels]) * step[..., channels]
            decoded[i] = decoded.get(i, 0) + ops.latent('y', y_hat) * coded
        return torch.cat([decoded[i] for i in sorted(decoded)], -1), bits


def neighbours(symbols):
    """Symbols of z (B, h, w, Z) -> those to the left and above, (B, h, w, Z) each; where only one exists it takes the place of the
    other, too; zero at the first position."""
    pad = torch.nn.functional.pad
    left_of_all, above_first = pad(symbols[:, :, :-1], (0, 0, 1, 0)), pad(symbols[:, :-1, :1], (0, 0, 0, 0, 1, 0))
    return torch.cat([above_first, symbols[:, :, :-1]], 2), torch.cat([left_of_all[:, :1], symbols[:, :-1]], 1)


def rounded(ops, r, hard):
    """Symbols, with the gradient of r, or a stand-in with noise."""
    return ste_round(r) if hard else r + ops.noise(r)


def trellis_coded(ops, config, r, log_sigma, coded):
    """What the encoder makes of a pass. r, log_sigma (B, h, w, n); coded: bool, broadcasts to (1, h, w, n)
    -> points in steps, with the gradient of r; bits of their cells, with gradients to log_sigma and r.

    At a point of 0 bits have no slope, though to leave it costs some: networks that felt only the error there would enlarge y step by
    step (EXPERIMENTS.md). So r gets the slope of bits with noise in place of the search."""
    index = torch.round((log_sigma.detach() - math.log(config.sigma_min)) / config.scale_step).clamp(0, config.n_scales - 1)
    symbols, points, quantizer = trellis.choose(trellis.normal_prices(config), r, index, coded)
    v = r + (points / 2 - r).detach()
    # the cells of quantizer 1 are narrower around 0 (tables.cell_start)
    inner = torch.where((quantizer == 1) & (symbols.abs() <= 1), 0.25, 0.5)
    outer = torch.where((quantizer == 1) & (symbols == 0), 0.25, 0.5)
    bits = gauss_bits(v.detach(), log_sigma, inner, outer)
    if r.requires_grad:
        noisy = gauss_bits(r + ops.noise(r), log_sigma.detach())
        bits = bits + (noisy - noisy.detach())
    return v, bits


def gauss_bits(r, log_sigma, inner=0.5, outer=0.5):
    """Bits of the cells from |r| - inner to |r| + outer under normal distributions of mean 0."""
    sigma = log_sigma.clamp(-3, 7).exp().clamp_min(0.11)
    inv, r = 1 / (sigma * math.sqrt(2)), r.abs()
    p = 0.5 * (torch.erfc((r - inner) * inv) - torch.erfc((r + outer) * inv))
    return -torch.log2(p.clamp_min(trellis.LEAST_MASS))


def logistic_bits(r, log_scale):
    """Bits of the unit bins around r under logistic distributions of mean 0."""
    inv = (-log_scale).exp()
    p = torch.sigmoid((r + 0.5) * inv) - torch.sigmoid((r - 0.5) * inv)
    return -torch.log2(p.clamp_min(1e-6))


# ------------------------------------------------------------------------------------------------------------- MACs

def kilo_macs(net):
    """Multiplications of a picture a pixel, in thousands: {network: kMAC/px}, the sum of the decoder as 'decoder'.

    Of a context network, the first layers are needed everywhere (the 3x3 filters read neighbours), those after the
    last 3x3 filter and the filter itself at the coded half of the positions only.
    """
    out = {name: 0.0 for name in ('ga', 'ha', 'hs', 'ctx', 'gs')}
    for name, layer in net.layers():
        n = 9 * layer.groups if isinstance(layer, Depthwise) else layer.in_features * layer.out_features
        network = name.split('.')[0].rstrip('0123456789')
        share = coded_share(name, net.config.blocks['ctx'][0]) if network == 'ctx' else 1
        out[network] += share * n / positions(name) / 1000
    out['decoder'] = out['hs'] + out['ctx'] + out['gs']
    return out


def positions(name):
    """Pixels for each position of a layer."""
    grids = {'ga.in': 4, 'ga.b4': 4, 'ga.out': 4, 'ha.down32': 32, 'ha.b32': 32, 'ha.down64': 64, 'hs.in': 64, 'hs.b32': 32, 'hs.up': 32,
             'gs.in': 4, 'gs.b4': 4, 'gs.out': 4}
    return grids.get('.'.join(name.split('.')[:2]), 16) ** 2


def coded_share(name, n_blocks):
    """Share of the positions at which a layer of a context network must be computed."""
    part = name.split('.')
    last_block = len(part) == 4 and int(part[2]) == n_blocks - 1
    return 0.5 if part[1] == 'out' or (last_block and part[3] != 'w1') else 1


def main():
    for config in CONFIGS.values():
        macs = kilo_macs(Codec(config))
        print(config.name, ' '.join('%s %.2f' % (k, v) for k, v in macs.items()), 'kMAC/px')


if __name__ == '__main__':
    main()
