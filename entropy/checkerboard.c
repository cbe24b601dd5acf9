#include "checkerboard.h"

#include <stdint.h>
#include <string.h>

void checkerboard_gather(void *half, const void *full, size_t w, size_t position_size, size_t row,
                         checkerboard_phase phase)
{
    uint8_t *to = half;
    const uint8_t *const from = full;
    for (size_t x = checkerboard_first(row, phase); x < w; x += 2, to += position_size)
        memcpy(to, from + x * position_size, position_size);
}

void checkerboard_scatter(void *full, const void *half, size_t w, size_t position_size, size_t row,
                          checkerboard_phase phase)
{
    uint8_t *const to = full;
    const uint8_t *from = half;
    for (size_t x = checkerboard_first(row, phase); x < w; x += 2, from += position_size)
        memcpy(to + x * position_size, from, position_size);
}
