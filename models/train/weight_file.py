"""Weight files: the layout of models/WEIGHTS.md, sections 1 to 3, written and read.

`Weights` is the content of a file; `build_weights` makes it from a trained network.
"""
import math
import struct
from dataclasses import dataclass

import numpy as np
import torch
import xxhash

import tables
from model import BLOCK_LISTS, CONFIGS, Codec, Config
from quantize import (DEPTHWISE_S8, FLOAT_DEPTHWISE_S8, FLOAT_LINEAR_S8, LINEAR_S16, StoredLayer, check_exact_layer,
                      quantize_layer)
from range_coder import CdfTable, RangeDecoder, RangeEncoder
from tables import Table

MAGIC, VERSION = b'GHMW', 6
WIDTHS = ('M', 'Z', 'P', 'e4', 'd4')
# name and width of the tables per anchor, in file order
QUALITY_TABLES = (('gain_e4', 'e4'), ('gain_y', 'M'), ('step', 'M'), ('ratio', 'M'), ('scale_offset', 'M'), ('gain_d4', 'd4'))


@dataclass
class Weights:
    """Content of a weight file. quality: {table: (n_anchors, C) integers}; z_table (n_anchors, Z); z_mean (Z,);
    z_weight (Z, 2): of the neighbours to the left and above, in 1/64;
    y_tables: n_scales of quantizer 0, then n_scales of quantizer 1; layers: {name: StoredLayer} in file order."""
    config: Config
    n_skipped: int
    frac_z: int
    quality: dict
    z_table: np.ndarray
    z_mean: np.ndarray
    z_weight: np.ndarray
    y_tables: list
    z_tables: list
    layers: dict


def log2_q12(natural):
    """Natural logarithms (tensor) -> base 2 in Q12. Factors below 2^-8, the least the int16 of the file can hold, occur
    where training has switched a channel off; 2^-8 does that as well. Factors from 2^8 are refused."""
    q12 = torch.round(natural.detach().double() * (4096 / math.log(2))).numpy().astype(np.int64)
    if q12.max(initial=0) > 32767:
        raise ValueError('a gain is 2^8 or more')
    return np.maximum(q12, -32768)


def whole_z_weights(real):
    """Weights of the neighbours of z (Z, 2) -> integers in 1/64, the magnitudes of a channel not above 64 in sum."""
    real = real * np.minimum(1, (1 - 1 / 64) / np.maximum(np.abs(real).sum(1, keepdims=True), 1e-9))
    return np.round(64 * real).astype(np.int64)


def build_weights(net, scales, y_tables=None, n_skipped=0):
    """Quantize a network. scales: from quantize.calibrate; y_tables: those of the normal distribution by default."""
    c = net.config
    offset = (net.scale_offset.detach().double() - math.log(c.sigma_min)) * (256 / c.scale_step)
    quality = {name: log2_q12(getattr(net, name)) for name in ('gain_e4', 'gain_y', 'step', 'gain_d4')}
    quality['ratio'] = log2_q12(net.gain_y + net.step)
    quality['scale_offset'] = torch.round(offset).numpy().astype(np.int64)
    frac_z = min(14, int(math.log2(scales['z'])))
    scales = {**scales, 'z': 2.0 ** frac_z}
    return Weights(
        config=c, n_skipped=n_skipped, frac_z=frac_z, quality=quality,
        z_table=tables.logistic_index(net.z_scale.detach().double().numpy()),
        z_mean=torch.round(net.z_mean.detach().double() * scales['z']).numpy().astype(np.int64),
        z_weight=whole_z_weights(net.z_weight.detach().double().numpy()),
        y_tables=y_tables or tables.gaussian_tables(c), z_tables=tables.logistic_tables(),
        layers={name: quantize_layer(layer, scales, c) for name, layer in net.layers()})


# ---------------------------------------------------------------------------------------------------------- writing

def is_float(kind):
    return kind >= FLOAT_LINEAR_S8


