/* picture_hash.h - XXH3-128 of a decoded picture: width and height (u32, little endian), then the samples row by row,
 * interleaved; u8, or u16 (little endian) above 8 bits. */
#ifndef GHM_CODEC_PICTURE_HASH_H
#define GHM_CODEC_PICTURE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "bitstream.h"

typedef struct picture_hash picture_hash;

picture_hash *picture_hash_open(pixel_format format, uint32_t width, uint32_t height); /* NULL: out of memory */
void picture_hash_rows(picture_hash *hash, const uint8_t *pixels, size_t row_stride, size_t n_rows);
/* Low half first, each little endian. */
void picture_hash_result(const picture_hash *hash, uint8_t out[PICTURE_HASH_BYTES]);
void picture_hash_close(picture_hash *hash);

#endif
