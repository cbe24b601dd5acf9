/* tiles.h - how kernels divide their work. Linear layers divide their outputs into vectors of lanes and tiles of at most so
 * many vectors, 3x3 filters their columns into strips. */
#ifndef GHM_NN_TILES_H
#define GHM_NN_TILES_H

#include <stddef.h>

static inline size_t vectors_of(size_t c_out, size_t lanes)
{
    return (c_out + lanes - 1) / lanes;
}

/* Vectors of the next tile: what is left, divided evenly, because narrow tiles are slower. */
static inline size_t tile_vectors(size_t vectors_left, size_t most)
{
    const size_t n_tiles = (vectors_left + most - 1) / most;
    return (vectors_left + n_tiles - 1) / n_tiles;
}

/* Outputs of a strip whose three rows of c channels take half of the nearest cache, or a few channels would not find there
 * what the channels before them have brought. */
static inline size_t depthwise_strip_outputs(size_t c)
{
    enum { STRIP_VALUES = 4096, SHORTEST = 32 };
    const size_t n = STRIP_VALUES / c;
    return n > SHORTEST ? n : SHORTEST;
}

#endif