def is_wide(kind):
    return kind == LINEAR_S16


def pack_table(table):
    return struct.pack('<hH', table.offset, len(table.frequencies)) + table.frequencies.astype('<u2').tobytes()


def pack_head(weights):
    """The plain section as far as the tables per anchor."""
    c = weights.config
    out = c.name.encode('ascii').ljust(16, b'\0')
    out += struct.pack('<8B', c.n_anchors, len(c.slices), len(c.passes), c.n_scales, weights.n_skipped, c.frac_y,
                       weights.frac_z, 0)
    out += struct.pack('<%dH' % len(WIDTHS), *(getattr(c, w) for w in WIDTHS))
    out += b''.join(struct.pack('<BBH', c.blocks[name][0], 0, c.blocks[name][1]) for name in BLOCK_LISTS)
    out += struct.pack('<%dH' % len(c.slices), *c.slices)
    out += b''.join(struct.pack('<BB', *p) for p in c.passes)
    return out


def weight_symbols(stored):
    """Range-coded part of the weights, in file order."""
    return (stored.weight >> 8 if is_wide(stored.kind) else stored.weight).reshape(-1)


def weight_table(symbols):
    """Table of the symbols that occur; the escape is there because every table has one."""
    lo = int(symbols.min())
    return Table(lo, tables.to_frequencies(np.append(np.bincount(symbols - lo), 0.5)))


def pack_layer(name, stored, table):
    real = is_float(stored.kind)
    if not real:
        check_exact_layer(name, stored)
    out = bytes([len(name)]) + name.encode('ascii') + struct.pack('<BHH', stored.kind, stored.c_out, stored.c_in)
    for values in (stored.bias, stored.scale):
        out += values.astype('<f4' if real else '<i4').tobytes()
    return out + pack_table(table)


def encode_weights(coder, stored, table):
    """One layer into the coded section."""
    cdf, low_bytes = CdfTable(table.offset, table.frequencies), (stored.weight & 255).reshape(-1).tolist()
    for symbol, low_byte in zip(weight_symbols(stored).tolist(), low_bytes):
        coder.encode_symbol(cdf, symbol)
        if is_wide(stored.kind):
            coder.encode_bits(low_byte, 8)


def pack(weights):
    """Weights -> bytes of the file."""
    plain = pack_head(weights)
    plain += b''.join(weights.quality[name].astype('<i2').tobytes() for name, _ in QUALITY_TABLES)
    plain += weights.z_table.astype(np.uint8).tobytes() + weights.z_mean.astype('<i2').tobytes()
    plain += weights.z_weight.astype(np.int8).tobytes()
    plain += struct.pack('<H', len(weights.z_tables))
    plain += b''.join(pack_table(t) for t in weights.y_tables + weights.z_tables)
    coder = RangeEncoder()
    for name, stored in weights.layers.items():
        table = weight_table(weight_symbols(stored))
        plain += pack_layer(name, stored, table)
        encode_weights(coder, stored, table)
    coded = coder.finish()
    body = struct.pack('<II', len(plain), len(coded)) + plain + coded
    return MAGIC + struct.pack('<HHQ', VERSION, 0, xxhash.xxh3_64_intdigest(body)) + body


# ---------------------------------------------------------------------------------------------------------- reading

class Cursor:
    """Fields of a section, front to back."""

    def __init__(self, data):
        self.data, self.position = data, 0

    def take(self, n):
        out = self.data[self.position:self.position + n]
        if len(out) != n:
            raise ValueError('the file ends early')
        self.position += n
        return out

    def fields(self, layout):
        return struct.unpack('<' + layout, self.take(struct.calcsize('<' + layout)))

    def array(self, dtype, *shape):
        """-> int64, or float32 for real types"""
        values = np.frombuffer(self.take(np.dtype(dtype).itemsize * math.prod(shape)), dtype).reshape(shape)
        return values.astype(np.float32 if values.dtype.kind == 'f' else np.int64)

    def table(self):
        offset, length = self.fields('hH')
        return Table(offset, self.array('<u2', length))


