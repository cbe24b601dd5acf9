"""The codec in the integers of the format: reference of what every encoder and decoder computes from a weight file.

Used to measure exported models, to count symbols for the tables, and for parity vectors. Slow and plain.
"""
import numpy as np
import torch

import trellis
from checkpoint import dequantize_layer
from model import FLOAT, Codec, neighbours, non_anchors, pad_edge
from quantize import IntegerArithmetic, exp2_q20, interpolate, is_exact, round_shift, sat16
from tables import BitCounter


def z_residuals(symbols, weight):
    """Symbols of z (N, h, w, Z), z_weight of a weight file -> what is coded of them."""
    west, north = neighbours(symbols)
    weight = torch.from_numpy(weight)
    return symbols - round_shift(weight[:, 0] * west + weight[:, 1] * north, 6)


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
        self.y_prices = trellis.table_prices(weights.y_tables)

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
        """The passes: mean<k>, symbols<k> and quantizer<k> (zero where pass k codes nothing) and y_hat."""
        c = self.config
        gain = self.gain('gain_y', quality) / 2 ** 20
        step, ratio = self.gain('step', quality), self.gain('ratio', quality)
        odd = non_anchors(*y.shape[1:3])
        decoded = {}
        for k, (i, phase) in enumerate(c.passes):
            channels, coded = self.net.slice_range(i), (odd if phase else ~odd)
            mean = self.net.mean(self.ops, k, [decoded[j] for j in self.net.known_slices(k)], t['p']) * coded
            wanted = (y[..., channels] - mean / 2 ** c.frac_y) * gain[channels]
            symbols, points, quantizer = trellis.choose(self.y_prices, wanted, t['scale_index'][..., channels], coded,
                                                        self.weights.n_skipped)
            y_hat = self.dequantize(points, mean, step[channels], ratio[channels])
            decoded[i] = decoded.get(i, 0) + y_hat * coded
            t['mean%d' % k], t['symbols%d' % k], t['quantizer%d' % k] = mean, symbols, quantizer
        t['y_hat'] = torch.cat([decoded[i] for i in sorted(decoded)], -1)
        t['y_symbols'], t['y_quantizer'] = self.of_all_passes(t, 'symbols'), self.of_all_passes(t, 'quantizer')

    def dequantize(self, points, mean, step, ratio):
        """Points in half steps -> y_hat. step, ratio: factors in Q20"""
        return sat16(round_shift((points * step << self.config.frac_y) + 2 * mean * ratio, 21))

    def of_all_passes(self, t, name):
        """What the passes have by this name, in one tensor like y."""
        per_slice = {}
        for k, (i, _) in enumerate(self.config.passes):
            per_slice[i] = per_slice.get(i, 0) + t['%s%d' % (name, k)]
        return torch.cat([per_slice[i] for i in sorted(per_slice)], -1)

    def y_table(self, t):
        """Index of the table of every symbol of y."""
        return t['y_quantizer'] * self.config.n_scales + t['scale_index']

    def bits(self, t, quality):
        """Bits of y and z, each (B,), by the tables of the file."""
        coded = t['scale_index'].numpy() >= self.weights.n_skipped
        y = self.y_bits.count(self.y_table(t).numpy(), t['y_symbols'].numpy()) * coded
        left = z_residuals(t['z_symbols'], self.weights.z_weight).numpy()
        z = self.z_bits.count(*np.broadcast_arrays(interpolate(self.weights.z_table, quality), left))
        return y.sum((1, 2, 3)), z.sum((1, 2, 3))
