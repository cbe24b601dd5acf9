"""The codec in the integers of the format: reference of what every encoder and decoder computes from a weight file.

Used to measure exported models, to count symbols for the tables, and for parity vectors. Slow and plain.
"""
import numpy as np
import torch

from checkpoint import dequantize_layer
from model import FLOAT, Codec, non_anchors, pad_edge
from quantize import IntegerArithmetic, exp2_q20, interpolate, is_exact, round_shift, sat16
from tables import BitCounter


BIT_PRICE = 0.02   # squared quantizer steps that a bit is worth, as in codec/latent_codec.c


class IntegerCodec:
    """A Weights object at work. Tensors are int64, NHWC; quality is in 1/1024 of an anchor."""

    def __init__(self, weights):
        self.weights, self.config = weights, weights.config
        self.net = Codec(weights.config)
        self.ops = IntegerArithmetic(weights.layers)
        with torch.no_grad():
            for name, layer in self.net.layers():
                if not is_exact(name):
                    dequantize_layer(layer, weights.layers[name], {}, self.config)
        self.y_bits, self.z_bits = BitCounter(weights.y_tables), BitCounter(weights.z_tables)

    def table(self, name, quality):
        return torch.from_numpy(interpolate(self.weights.quality[name], quality))

    def gain(self, name, quality):
        """Factors in Q20."""
        return torch.from_numpy(exp2_q20(interpolate(self.weights.quality[name], quality)))

    def code(self, picture, quality):
        """Encode and decode pictures (B, H, W, 3) uint8. -> every tensor of interest by name."""
        t = self.encode(picture, quality)
        self.decode(t, quality)
        return t

    def encode(self, picture, quality):
        """-> the tensors as far as y_hat"""
        with torch.no_grad():
            x = pad_edge(picture, 16)
            y = self.net.analysis(self.ops, 8 * x.long() - 1024, self.gain('gain_e4', quality))
            z = self.net.hyper_analysis(FLOAT, self.real(y))
            t = {'picture': picture, 'y': y, 'z': z,
                 'z_symbols': torch.round(z - self.z_mean() / 2 ** self.weights.frac_z).long()}
            self.decode_scales(t, *y.shape[1:3], quality)
            self.code_y(t, self.real(y), quality)
            return t

    def decode(self, t, quality):
        """Add the pixels (B, H, W, 3) uint8 to what encode returned."""
        with torch.no_grad():
            pixels = self.net.synthesis(self.ops, t['y_hat'], self.gain('gain_d4', quality))
            h, w = t['picture'].shape[1:3]
            t['pixels'] = (round_shift(pixels, 6) + 128).clamp(0, 255)[:, :h, :w].to(torch.uint8)

    def z_mean(self):
        return torch.from_numpy(self.weights.z_mean)

    def real(self, y):
        return y.float() / 2 ** self.config.frac_y

    def decode_scales(self, t, h, w, quality):
        """z_symbols -> p, s and the scale index of every element of y."""
        z_hat = sat16(t['z_symbols'] * 2 ** self.weights.frac_z + self.z_mean())
        t['p'], t['s'] = self.net.hyper_synthesis(self.ops, z_hat, h, w)
        index = round_shift(t['s'] + self.table('scale_offset', quality), 8)
        t['scale_index'] = index.clamp(0, self.config.n_scales - 1)

    def code_y(self, t, y, quality):
        """The passes: symbols<k>, mean<k> (both zero where pass k codes nothing) and y_hat."""
        c = self.config
        gain = self.gain('gain_y', quality) / 2 ** 20
        step, ratio = self.gain('step', quality), self.gain('ratio', quality)
        odd = non_anchors(*y.shape[1:3])
        decoded = {}
        for k, (i, phase) in enumerate(c.passes):
            channels, coded = self.net.slice_range(i), (odd if phase else ~odd)
            mean = self.net.mean(self.ops, k, [decoded[j] for j in self.net.known_slices(k)], t['p']) * coded
            symbols = self.choose_symbols((y[..., channels] - mean / 2 ** c.frac_y) * gain[channels],
                                          t['scale_index'][..., channels])
            symbols = symbols * (coded & (t['scale_index'][..., channels] >= self.weights.n_skipped))
            y_hat = (symbols * step[channels] << c.frac_y) + mean * ratio[channels]
            decoded[i] = decoded.get(i, 0) + sat16(round_shift(y_hat, 20)) * coded
            t['mean%d' % k], t['symbols%d' % k] = mean, symbols
        t['y_hat'] = torch.cat([decoded[i] for i in sorted(decoded)], -1)
        t['y_symbols'] = self.gather_symbols(t)

    def choose_symbols(self, r, index):
        """The nearest symbol or its neighbour towards zero, whichever has less squared error + BIT_PRICE * bits."""
        nearest = torch.round(r).long()
        at = nearest != 0
        n, i = nearest[at], index[at].numpy()
        smaller = n - torch.sign(n)
        saved = torch.from_numpy(self.y_bits.count(i, n.numpy()) - self.y_bits.count(i, smaller.numpy()))
        worse = (r[at] - smaller) ** 2 - (r[at] - n) ** 2
        nearest[at] = torch.where(worse < BIT_PRICE * saved, smaller, n)
        return nearest

    def gather_symbols(self, t):
        """Symbols of all passes in one tensor like y."""
        per_slice = {}
        for k, (i, _) in enumerate(self.config.passes):
            per_slice[i] = per_slice.get(i, 0) + t['symbols%d' % k]
        return torch.cat([per_slice[i] for i in sorted(per_slice)], -1)

    def bits(self, t, quality):
        """Bits of y and z, each (B,), by the tables of the file."""
        index, symbols = t['scale_index'].numpy(), t['y_symbols'].numpy()
        y = self.y_bits.count(index, symbols) * (index >= self.weights.n_skipped)
        index, symbols = np.broadcast_arrays(interpolate(self.weights.z_table, quality), t['z_symbols'].numpy())
        z = self.z_bits.count(index, symbols)
        return y.sum((1, 2, 3)), z.sum((1, 2, 3))