def unpack_head(cursor):
    """-> Config, n_skipped, frac_z. What a weight file does not tell, only training needs; it comes from CONFIGS."""
    name = cursor.take(16).rstrip(b'\0').decode('ascii')
    n_anchors, n_slices, n_passes, n_scales, n_skipped, frac_y, frac_z, _ = cursor.fields('8B')
    widths = dict(zip(WIDTHS, cursor.fields('%dH' % len(WIDTHS))))
    blocks = {}
    for block_list in BLOCK_LISTS:
        count, _, hidden = cursor.fields('BBH')
        blocks[block_list] = (count, hidden)
    slices = cursor.fields('%dH' % n_slices)
    passes = tuple(cursor.fields('BB') for _ in range(n_passes))
    known = CONFIGS.get(name, CONFIGS['fast'])
    config = Config(name, **widths, blocks=blocks, slices=slices, passes=passes, n_anchors=n_anchors, n_scales=n_scales,
                    frac_y=frac_y, lambda_min=known.lambda_min, lambda_max=known.lambda_max,
                    sigma_min=known.sigma_min, sigma_max=known.sigma_max)
    return config, n_skipped, frac_z


def unpack_layer(cursor, expected):
    """-> StoredLayer without its weights but with an array of their shape, table of the weights"""
    name = cursor.take(cursor.fields('B')[0]).decode('ascii')
    if name != expected:
        raise ValueError('layer %s stands where %s should' % (name, expected))
    kind, c_out, c_in = cursor.fields('BHH')
    number = '<f4' if is_float(kind) else '<i4'
    bias, scale = cursor.array(number, c_out), cursor.array(number, c_out)
    shape = (3, 3, c_out) if kind in (DEPTHWISE_S8, FLOAT_DEPTHWISE_S8) else (c_out, c_in)
    return StoredLayer(kind, np.empty(shape, np.int64), bias, scale), cursor.table()


def decode_weights(decoder, stored, table):
    """Fill in stored.weight from the coded section."""
    cdf, flat = CdfTable(table.offset, table.frequencies), stored.weight.reshape(-1)
    for i in range(len(flat)):
        flat[i] = decoder.decode_symbol(cdf)
        if is_wide(stored.kind):
            flat[i] = flat[i] * 256 + decoder.decode_bits(8)


def unpack(content):
    """Bytes of a file -> Weights."""
    magic, version, _, model_id, plain_bytes, coded_bytes = struct.unpack('<4sHHQII', content[:24])
    if magic != MAGIC or version != VERSION:
        raise ValueError('not a weight file of version %d' % VERSION)
    if len(content) != 24 + plain_bytes + coded_bytes or xxhash.xxh3_64_intdigest(content[16:]) != model_id:
        raise ValueError('the weight file is damaged')
    cursor = Cursor(content[24:24 + plain_bytes])
    config, n_skipped, frac_z = unpack_head(cursor)
    quality = {name: cursor.array('<i2', config.n_anchors, getattr(config, width)) for name, width in QUALITY_TABLES}
    z_table, z_mean = cursor.array('u1', config.n_anchors, config.Z), cursor.array('<i2', config.Z)
    z_weight = cursor.array('i1', config.Z, 2)
    n_z_tables, = cursor.fields('H')
    y_tables = [cursor.table() for _ in range(tables.N_QUANTIZERS * config.n_scales)]
    z_tables = [cursor.table() for _ in range(n_z_tables)]
    heads = {name: unpack_layer(cursor, name) for name, _ in Codec(config).layers()}
    decoder = RangeDecoder(content[24 + plain_bytes:])
    for stored, table in heads.values():
        decode_weights(decoder, stored, table)
    return Weights(config, n_skipped, frac_z, quality, z_table, z_mean, z_weight, y_tables, z_tables,
                   {name: stored for name, (stored, _) in heads.items()})
