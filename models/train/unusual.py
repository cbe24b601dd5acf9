#!/usr/bin/env python3
"""PSNR of a model on pictures unlike photographs, by quality: float network, the encoder's symbols, 8-bit result.

    unusual.py CHECKPOINT_OR_WEIGHTS [--save FOLDER]
"""
import argparse
import os

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from checkpoint import load_network
from data import as_pictures

SIZE = 256
FONTS = 'DejaVuSans.ttf', 'Arial.ttf', 'Helvetica.ttc'
TEXT = 'The quick brown fox jumps over the lazy dog 0123456789 {x[i] += y;} '


def screen():
    """A window with black text of several sizes, a title bar and a button."""
    picture = Image.new('RGB', (SIZE, SIZE), (250, 250, 250))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, SIZE, 22), fill=(43, 87, 151))
    draw.text((8, 3), 'Untitled - Editor', fill=(255, 255, 255), font=font(13))
    y = 30
    for i in range(12):
        size = 9 + i % 4 * 2
        draw.text((8, y), TEXT[5 * i:] + TEXT, fill=(20, 20, 20) if i % 5 else (190, 30, 30), font=font(size))
        y += size + 5
    draw.rectangle((180, 222, 246, 246), fill=(225, 225, 225), outline=(120, 120, 120))
    draw.text((198, 226), 'OK', fill=(0, 0, 0), font=font(13))
    return picture


def font(size):
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            pass
    return ImageFont.load_default()


def line_art():
    """Black strokes, circles and hatching on white."""
    picture = Image.new('RGB', (SIZE, SIZE), 'white')
    draw = ImageDraw.Draw(picture)
    for i in range(16):
        draw.line((8 * i, 0, SIZE, SIZE - 12 * i), fill='black', width=1 + i % 3)
        draw.ellipse((128 - 7 * i, 150 - 6 * i, 128 + 7 * i, 150 + 6 * i), outline='black')
    for i in range(0, 80, 4):
        draw.line((10 + i, 180, 50 + i, 250), fill='black')
    return picture


def gradients():
    """Slow slopes of all three colours."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / (SIZE - 1)
    return np.stack([255 * x, 255 * y, 127 * (2 - x - y)], -1)


def dark():
    """A night picture: all values below 24."""
    random = np.random.RandomState(3)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    light = 8 + 6 * np.sin(9 * x) * np.cos(7 * y) + 9 * np.exp(-60 * ((x - 0.6) ** 2 + (y - 0.4) ** 2))
    return light[..., None] * [1.0, 0.9, 0.7] + random.normal(0, 1, (SIZE, SIZE, 3))


def pictures():
    """{name: (SIZE, SIZE, 3) uint8}"""
    random = np.random.RandomState(4)
    made = {'screen': screen(), 'line art': line_art(), 'noise': random.randint(0, 256, (SIZE, SIZE, 3)),
            'grey noise': np.repeat(random.normal(128, 20, (SIZE, SIZE, 1)), 3, -1), 'flat grey': np.full((SIZE, SIZE, 3), 77),
            'flat red': np.full((SIZE, SIZE, 3), (230, 10, 20)), 'black': np.zeros((SIZE, SIZE, 3)), 'dark': dark(),
            'gradients': gradients()}
    return {name: np.clip(np.round(np.asarray(p, float)), 0, 255).astype(np.uint8) for name, p in made.items()}


def measure(net, picture, anchor):
    """-> PSNR in dB (99 if equal), bits a pixel"""
    x = as_pictures(torch.from_numpy(picture)[None])
    with torch.no_grad():
        x_hat, bpp, _ = net(x, torch.tensor([float(anchor)]), hard=True)
    mse = (torch.round(x_hat.clamp(0, 1) * 255) - 255 * x).pow(2).mean().item()
    return (10 * np.log10(255 ** 2 / mse) if mse else 99), bpp.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model')
    parser.add_argument('--save', metavar='FOLDER', help='write the pictures there as PNG')
    args = parser.parse_args()
    net = load_network(args.model)
    anchors = range(net.config.n_anchors)
    print('PSNR in dB   ' + ' '.join('%5d' % a for a in anchors) + '  bits a pixel at the last')
    for name, picture in pictures().items():
        rows = [measure(net, picture, anchor) for anchor in anchors]
        print('%-12s %s  %.2f' % (name, ' '.join('%5.1f' % psnr for psnr, _ in rows), rows[-1][1]))
        if args.save:
            Image.fromarray(picture).save(os.path.join(args.save, name.replace(' ', '-') + '.png'))


if __name__ == '__main__':
    main()
