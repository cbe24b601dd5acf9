/* streams.h - the chunks of streams, found, added and sealed again after a change (BITSTREAM.md section 1), for tests and fuzzing. */
#ifndef GHM_TESTS_STREAMS_H
#define GHM_TESTS_STREAMS_H

#include <stdbool.h>

#include <gingham/gingham.h>

/* Offsets of a chunk's type, its payload, its CRC, and what follows it. */
typedef struct test_chunk {
    size_t first, payload, crc, last;
} test_chunk;

enum { FIRST_CHUNK = 4 /* behind the magic */ };

/* Where the varint at `at` ends, with its value; size if it does not. */
size_t skip_varint(const uint8_t *data, size_t size, size_t at, size_t *value);

/* The chunk at `at`. False where the data do not hold all of one. */
bool chunk_at(const uint8_t *data, size_t size, size_t at, test_chunk *chunk);
/* The first of a type in a stream that has it; stops the program where there is none. */
test_chunk find_chunk(ghm_buffer stream, char type);

/* Make the CRC of a chunk right, or of all chunks up to one that is cut. */
void seal_chunk(uint8_t *data, const test_chunk *chunk);
void seal_chunks(uint8_t *data, size_t size);

/* Copies, to be released with ghm_buffer_free(): of the stream; with n bytes more before byte `at`; with a chunk more there, whose
 * payload has less than 128 bytes. */
ghm_buffer copy_stream(ghm_buffer stream);
ghm_buffer insert_bytes(ghm_buffer stream, size_t at, const uint8_t *bytes, size_t n);
ghm_buffer insert_chunk(ghm_buffer stream, size_t at, char type, const uint8_t *payload, size_t n);

#endif
