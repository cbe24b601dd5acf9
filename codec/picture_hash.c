#include "picture_hash.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct picture_hash {
    XXH3_state_t *state;
    pixel_format format;
    size_t row_samples;
};

static void put_le(uint8_t *to, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

picture_hash *picture_hash_open(pixel_format format, uint32_t width, uint32_t height)
{
    picture_hash *hash = malloc(sizeof *hash);
    XXH3_state_t *state = XXH3_createState();
    uint8_t size[8];
    if (!hash || !state) {
        free(hash);
        XXH3_freeState(state);
        return NULL;
    }
    *hash = (picture_hash){ state, format, (size_t)format.components * width };
    put_le(size, width, 4);
    put_le(size + 4, height, 4);
    XXH3_128bits_reset(state);
    XXH3_128bits_update(state, size, sizeof size);
    return hash;
}

/* Samples above 8 bits are little endian to the hash, whatever the machine is. */
static void hash_row16(picture_hash *hash, const uint8_t *row)
{
    uint8_t bytes[512];
    for (size_t i = 0; i < hash->row_samples;) {
        size_t n = 0;
        for (; n < sizeof bytes && i < hash->row_samples; n += 2, i++) {
            uint16_t v;
            memcpy(&v, row + 2 * i, sizeof v);
            put_le(bytes + n, v, 2);
        }
        XXH3_128bits_update(hash->state, bytes, n);
    }
}

void picture_hash_rows(picture_hash *hash, const uint8_t *pixels, size_t row_stride, size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++, pixels += row_stride) {
        if (hash->format.bit_depth > 8)
            hash_row16(hash, pixels);
        else
            XXH3_128bits_update(hash->state, pixels, hash->row_samples);
    }
}

void picture_hash_result(const picture_hash *hash, uint8_t out[PICTURE_HASH_BYTES])
{
    const XXH128_hash_t h = XXH3_128bits_digest(hash->state);
    put_le(out, h.low64, 8);
    put_le(out + 8, h.high64, 8);
}

void picture_hash_close(picture_hash *hash)
{
    if (!hash)
        return;
    XXH3_freeState(hash->state);
    free(hash);
}
