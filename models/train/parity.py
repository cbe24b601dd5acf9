"""Parity vectors: tensors of one small picture that every implementation must reproduce to the bit.

The format is described in testdata/parity/README.md.
"""
import os
import struct

import numpy as np
import torch

from integer_codec import IntegerCodec

MAGIC = b'GHMP'
QUALITIES = (0, 3584, 10240)   # 1/1024 of an anchor, as far as the model has that many
HEIGHT, WIDTH = 80, 112        # a grid of y that is no multiple of 4, so that the crop of hyper synthesis shows
TYPES = {'uint8': (1, '<u1'), 'int16': (2, '<i2'), 'int32': (3, '<i4'), 'float32': (4, '<f4')}
FLOATS = 'z',                  # of the encoder; compared with a tolerance


def test_picture():
    """Gradients, edges and noise from nothing but numpy's generator -> (HEIGHT, WIDTH, 3) uint8."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    picture = np.stack([40 + 1.5 * x, 220 - 2 * y, 90 + 60 * np.sin(x / 9) * np.cos(y / 7)], -1)
    picture[(x - 70) ** 2 + (y - 30) ** 2 < 400] = (250, 210, 20)
    picture[50:66, 10:44] = (10, 20, 60)
    picture[56:60, 10:44] = 255
    picture[:, 96:] += 40 * ((x[:, 96:] // 4 + y[:, 96:] // 4) % 2)[..., None]
    picture += np.random.RandomState(1).normal(0, 6, picture.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def pack_tensor(name, values):
    type_id, dtype = TYPES[values.dtype.name]
    out = bytes([len(name)]) + name.encode('ascii') + struct.pack('<BB', type_id, values.ndim)
    return out + struct.pack('<%dI' % values.ndim, *values.shape) + values.astype(dtype).tobytes()


def narrow(name, tensor):
    """(1, h, w, c) -> (h, w, c) of the type of the file."""
    values = tensor[0].numpy()
    if name in FLOATS:
        return values.astype(np.float32)
    dtype = np.uint8 if name in ('picture', 'pixels', 'scale_index') else np.int32 if name == 'z_symbols' else np.int16
    if (values.astype(dtype) != values).any():
        raise ValueError('%s does not fit its type' % name)
    return values.astype(dtype)


def parity_tensors(codec, quality):
    """-> {name: (h, w, c) array} in the order of the file."""
    t = codec.code(torch.from_numpy(test_picture())[None], quality)
    passes = [name % k for k in range(len(codec.config.passes)) for name in ('mean%d', 'symbols%d')]
    names = ['picture', 'y', 'z', 'z_symbols', 'p', 's', 'scale_index', *passes, 'y_hat', 'pixels']
    return {name: narrow(name, t[name]) for name in names}


def write_parity(weights, folder, qualities=QUALITIES):
    """Files <model>-q<quality>.bin for each of qualities."""
    codec = IntegerCodec(weights)
    os.makedirs(folder, exist_ok=True)
    for quality in qualities:
        if quality > 1024 * (weights.config.n_anchors - 1):
            continue
        tensors = parity_tensors(codec, quality)
        path = os.path.join(folder, '%s-q%d.bin' % (weights.config.name, quality))
        with open(path, 'wb') as f:
            f.write(MAGIC + struct.pack('<I', len(tensors)))
            for name, values in tensors.items():
                f.write(pack_tensor(name, values))
