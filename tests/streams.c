#include "streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

size_t skip_varint(const uint8_t *data, size_t size, size_t at, size_t *value)
{
    *value = 0;
    for (int shift = 0; at < size && shift < 35; shift += 7) {
        *value |= (size_t)(data[at] & 0x7f) << shift;
        if (!(data[at++] & 0x80))
            break;
    }
    return at;
}

bool chunk_at(const uint8_t *data, size_t size, size_t at, test_chunk *chunk)
{
    size_t length;
    if (at >= size)
        return false;
    const size_t payload = skip_varint(data, size, at + 1, &length), left = size - payload;
    *chunk = (test_chunk){ at, payload, payload + length, payload + length + 4 };
    return length <= left && left - length >= 4;
}

test_chunk find_chunk(ghm_buffer stream, char type)
{
    test_chunk chunk;
    for (size_t at = FIRST_CHUNK; chunk_at(stream.data, stream.size, at, &chunk); at = chunk.last)
        if (stream.data[at] == type)
            return chunk;
    fprintf(stderr, "the stream has no chunk '%c'\n", type);
    abort();
}

void seal_chunk(uint8_t *data, const test_chunk *chunk)
{
    const uint32_t crc = (uint32_t)crc32_z(0, data + chunk->first, chunk->crc - chunk->first);
    for (size_t i = 0; i < 4; i++)
        data[chunk->crc + i] = (uint8_t)(crc >> (8 * i));
}

void seal_chunks(uint8_t *data, size_t size)
{
    test_chunk chunk;
    for (size_t at = FIRST_CHUNK; chunk_at(data, size, at, &chunk); at = chunk.last)
        seal_chunk(data, &chunk);
}

ghm_buffer copy_stream(ghm_buffer stream)
{
    return insert_bytes(stream, stream.size, NULL, 0);
}

ghm_buffer insert_bytes(ghm_buffer stream, size_t at, const uint8_t *bytes, size_t n)
{
    ghm_buffer out = { malloc(stream.size + n), stream.size + n };
    if (!out.data) {
        fprintf(stderr, "out of memory for a test stream\n");
        abort();
    }
    memcpy(out.data, stream.data, at);
    if (n > 0)
        memcpy(out.data + at, bytes, n);
    memcpy(out.data + at + n, stream.data + at, stream.size - at);
    return out;
}

ghm_buffer insert_chunk(ghm_buffer stream, size_t at, char type, const uint8_t *payload, size_t n)
{
    uint8_t bytes[2 + 127 + 4] = { (uint8_t)type, (uint8_t)n };
    if (n > 0)
        memcpy(bytes + 2, payload, n);
    seal_chunk(bytes, &(test_chunk){ 0, 2, 2 + n, 2 + n + 4 });
    return insert_bytes(stream, at, bytes, 2 + n + 4);
}
