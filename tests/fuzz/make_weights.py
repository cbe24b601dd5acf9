#!/usr/bin/env python3
"""Write the smallest weight files there are, seeds of the fuzz target `weights`: make_weights.py FOLDER.

All widths are 8. The layout is that of models/WEIGHTS.md; the hash is left 0, because the target writes it.
"""
import os
import random
import struct
import sys

LISTS = ('ga.b4', 'ha.b16', 'ha.b32', 'hs.b32', 'hs.b16', 'hs.prior', 'ctx', 'gs.b4')
LINEAR_S8, LINEAR_S16, DEPTHWISE_S8, FLOAT_S8, FLOAT_DEPTHWISE = 1, 2, 3, 4, 6
C = 8


def table(low, *frequencies):
    assert sum(frequencies) == 65536
    return struct.pack('<hH%dH' % len(frequencies), low, len(frequencies), *frequencies)


WEIGHT_TABLE = table(-1, 1000, 63000, 1000, 536)


def layer(name, kind, c_out, c_in):
    out = struct.pack('<B%dsBHH' % len(name), len(name), name.encode(), kind, c_out, c_in)
    if kind >= FLOAT_S8:
        out += struct.pack('<f', 0.125) * c_out + struct.pack('<f', 0.01) * c_out
    else:
        out += struct.pack('<i', 64) * c_out + struct.pack('<i', 1 << 28) * c_out
    return out + WEIGHT_TABLE


def blocks(name, count, real=False):
    linear, depthwise = (FLOAT_S8, FLOAT_DEPTHWISE) if real else (LINEAR_S8, DEPTHWISE_S8)
    out = b''
    for i in range(count):
        for part, kind, c_in in ('w1', linear, C), ('dw', depthwise, 1), ('w2', linear, C), ('w3', linear, C), ('w4', linear, C):
            out += layer('%s.%d.%s' % (name, i, part), kind, C, c_in)
    return out


def layers(count, filters):
    out = b''
    if filters:
        out += layer('ga.in', LINEAR_S8, C, 48) + blocks('ga.b4', count) + layer('ga.out', LINEAR_S8, 48, C)
    out += layer('ga.base', LINEAR_S16, C, 768)
    out += layer('ha.in', FLOAT_S8, C, C) + blocks('ha.b16', count, real=True) + layer('ha.down32', FLOAT_S8, C, 4 * C)
    out += blocks('ha.b32', count, real=True) + layer('ha.down64', FLOAT_S8, C, 4 * C)
    out += layer('hs.in', LINEAR_S8, 4 * C, C) + blocks('hs.b32', count) + layer('hs.up', LINEAR_S8, 4 * C, C)
    out += blocks('hs.b16', count) + layer('hs.out', LINEAR_S8, C, C) + blocks('hs.prior', count)
    out += layer('hs.scale', LINEAR_S8, C, C) + layer('ctx0.out', LINEAR_S8, C, C)
    out += layer('ctx1.in', LINEAR_S8, C, 2 * C) + blocks('ctx1.b', 1) + layer('ctx1.out', LINEAR_S8, C, C)
    out += layer('gs.base', LINEAR_S16, 768, C)
    if filters:
        out += layer('gs.in', LINEAR_S8, C, 48) + blocks('gs.b4', count) + layer('gs.out', LINEAR_S8, 48, C)
    return out


def weight_file(name, count, filters, coded):
    width = C if filters else 0
    plain = name.encode().ljust(16, b'\0') + struct.pack('<8B', 2, 1, 2, 2, 1, 6, 6, 0)
    plain += struct.pack('<5H', C, C, C, width, width)
    for block_list in LISTS:
        absent = not filters and block_list in ('ga.b4', 'gs.b4')
        plain += struct.pack('<BBH', 1 if block_list == 'ctx' else 0 if absent else count, 0, C)
    plain += struct.pack('<H', C) + struct.pack('<4B', 0, 0, 0, 1)
    plain += struct.pack('<h', 0) * 2 * (width + 4 * C + width)
    plain += bytes(2 * C) + struct.pack('<h', 0) * C + bytes([40, 24]) * C + struct.pack('<H', 1)
    plain += 2 * (table(-1, 1, 65533, 1, 1) + table(-2, 10000, 10000, 25536, 10000, 9999, 1))   # of both quantizers
    plain += table(-1, 20000, 25000, 20000, 536)
    plain += layers(count, filters)
    return struct.pack('<4sHHQII', b'GHMW', 6, 0, 0, len(plain), len(coded)) + plain + coded


def main():
    noise = random.Random(1)
    coded = bytes(noise.randrange(256) for _ in range(400))
    for name, count, filters in (('tiny', 0, False), ('tiny-blocks', 1, True)):
        with open(os.path.join(sys.argv[1], name + '.ghmw'), 'wb') as f:
            f.write(weight_file(name, count, filters, coded))


if __name__ == '__main__':
    main()
