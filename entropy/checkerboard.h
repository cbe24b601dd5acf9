/* checkerboard.h - which positions a phase codes, and in which order; geometry only.
 *
 *              column 0 1 2 3 4            A  anchor: row + column even; coded first, by hyper-latent and earlier
 *      row 0          A n A n A               slices alone
 *      row 1          n A n A n            n  non-anchor: row + column odd; coded second, knowing the four
 *      row 2          A n A n A               anchors around it
 *
 * Each phase is visited row by row, left to right. He et al., "Checkerboard context model for efficient learned image
 * compression" (CVPR 2021).
 *
 * The coded columns of a row, side by side, are its half row. Positions are opaque elements of `position_size` bytes:
 * c * sizeof(int16_t) for symbols of c channels, c for scale indices. */
#ifndef GHM_ENTROPY_CHECKERBOARD_H
#define GHM_ENTROPY_CHECKERBOARD_H

#include <stddef.h>

typedef enum checkerboard_phase { CHECKERBOARD_ANCHOR = 0, CHECKERBOARD_NON_ANCHOR = 1 } checkerboard_phase;

/* First coded column of a row, 0 or 1; every second one follows. */
static inline size_t checkerboard_first(size_t row, checkerboard_phase phase) { return (row + (size_t)phase) & 1; }

/* Coded columns of a row of width w. */
static inline size_t checkerboard_count(size_t row, size_t w, checkerboard_phase phase)
{
    return (w + 1 - checkerboard_first(row, phase)) / 2;
}

/* Copy the coded positions of a full row of width w to a half row. */
void checkerboard_gather(void *half, const void *full, size_t w, size_t position_size, size_t row,
                         checkerboard_phase phase);

/* Copy a half row to its places in the full row; the others are left alone. */
void checkerboard_scatter(void *full, const void *half, size_t w, size_t position_size, size_t row,
                          checkerboard_phase phase);

#endif
