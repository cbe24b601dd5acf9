/* bitstream.h - the container of BITSTREAM.md: magic, then chunks of type, length, payload and CRC-32. */
#ifndef GHM_CODEC_BITSTREAM_H
#define GHM_CODEC_BITSTREAM_H

#include <gingham/gingham.h>

#include <stdbool.h>

#include "base/bytes.h"
#include "colour.h"

enum {
    BITSTREAM_VERSION = 1,
    BITSTREAM_MAX_BANDS = 1024, /* of one row of z */
    CHUNK_HEADER = 'H',
    CHUNK_DIRECT = 'D',
    CHUNK_BAND = 'B',
    CHUNK_ALPHA = 'A',
    CHUNK_LOSSY_ALPHA = 'L', /* in its place */
    CHUNK_PICTURE_HASH = 'x',
    CHUNK_ORIGIN = 'f',
    PICTURE_HASH_BYTES = 16,
    ORIGIN_BYTES = 16
};

typedef struct stream_header {
    uint32_t width, height;
    pixel_format format;
    uint16_t quality;    /* 1/1024 of an anchor */
    uint16_t anchors;    /* 1024 (n_anchors - 1) of the model: the quality that counts as 100 */
    uint8_t band_rows;   /* rows of z in a band, the last may have fewer */
    uint8_t has_picture_hash;
    uint64_t model_id;
} stream_header;

size_t stream_n_bands(const stream_header *header);

/* The type of the chunk that carries a kind of metadata. */
uint8_t bitstream_metadata_chunk(ghm_metadata_kind kind);

void bitstream_write_header(bytes_writer *w, const stream_header *header);
void bitstream_write_chunk(bytes_writer *w, uint8_t type, const uint8_t *payload, size_t size);
void bitstream_write_origin(bytes_writer *w, const ghm_origin *origin);

typedef struct stream_chunk {
    uint8_t type;
    bool damaged;           /* the CRC does not match (tolerant only) */
    const uint8_t *payload; /* as long as the data are where they were when it was found */
    size_t size;
    uint64_t offset;        /* of the payload in the stream */
} stream_chunk;

/* What is in a stream: every chunk found and its CRC checked. Zero it before the first call, but for `tolerant`. */
typedef struct stream_index {
    bool tolerant;               /* go on after a band, metadata or origin whose CRC does not match */
    uint8_t damaged_type;        /* of such metadata, or origin, that was passed over; 0: none was */
    uint64_t end;                /* of the last chunk found */
    bool has_header;             /* the header was read: the fields below hold what was found until a failure */
    stream_header header;
    stream_chunk bands[BITSTREAM_MAX_BANDS];
    size_t n_bands_begun, n_bands_found; /* found: with their alpha, where the picture has any */
    stream_chunk direct[BITSTREAM_MAX_BANDS]; /* payload NULL: the band has none */
    size_t direct_blocks[BITSTREAM_MAX_BANDS]; /* that those claim to hold */
    size_t n_lossless_bands;     /* whose direct blocks claim to hold every pixel as it was */
    stream_chunk alpha[BITSTREAM_MAX_BANDS];
    unsigned alpha_error;        /* the largest that those found claim to allow */
    stream_chunk metadata[GHM_N_METADATA_KINDS]; /* payload NULL: none */
    const uint8_t *picture_hash; /* hash_bytes, or NULL */
    uint8_t hash_bytes[PICTURE_HASH_BYTES];
    bool has_origin;             /* the first that is sound */
    ghm_origin origin;
} stream_index;

/* Find all chunks of a stream, which begins with byte `base` of it in data; base is not behind index->end. After
 * GHM_ERR_TRUNCATED the index holds what was found, and a call with more of the same stream goes on from there. */
ghm_status bitstream_index_more(stream_index *index, const uint8_t *data, size_t size, uint64_t base, ghm_diagnostics *diag);

/* What there is of the band in which a stream ends, n_bands_found of the index, after GHM_ERR_TRUNCATED: all of its chunk, if it is
 * only the alpha that is missing, or some of it. False where there is nothing. data as in bitstream_index_more(). */
bool bitstream_cut_band(const stream_index *index, const uint8_t *data, size_t size, uint64_t base, stream_chunk *chunk);

/* Copy the payloads of metadata that were found in data (as in bitstream_index_more(), which came before) and let the index
 * point to the copies, one a kind: data need not stay for them. False without memory. */
bool bitstream_keep_metadata(stream_index *index, const uint8_t *data, uint64_t base, bytes_writer kept[GHM_N_METADATA_KINDS]);

/* Index a whole stream. GHM_OK, GHM_ERR_TRUNCATED, GHM_ERR_BITSTREAM, GHM_ERR_UNSUPPORTED. The index points into data. */
ghm_status bitstream_index(const uint8_t *data, size_t size, stream_index *index, ghm_diagnostics *diag);

#endif
