#!/usr/bin/env python3
"""Pictures to training tiles.

    data.py SOURCE... OUT.npy        SOURCE: tar archives or folders of pictures

OUT.npy is uint8 (N, 256, 256, 3): the upper left tile of every picture and, of those at least 320 high, the lower right
one; shuffled with a fixed seed. The last 48 tiles are the validation set.
"""
import argparse
import io
import os
import random
import tarfile

import numpy as np
from PIL import Image

TILE, SECOND_TILE_FROM, N_VALIDATION, SEED = 256, 320, 48, 7
EXTENSIONS = ('.jpg', '.jpeg', '.png', '.webp', '.ppm')


def split(tiles):
    """(N, 256, 256, 3) -> training tiles, validation tiles."""
    return tiles[:-N_VALIDATION], tiles[-N_VALIDATION:]


def files_of(source):
    """Bytes of each picture of a tar archive, in its order, or of a folder, sorted by path."""
    if os.path.isdir(source):
        for folder, subfolders, names in os.walk(source):
            subfolders.sort()
            for name in sorted(names):
                if name.lower().endswith(EXTENSIONS):
                    with open(os.path.join(folder, name), 'rb') as f:
                        yield f.read()
        return
    with tarfile.open(source) as archive:
        for member in archive:
            if member.isfile() and member.name.lower().endswith(EXTENSIONS):
                yield archive.extractfile(member).read()


def tiles_of(content):
    """One picture file -> its tiles."""
    picture = np.array(Image.open(io.BytesIO(content)).convert('RGB'))
    h, w = picture.shape[:2]
    if min(h, w) < TILE:
        return []
    tiles = [picture[:TILE, :TILE].copy()]
    if h >= SECOND_TILE_FROM:
        tiles.append(picture[h - TILE:, w - TILE:].copy())
    return tiles


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', nargs='+')
    parser.add_argument('out')
    args = parser.parse_args()
    tiles = [tile for source in sorted(args.source) for content in files_of(source) for tile in tiles_of(content)]
    random.Random(SEED).shuffle(tiles)
    if len(tiles) <= N_VALIDATION:
        parser.error('%d tiles are too few: %d are for validation' % (len(tiles), N_VALIDATION))
    np.save(args.out, np.stack(tiles))
    print('%d tiles, of them %d for validation' % (len(tiles), N_VALIDATION))


if __name__ == '__main__':
    main()
