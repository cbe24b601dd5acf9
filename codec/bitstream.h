/* bitstream.h - the container of BITSTREAM.md: magic, then chunks of type, length, payload and CRC-32. */
#ifndef GHM_CODEC_BITSTREAM_H
#define GHM_CODEC_BITSTREAM_H

#include <gingham/gingham.h>

#include "base/bytes.h"

enum {
    BITSTREAM_VERSION = 1,
    BITSTREAM_MAX_SIDE = 65535,
    CHUNK_HEADER = 'H',
    CHUNK_BAND = 'B',
    CHUNK_PICTURE_HASH = 'x',
    PICTURE_HASH_BYTES = 16
};

typedef struct stream_header {
    uint32_t width, height;
    uint16_t quality;    /* 1/1024 of an anchor */
    uint16_t anchors;    /* 1024 (n_anchors - 1) of the model: the quality that counts as 100 */
    uint8_t band_rows;   /* rows of z in a band, the last may have fewer */
    uint8_t has_picture_hash;
    uint64_t model_id;
} stream_header;

size_t stream_n_bands(const stream_header *header);

void bitstream_write_header(bytes_writer *w, const stream_header *header);
void bitstream_write_chunk(bytes_writer *w, uint8_t type, const uint8_t *payload, size_t size);

typedef struct stream_chunk {
    uint8_t type;
    const uint8_t *payload;
    size_t size;
} stream_chunk;

/* Read magic and header chunk; the reader then stands at the next chunk. */
ghm_status bitstream_read_header(bytes_reader *r, stream_header *header, ghm_diagnostics *diag);

/* The next chunk of a known type, its CRC checked; unknown optional chunks are passed over.
 * GHM_ERR_TRUNCATED when the bytes end first. */
ghm_status bitstream_next_chunk(bytes_reader *r, stream_chunk *chunk, ghm_diagnostics *diag);

/* The next chunk, which must be of this type. */
ghm_status bitstream_expect_chunk(bytes_reader *r, uint8_t type, stream_chunk *chunk, ghm_diagnostics *diag);

#endif
