#include "picture_hash.h"

#include <xxhash.h>

/* The public type stays opaque, so that only this file knows xxHash. */
static XXH3_state_t *state_of(picture_hash *hash) { return (XXH3_state_t *)(void *)hash; }

static void put_le(uint8_t *to, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

picture_hash *picture_hash_open(uint32_t width, uint32_t height)
{
    XXH3_state_t *state = XXH3_createState();
    uint8_t size[8];
    if (!state)
        return NULL;
    put_le(size, width, 4);
    put_le(size + 4, height, 4);
    XXH3_128bits_reset(state);
    XXH3_128bits_update(state, size, sizeof size);
    return (picture_hash *)(void *)state;
}

void picture_hash_rows(picture_hash *hash, const uint8_t *rgb, size_t row_bytes, size_t row_stride, size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++)
        XXH3_128bits_update(state_of(hash), rgb + i * row_stride, row_bytes);
}

void picture_hash_result(const picture_hash *hash, uint8_t out[PICTURE_HASH_BYTES])
{
    const XXH128_hash_t h = XXH3_128bits_digest((const XXH3_state_t *)(const void *)hash);
    put_le(out, h.low64, 8);
    put_le(out + 8, h.high64, 8);
}

void picture_hash_close(picture_hash *hash)
{
    if (hash)
        XXH3_freeState(state_of(hash));
}
