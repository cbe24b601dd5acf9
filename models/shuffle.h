/* shuffle.h - moving pixels between channels and positions, row by row. Channel (dy * r + dx) * C + c at (y, x) is channel
 * c at (r * y + dy, r * x + dx); so a row of the fine grid is made of runs of r * C elements of the coarse row. */
#ifndef GHM_MODELS_SHUFFLE_H
#define GHM_MODELS_SHUFFLE_H

#include <stddef.h>
#include <string.h>

/* coarse: (width, r * r * c) -> row dy of the fine grid: (width * r, c). run = r * c * element size. */
static inline void shuffle_row(const void *coarse, size_t width, size_t r, size_t dy, size_t run, void *fine)
{
    for (size_t x = 0; x < width; x++)
        memcpy((char *)fine + x * run, (const char *)coarse + (x * r + dy) * run, run);
}

/* The inverse: put row dy of the fine grid into its places in the coarse row. */
static inline void unshuffle_row(const void *fine, size_t width, size_t r, size_t dy, size_t run, void *coarse)
{
    for (size_t x = 0; x < width; x++)
        memcpy((char *)coarse + (x * r + dy) * run, (const char *)fine + x * run, run);
}

#endif
