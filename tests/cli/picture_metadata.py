#!/usr/bin/env python3
"""Put metadata into JPEG and PNG files, and take it out again, without the libraries the command uses.

    picture_metadata.py add FILE OUT KIND=BLOB ...     kinds: exif icc xmp iptc cicp gamma; zxmp: XMP in a compressed iTXt
    picture_metadata.py get FILE KIND                  the blob on standard output; status 1 when there is none
    picture_metadata.py blob KIND SIZE                 something of that kind and size
"""
import struct
import sys
import zlib

EXIF, XMP, ICC, IPTC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0", b"Photoshop 3.0\0"
ITXT = b"XML:com.adobe.xmp\0"


def read(name):
    with open(name, "rb") as file:
        return file.read()


def segment(marker, data):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def parts(blob, size):
    return [blob[i:i + size] for i in range(0, len(blob), size)]


def jpeg_segments(kind, blob):
    if kind == "exif":
        return segment(0xE1, EXIF + blob)
    if kind == "xmp":
        return segment(0xE1, XMP + blob)
    if kind == "icc":
        pieces = parts(blob, 65519)
        return b"".join(segment(0xE2, ICC + bytes([i + 1, len(pieces)]) + piece) for i, piece in enumerate(pieces))
    return b"".join(segment(0xED, IPTC + piece) for piece in parts(blob, 65533 - len(IPTC)))


def walk_jpeg(data):
    at = 2
    while data[at + 1] != 0xDA:
        size = struct.unpack(">H", data[at + 2:at + 4])[0]
        yield data[at + 1], data[at + 4:at + 2 + size]
        at += 2 + size


def jpeg_get(data, kind):
    marker, name = {"exif": (0xE1, EXIF), "xmp": (0xE1, XMP), "icc": (0xE2, ICC), "iptc": (0xED, IPTC)}[kind]
    found = [body[len(name):] for m, body in walk_jpeg(data) if m == marker and body.startswith(name)]
    if kind == "icc":
        assert [piece[0] for piece in found] == list(range(1, len(found) + 1))
        assert all(piece[1] == len(found) for piece in found)
        found = [piece[2:] for piece in found]
    return b"".join(found)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_chunks(kind, blob):
    if kind == "exif":
        return chunk(b"eXIf", blob)
    if kind == "xmp":
        return chunk(b"iTXt", ITXT + b"\0\0\0\0" + blob)
    if kind == "zxmp":
        return chunk(b"iTXt", ITXT + b"\1\0en\0Titel\0" + zlib.compress(blob))
    if kind == "icc":
        return chunk(b"iCCP", b"a name\0\0" + zlib.compress(blob))
    if kind == "cicp":
        return chunk(b"cICP", blob)
    return chunk(b"gAMA", blob[:4]) + (chunk(b"cHRM", blob[4:]) if blob[4:] else b"")


def walk_png(data):
    at = 8
    while at < len(data):
        size = struct.unpack(">I", data[at:at + 4])[0]
        body = data[at + 8:at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(data[at + 4:at + 8 + size])
        yield data[at + 4:at + 8], body
        at += 12 + size


def png_get(data, kind):
    found = dict(reversed(list(walk_png(data))))
    if kind == "exif":
        return found.get(b"eXIf", b"")
    if kind == "xmp":
        text = found.get(b"iTXt", b"")
        return text[len(ITXT) + 4:] if text.startswith(ITXT + b"\0\0\0\0") else b""
    if kind == "icc":
        return zlib.decompress(found[b"iCCP"].split(b"\0", 1)[1][1:]) if b"iCCP" in found else b""
    if kind == "cicp":
        return found.get(b"cICP", b"")
    if kind == "srgb":
        return b"yes" if b"sRGB" in found else b""
    return found.get(b"gAMA", b"") + found.get(b"cHRM", b"")


def blob(kind, size):
    noise = bytes((i * 2654435761 >> 13) & 255 for i in range(size))
    if kind == "exif":  # orientation 6, and a tag nobody knows, of any length
        start = struct.pack("<2sHIH", b"II", 42, 8, 2) + struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
        start += struct.pack("<HHII", 0xC0DE, 7, size - 38, 38) + b"\0\0\0\0"
        return start + noise[len(start):]
    if kind == "icc":
        return noise[:36] + b"acsp" + noise[40:]
    if kind == "xmp":
        return (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>" + b" " * size)[:size]
    return noise


def main():
    command, *rest = sys.argv[1:]
    if command == "blob":
        sys.stdout.buffer.write(blob(rest[0], int(rest[1])))
    elif command == "get":
        data = read(rest[0])
        found = (jpeg_get if data[:2] == b"\xFF\xD8" else png_get)(data, rest[1])
        sys.stdout.buffer.write(found)
        sys.exit(0 if found else 1)
    else:
        data, pairs = read(rest[0]), [pair.split("=", 1) for pair in rest[2:]]
        is_jpeg = data[:2] == b"\xFF\xD8"
        at = 2 if is_jpeg else 8 + 25  # behind SOI or IHDR
        added = b"".join((jpeg_segments if is_jpeg else png_chunks)(kind, read(name)) for kind, name in pairs)
        with open(rest[1], "wb") as file:
            file.write(data[:at] + added + data[at:])


if __name__ == "__main__":
    main()
