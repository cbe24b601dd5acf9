#!/usr/bin/env python3
"""Make the small pictures in images/ from images/kodim20.png. Needs Pillow and cjpeg.
"""
import os
import struct
import subprocess
import zlib

from PIL import Image, PngImagePlugin

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "images")


def path(name):
    return os.path.join(HERE, name)


def write_ppm16(image, name):
    """P6 with maxval 65535, each sample v as v * 257."""
    with open(path(name), "wb") as f:
        f.write(b"P6\n%d %d\n65535\n" % image.size)
        f.write(b"".join(struct.pack(">H", v * 257) for v in image.tobytes()))


def write_plain_ppm(image, name):
    with open(path(name), "w", encoding="ascii") as f:
        f.write("P3\n# plain\n%d %d\n255\n" % image.size)
        for y in range(image.height):
            row = image.crop((0, y, image.width, y + 1)).tobytes()
            f.write(" ".join(map(str, row)) + "\n")


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png16(image, name):
    """RGB, 16 bits a sample; Pillow cannot write that."""
    rows = b""
    for y in range(image.height):
        row = image.crop((0, y, image.width, y + 1)).tobytes()
        rows += b"\0" + b"".join(struct.pack(">H", v * 257) for v in row)
    header = struct.pack(">IIBBBBB", *image.size, 16, 2, 0, 0, 0)
    with open(path(name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows, 9))
                + png_chunk(b"IEND", b""))


