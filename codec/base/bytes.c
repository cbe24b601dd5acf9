#include "bytes.h"

#include <stdlib.h>
#include <string.h>

const uint8_t *bytes_take(bytes_reader *r, size_t n)
{
    if (r->overrun || bytes_left(r) < n) {
        r->overrun = true;
        return NULL;
    }
    const uint8_t *p = r->p;
    r->p += n;
    return p;
}

static uint64_t take_le(bytes_reader *r, size_t n)
{
    const uint8_t *p = bytes_take(r, n);
    uint64_t v = 0;
    for (size_t i = 0; p && i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint8_t bytes_u8(bytes_reader *r) { return (uint8_t)take_le(r, 1); }
uint16_t bytes_u16(bytes_reader *r) { return (uint16_t)take_le(r, 2); }
uint32_t bytes_u32(bytes_reader *r) { return (uint32_t)take_le(r, 4); }
uint64_t bytes_u64(bytes_reader *r) { return take_le(r, 8); }

uint32_t bytes_varint(bytes_reader *r)
{
    uint64_t v = 0;
    for (int i = 0; i < 5; i++) {
        const uint8_t b = bytes_u8(r);
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if (!(b & 0x80)) {
            if ((i > 0 && b == 0) || v > UINT32_MAX)
                break;
            return r->overrun ? 0 : (uint32_t)v;
        }
    }
    r->overrun = true;
    return 0;
}

/* Move what was written to a block of `capacity` bytes. */
static uint8_t *regrow(bytes_writer *w, size_t capacity)
{
    if (!w->source)
        return realloc(w->data, capacity);
    uint8_t *data = memory_allocate(w->source, capacity);
    if (data && w->size)
        memcpy(data, w->data, w->size);
    if (data)
        memory_release(w->source, w->data, w->capacity);
    return data;
}

void bytes_release(bytes_writer *w)
{
    memory_release(w->source, w->data, w->capacity);
    *w = (bytes_writer){ .source = w->source };
}

bool bytes_reserve(bytes_writer *w, size_t more)
{
    if (w->failed || more > SIZE_MAX / 2 - w->size) {
        w->failed = true;
        return false;
    }
    if (w->size + more <= w->capacity)
        return true;
    size_t capacity = w->capacity ? w->capacity : 256;
    while (capacity < w->size + more)
        capacity *= 2;
    uint8_t *data = regrow(w, capacity);
    if (!data) {
        w->failed = true;
        return false;
    }
    w->data = data;
    w->capacity = capacity;
    return true;
}

void bytes_put(bytes_writer *w, const void *data, size_t n)
{
    if (n && bytes_reserve(w, n)) {
        memcpy(w->data + w->size, data, n);
        w->size += n;
    }
}

static void put_le(bytes_writer *w, uint64_t v, size_t n)
{
    uint8_t b[8];
    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    bytes_put(w, b, n);
}

void bytes_put_u8(bytes_writer *w, uint8_t v) { put_le(w, v, 1); }
void bytes_put_u16(bytes_writer *w, uint16_t v) { put_le(w, v, 2); }
void bytes_put_u32(bytes_writer *w, uint32_t v) { put_le(w, v, 4); }
void bytes_put_u64(bytes_writer *w, uint64_t v) { put_le(w, v, 8); }

void bytes_put_varint(bytes_writer *w, uint32_t v)
{
    for (; v >= 0x80; v >>= 7)
        bytes_put_u8(w, (uint8_t)(v | 0x80));
    bytes_put_u8(w, (uint8_t)v);
}
