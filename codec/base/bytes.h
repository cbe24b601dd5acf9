/* bytes.h - little-endian reading of untrusted bytes with every access checked, and a growing output buffer. */
#ifndef GHM_BASE_BYTES_H
#define GHM_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

/* A cursor never reads outside [p, end). A read past the end returns zero and sets `overrun`, once and for all, so a
 * parser may read a whole structure and check once. */
typedef struct bytes_reader {
    const uint8_t *p, *end;
    bool overrun;
} bytes_reader;

/* data may be NULL when there are no bytes; NULL itself allows no arithmetic. */
static inline bytes_reader bytes_reader_make(const uint8_t *data, size_t size)
{
    const uint8_t *const from = data ? data : (const uint8_t *)"";
    return (bytes_reader){ from, from + size, false };
}
static inline size_t bytes_left(const bytes_reader *r) { return (size_t)(r->end - r->p); }

/* The next n bytes, or NULL when fewer are left. */
const uint8_t *bytes_take(bytes_reader *r, size_t n);
uint8_t bytes_u8(bytes_reader *r);
uint16_t bytes_u16(bytes_reader *r);
uint32_t bytes_u32(bytes_reader *r);
uint64_t bytes_u64(bytes_reader *r);
/* LEB128, at most 5 bytes and 32 bits; a longer or non-minimal code counts as overrun. */
uint32_t bytes_varint(bytes_reader *r);

/* Output that grows; `failed` after an allocation failed, and then nothing more is written. Release with
 * bytes_release(), or with free(data) when there is no source. */
typedef struct bytes_writer {
    uint8_t *data;
    size_t size, capacity;
    bool failed;
    memory_source *source; /* NULL: malloc */
} bytes_writer;

/* And make it ready for use again, with the same source. */
void bytes_release(bytes_writer *w);

bool bytes_reserve(bytes_writer *w, size_t more);
void bytes_put(bytes_writer *w, const void *data, size_t n);
void bytes_put_u8(bytes_writer *w, uint8_t v);
void bytes_put_u16(bytes_writer *w, uint16_t v);
void bytes_put_u32(bytes_writer *w, uint32_t v);
void bytes_put_u64(bytes_writer *w, uint64_t v);
void bytes_put_varint(bytes_writer *w, uint32_t v);

#endif