def write_png(name, width, height, depth, colour, rows):
    """Any kind of PNG: rows without their filter bytes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    with open(path(name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
                + png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 9)) + png_chunk(b"IEND", b""))


def write_grey_png(image, depth, name):
    """1, 2, 4 or 16 bits a sample; 16 hold a ramp that 8 bits would flatten."""
    rows = []
    for y in range(image.height):
        samples = image.crop((0, y, image.width, y + 1)).tobytes()
        if depth == 16:
            rows.append(b"".join(struct.pack(">H", v * 200 + 37 * y) for v in samples))
            continue
        per_byte = 8 // depth
        packed = [samples[i:i + per_byte] for i in range(0, len(samples), per_byte)]
        rows.append(bytes(sum((v >> (8 - depth)) << (8 - depth * (i + 1)) for i, v in enumerate(group)) for group in packed))
    write_png(name, image.width, image.height, depth, 0, rows)


def write_alpha16_png(image, name):
    """RGBA, 16 bits a sample, alpha in steps that 8 bits cannot tell apart."""
    rows = []
    for y in range(image.height):
        samples = image.crop((0, y, image.width, y + 1)).tobytes()
        rows.append(b"".join(struct.pack(">HHHH", *(v * 257 for v in samples[3 * x:3 * x + 3]), 30000 + 50 * y + x)
                             for x in range(image.width)))
    write_png(name, image.width, image.height, 16, 6, rows)


def write_pgm12(image, name):
    """P5 with maxval 4095."""
    with open(path(name), "wb") as f:
        f.write(b"P5\n%d %d\n4095\n" % image.size)
        f.write(b"".join(struct.pack(">H", v * 16 + v // 16) for v in image.tobytes()))


def write_sampled_jpegs(image):
    """Chroma sampled in ways that cameras and scanners use beside 4:2:0; by cjpeg, as Pillow knows three."""
    pnm = b"P6\n%d %d\n255\n" % image.size + image.tobytes()
    for name, sample in (("411", "4x1"), ("440", "1x2"), ("441", "1x4"), ("410", "4x2")):
        jpeg = subprocess.run(["cjpeg", "-quality", "90", "-sample", sample], input=pnm, stdout=subprocess.PIPE, check=True)
        with open(path("rgb-%s.jpg" % name), "wb") as f:
            f.write(jpeg.stdout)


def write_tiff(name, width, height, tags, data):
    """Little endian, one directory; tags are (number, type, values), of which strip or tile offsets 0 means data."""
    entries, extra = b"", b""
    extra_at = 8 + 2 + 12 * len(tags) + 4
    sizes = {3: 2, 4: 4}
    data_at = extra_at + sum(sizes[t] * len(v) for _, t, v in tags if sizes[t] * len(v) > 4)
    for number, kind, values in sorted(tags):
        values = [v + data_at for v in values] if number in (273, 324) else values
        packed = struct.pack("<%d%s" % (len(values), "H" if kind == 3 else "I"), *values)
        if len(packed) > 4:
            extra, packed = extra + packed, struct.pack("<I", extra_at + len(extra))
        entries += struct.pack("<HHI", number, kind, len(values)) + packed.ljust(4, b"\0")
    with open(path(name), "wb") as f:
        f.write(struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + b"\0\0\0\0" + extra + data)


def write_tiffs(image):
    """What Pillow cannot: 16-bit RGB in tiles with alpha multiplied in, and grey where 0 is white, standing upright."""
    width, height = image.size
    side = 32
    pixels = image.load()
    tiles = [(x, y) for y in range(0, height, side) for x in range(0, width, side)]
    data = b""
    for x0, y0 in tiles:
        for y in range(y0, y0 + side):
            for x in range(x0, x0 + side):
                inside = x < width and y < height
                alpha = 65535 - 500 * y if inside else 0
                data += struct.pack("<HHHH", *((v * 257 * alpha + 32767) // 65535 for v in pixels[x, y]) if inside else (0, 0, 0),
                                    alpha)
    size = side * side * 8
    write_tiff("tiles16.tif", width, height,
               [(256, 4, [width]), (257, 4, [height]), (258, 3, [16] * 4), (259, 3, [1]), (262, 3, [2]), (277, 3, [4]),
                (284, 3, [1]), (322, 4, [side]), (323, 4, [side]), (324, 4, [i * size for i in range(len(tiles))]),
                (325, 4, [size] * len(tiles)), (338, 3, [1])], data)
    grey = image.convert("L").tobytes()
    write_tiff("white-is-zero.tif", width, height,
               [(256, 4, [width]), (257, 4, [height]), (258, 3, [8]), (259, 3, [1]), (262, 3, [0]), (273, 4, [0]),
                (274, 3, [6]), (277, 3, [1]), (278, 4, [height]), (279, 4, [len(grey)])], bytes(255 - v for v in grey))


def write_interlaced_png(image, name):
    """Adam7, RGB: seven small pictures one after the other (PNG 1.2, section 2.6)."""
    pixels = image.load()
    rows = b""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    for x0, y0, dx, dy in passes:
        for y in range(y0, image.height, dy):
            row = b"".join(bytes(pixels[x, y]) for x in range(x0, image.width, dx))
            rows += b"\0" + row if row else b""
    header = struct.pack(">IIBBBBB", *image.size, 8, 2, 0, 0, 1)
    with open(path(name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows, 9))
                + png_chunk(b"IEND", b""))


def truncate(source, name, keep):
    with open(path(source), "rb") as f:
        data = f.read()
    with open(path(name), "wb") as f:
        f.write(data[: int(len(data) * keep)])


def main():
    photo = Image.open(path("kodim20.png")).convert("RGB")
    photo.crop((256, 192, 512, 384)).save(path("crop-256x192.png"), optimize=True)
    small = photo.crop((256, 192, 512, 384)).resize((48, 36), Image.LANCZOS)

    small.save(path("rgb.png"))
    small.convert("L").save(path("grey.png"))
    small.quantize(32).save(path("palette.png"))
    write_interlaced_png(small, "interlaced.png")
    write_png16(small, "rgb16.png")
    write_ppm16(small.crop((0, 0, 17, 13)), "rgb16-17x13.ppm")
    small.crop((0, 0, 17, 13)).save(path("rgb-17x13.ppm"))
    write_plain_ppm(small.crop((0, 0, 17, 13)), "plain-17x13.ppm")
    small.crop((0, 0, 17, 13)).convert("L").save(path("grey-17x13.pgm"))
    Image.new("RGB", (1, 1), (200, 100, 50)).save(path("rgb-1x1.png"))

    opaque = small.convert("RGBA")
    opaque.save(path("alpha-opaque.png"))
    translucent = opaque.copy()
    translucent.putalpha(Image.linear_gradient("L").resize(small.size))
    translucent.save(path("alpha-translucent.png"))
    small.quantize(32).save(path("palette-transparent.png"), transparency=0)

    grey = small.convert("L")
    for depth in (1, 2, 4, 16):
        write_grey_png(grey, depth, "grey%d.png" % depth)
    grey.save(path("grey-transparent.png"), transparency=grey.getpixel((0, 0)))
    write_alpha16_png(small, "alpha16.png")
    write_pgm12(grey.crop((0, 0, 17, 13)), "grey12-17x13.pgm")
    write_tiffs(small)
    small.save(path("rgb.tif"), compression="tiff_lzw", icc_profile=b"\0" * 36 + b"acsp" + b"\0" * 88)
    small.convert("1").save(path("fax.tif"), compression="group4")
    small.convert("CMYK").save(path("cmyk.tif"), compression="tiff_lzw")
    small.save(path("rgb.webp"), lossless=True)
    small.save(path("lossy.webp"), quality=80)
    writer_exif = Image.Exif()
    writer_exif[0x0112] = 6
    alpha = small.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(small.size))
    alpha.save(path("alpha.webp"), lossless=True, exact=True, exif=writer_exif, xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    write_sampled_jpegs(small.crop((0, 0, 37, 29)))

    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "a text chunk")
    notes.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    profile = b"\0" * 36 + b"acsp" + b"\0" * 88  # the bare header of a profile that is not sRGB
    small.save(path("metadata.jpg"), quality=90, icc_profile=profile, comment=b"a comment")
    small.save(path("metadata.png"), pnginfo=notes)

    small.convert("CMYK").save(path("cmyk.jpg"), quality=80)
    small.convert("L").save(path("grey.jpg"), quality=90)
    exif = Image.Exif()
    exif[0x0112] = 6
    small.rotate(90, expand=True).save(path("progressive-orientation6.jpg"), quality=90, progressive=True, exif=exif)
    truncate("rgb.png", "truncated.png", 0.6)
    truncate("grey.jpg", "truncated.jpg", 0.6)
    truncate("rgb-17x13.ppm", "truncated.ppm", 0.6)


if __name__ == "__main__":
    main()
