/* source.h - the bytes of a file or of standard input, a piece at a time. */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exit_codes.h"

/* How many bytes source_peek() can look ahead. */
#define SOURCE_PEEK_BYTES 4096

typedef struct source {
    const char *label;  /* how messages name it; valid as long as the path it was opened from */
    int fd;             /* -1: everything is in memory */
    bool seekable;      /* a regular file, or in memory */
    uint64_t size;      /* when seekable */
    uint64_t max_bytes;
    uint8_t *buffer;    /* bytes start .. start + filled - 1 */
    bool owns_buffer;
    size_t capacity, filled, next; /* next: of the buffer, what is read next */
    uint64_t start;
} source;

/* The largest file that can hold a picture of limit_pixels: 8 bytes a pixel (16-bit RGBA, uncompressed) and room for
 * metadata. It bounds what is read from a pipe that never ends. */
uint64_t source_byte_limit(uint64_t limit_pixels);

/* path: "-" is standard input. More than max_bytes are refused, EXIT_LIMIT, when they turn up. A message has been printed
 * unless EXIT_OK; source_close() is called in any case. */
exit_code source_open(source *s, const char *path, uint64_t max_bytes);
/* data stay the caller's. */
void source_open_memory(source *s, const char *label, const uint8_t *data, size_t size);
void source_close(source *s);

/* Let source_next() find up to this many bytes at hand, or all of the file. Where there is no memory it stays as it was. */
void source_widen(source *s, size_t bytes);

/* Up to n <= SOURCE_PEEK_BYTES of the next bytes, which stay next; *size is less at the end only. */
exit_code source_peek(source *s, size_t n, const uint8_t **data, size_t *size);

/* The next bytes, as many as there are at hand, at least one but at the end. Valid until the next call. */
exit_code source_next(source *s, const uint8_t **data, size_t *size);

/* n bytes; *size is less at the end only. */
exit_code source_read(source *s, void *to, size_t n, size_t *size);

/* Read a pipe to its end, so that what writes to it is not stopped in the middle. */
exit_code source_drain(source *s);

/* Where the next byte is; and move there, when seekable, also behind the end. */
uint64_t source_position(const source *s);
void source_seek(source *s, uint64_t position);

/* Make it seekable: a pipe is read to its end, from the next byte on, into memory. */
exit_code source_hold(source *s);
/* All of it in memory, from the next byte on, at buffer; the source then is of these bytes. */
exit_code source_load(source *s);

/* XXH3-64 of all its bytes; it is made seekable, and stands at its first byte before and after. */
exit_code source_hash(source *s, uint64_t *hash);

#endif
