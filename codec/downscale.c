#include "downscale.h"

#include <string.h>

void downscale_init(downscale *d, pixel_format format, size_t factor, size_t width, size_t height, arena *memory)
{
    *d = (downscale){ .format = format, .factor = factor, .width = width, .height = height };
    d->sums = arena_alloc(memory, downscale_size(width, factor) * (size_t)format.components, sizeof *d->sums);
}

static void add_row(downscale *d, const uint8_t *row)
{
    const size_t n = (size_t)d->format.components;
    const uint16_t *row16 = (const uint16_t *)(const void *)row;
    uint32_t *sum = d->sums;
    for (size_t x = 0, end; x < d->width; x = end, sum += n) {
        end = x + d->factor < d->width ? x + d->factor : d->width;
        for (size_t i = x * n; i < end * n; i += n)
            for (size_t c = 0; c < n; c++)
                sum[c] += d->format.bit_depth > 8 ? row16[i + c] : row[i + c];
    }
}

/* rows: how many went into the sums. */
static void write_means(downscale *d, size_t rows, uint8_t *to)
{
    const size_t n = (size_t)d->format.components;
    for (size_t x = 0; x < downscale_size(d->width, d->factor); x++) {
        const size_t left = d->width - x * d->factor, columns = left < d->factor ? left : d->factor;
        const uint32_t count = (uint32_t)(rows * columns);
        for (size_t c = 0; c < n; c++) {
            const uint32_t mean = (d->sums[x * n + c] + count / 2) / count;
            sample_store(d->format.bit_depth, to + (x * n + c) * sample_bytes(d->format.bit_depth), mean);
        }
    }
}

bool downscale_row(downscale *d, const uint8_t *row, uint8_t *to)
{
    const size_t rows = d->n_in++ % d->factor + 1;
    add_row(d, row);
    if (rows < d->factor && d->n_in < d->height)
        return false;
    write_means(d, rows, to);
    memset(d->sums, 0, downscale_size(d->width, d->factor) * (size_t)d->format.components * sizeof *d->sums);
    return true;
}
