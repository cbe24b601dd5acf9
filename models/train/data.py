#!/usr/bin/env python3
"""Pictures to training tiles.

    data.py SOURCE... OUT.npy        SOURCE: tar archives or folders of pictures

OUT.npy is uint8 (N, 256, 256, 3): the upper left tile of every picture and, of those at least 320 high, the lower right
one; shuffled with a fixed seed. The last 48 tiles are the validation set, and no other tile is of a photograph that one of
them is of. Files NAME_0 to NAME_9 are taken for pieces of one photograph.
"""
import argparse
import io
import os
import random
import re
import tarfile

import numpy as np
from PIL import Image

TILE, SECOND_TILE_FROM, N_VALIDATION, SEED = 256, 320, 48, 7
EXTENSIONS = ('.jpg', '.jpeg', '.png', '.webp', '.ppm')


def split(tiles):
    """(N, 256, 256, 3) -> training tiles, validation tiles."""
    return tiles[:-N_VALIDATION], tiles[-N_VALIDATION:]


def as_pictures(tiles):
    """Tensor (N, H, W, 3) uint8 -> what the networks take: (N, 3, H, W), 0 to 1."""
    return tiles.permute(0, 3, 1, 2).float() / 255


def files_of(source):
    """Name and bytes of each picture of a tar archive, in its order, or of a folder, sorted by path."""
    if os.path.isdir(source):
        for folder, subfolders, names in os.walk(source):
            subfolders.sort()
            for name in sorted(names):
                if name.lower().endswith(EXTENSIONS):
                    path = os.path.join(folder, name)
                    with open(path, 'rb') as f:
                        yield os.path.relpath(path, source), f.read()
        return
    with tarfile.open(source) as archive:
        for member in archive:
            if member.isfile() and member.name.lower().endswith(EXTENSIONS):
                yield member.name, archive.extractfile(member).read()


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


def photograph_of(name):
    """What all pieces of a photograph have in common."""
    return re.sub(r'_\d$', '', os.path.splitext(name)[0])


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', nargs='+')
    parser.add_argument('out')
    args = parser.parse_args(argv)
    tiles = [(photograph_of(name), tile) for source in sorted(args.source) for name, content in files_of(source)
             for tile in tiles_of(content)]
    random.Random(SEED).shuffle(tiles)
    training, validation = split(tiles)
    held_out = {photograph for photograph, _ in validation}
    kept = [tile for photograph, tile in training if photograph not in held_out]
    if not kept:
        parser.error('%d tiles are too few: %d are for validation, and the others of the same photographs' % (
            len(tiles), N_VALIDATION))
    np.save(args.out, np.stack(kept + [tile for _, tile in validation]))
    print('%d tiles for training, %d for validation, %d others of the same photographs left out' % (
        len(kept), N_VALIDATION, len(training) - len(kept)))


if __name__ == '__main__':
    main()
