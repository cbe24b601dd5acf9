#!/usr/bin/env python3
"""Make a TIFF of 23x11 samples, without a library, and the same samples as PNM.

    picture_tiff.py OUT.tif [OUT.pnm] [KEY=VALUE ...]

order=II|MM  bits=8  samples=1  photometric=1  planar=1  tile=0   how the samples lie
icc=RGB      a profile of this colour space              iptc=FILE:TYPE  tag 33723, of this TIFF type
TAG=NUMBER   a SHORT, by the tag's number                TAG=text        an ASCII
exif=1 gps=1 an IFD of its own
"""
import struct
import sys

WIDTH, HEIGHT = 23, 11
BYTE, ASCII, SHORT, LONG, UNDEFINED = 1, 2, 3, 4, 7
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, UNDEFINED: 1}


def sample(x, y, c, top):
    return top if x == y else (x * 3001 + y * 977 + c * 55555) % (top + 1)


def pack(rows, bits, order):
    """Rows of samples: each row begins with a byte of its own, from the highest bit on."""
    if bits == 16:
        return b"".join(struct.pack(order + "%dH" % len(row), *row) for row in rows)
    packed = b""
    for row in rows:
        text = "".join(format(v, "0%db" % bits) for v in row)
        text += "0" * (-len(text) % 8)
        packed += bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
    return packed


def tiles(picture, size, n):
    """Cut at the right and at the bottom, where zeros follow."""
    for top in range(0, HEIGHT, size):
        for left in range(0, WIDTH, size):
            part = [row[left * n:(left + size) * n] for row in picture[top:top + size]]
            part = [row + [0] * (size * n - len(row)) for row in part]
            yield part + [[0] * (size * n)] * (size - len(part))


def ifd(entries, at, order, next_ifd=0):
    """Entries (tag, type, bytes), at this offset in the file; long values follow."""
    body, tail = struct.pack(order + "H", len(entries)), b""
    end = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries):
        body += struct.pack(order + "HHI", tag, kind, len(value) // SIZES[kind])
        if len(value) <= 4:
            body += value.ljust(4, b"\0")
        else:
            body += struct.pack(order + "I", end + len(tail))
            tail += value + b"\0" * (len(value) % 2)
    return body + struct.pack(order + "I", next_ifd) + tail


def main():
    names = [a for a in sys.argv[1:] if "=" not in a]
    settings = {"order": "II", "bits": 8, "samples": 1, "photometric": 1, "planar": 1, "tile": 0}
    for text in sys.argv[1:]:
        key, _, value = text.partition("=")
        if _:
            settings[key] = int(value) if value.isdigit() else value
    order = "<" if settings["order"] == "II" else ">"
    bits, n, size = settings["bits"], settings["samples"], settings["tile"]
    top = (1 << bits) - 1
    picture = [[sample(x, y, c, top) for x in range(WIDTH) for c in range(n)] for y in range(HEIGHT)]

    planes = [picture] if settings["planar"] == 1 else [[row[c::n] for row in picture] for c in range(n)]
    pieces = [pack(t, bits, order) for t in tiles(picture, size, n)] if size else [pack(p, bits, order) for p in planes]

    def short(*values):
        return SHORT, struct.pack(order + "%dH" % len(values), *values)

    def long(*values):
        return LONG, struct.pack(order + "%dI" % len(values), *values)

    offsets, data = [], b""
    for piece in pieces:
        offsets.append(8 + len(data))
        data += piece + b"\0" * (len(piece) % 2)
    counts = [len(piece) for piece in pieces]
    tags = {256: short(WIDTH), 257: short(HEIGHT), 258: short(*[bits] * n), 259: short(1), 262: short(settings["photometric"]),
            277: short(n), 284: short(settings["planar"])}
    if size:
        tags.update({322: short(size), 323: short(size), 324: long(*offsets), 325: long(*counts)})
    else:
        tags.update({273: long(*offsets), 278: short(HEIGHT), 279: long(*counts)})
    for key, value in settings.items():
        if key.isdigit():
            tags[int(key)] = short(value) if isinstance(value, int) else (ASCII, value.encode() + b"\0")
        elif key == "icc":
            tags[34675] = UNDEFINED, (b"\0" * 16 + value.ljust(4).encode() + b"\0" * 16 + b"acsp").ljust(128, b"\0")
        elif key == "iptc":
            name, kind = value.rsplit(":", 1)
            blob = open(name, "rb").read()
            if int(kind) == LONG: # words in the order of the file, as they come
                blob += b"\0" * (-len(blob) % 4)
            tags[33723] = int(kind), blob
        elif key in ("exif", "gps"):
            tags[34665 if key == "exif" else 34853] = long(8 + len(data))
            data += ifd([(1, ASCII, b"N\0") if key == "gps" else (36864, UNDEFINED, b"0230")], 8 + len(data), order)
    with open(names[0], "wb") as file:
        file.write((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(data)) + data)
        file.write(ifd([(tag, *value) for tag, value in tags.items()], 8 + len(data), order))
    if len(names) > 1:
        with open(names[1], "wb") as file:
            if settings["photometric"] == 0:
                picture = [[top - v for v in row] for row in picture]
            file.write(b"P%d %d %d %d\n" % (6 if n == 3 else 5, WIDTH, HEIGHT, top))
            file.write(b"".join(struct.pack(">%d%s" % (len(row), "H" if bits > 8 else "B"), *row) for row in picture))


main()
