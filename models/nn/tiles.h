/* tiles.h - how linear layers divide their outputs: vectors of lanes, tiles of at most so many vectors. */
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

#endif
