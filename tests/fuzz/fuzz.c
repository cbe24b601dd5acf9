#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

#include "streams.h"

_Noreturn void fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    FUZZ_CHECK(f && fseek(f, 0, SEEK_END) == 0);
    *size = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = malloc(*size);
    FUZZ_CHECK(data && fread(data, 1, *size, f) == *size);
    fclose(f);
    return data;
}

enum { MAX_BACKENDS = 16 };
static ghm_model *models[MAX_BACKENDS];

static void close_models(void)
{
    for (int i = 0; i < MAX_BACKENDS; i++)
        ghm_model_close(&models[i]);
}

const ghm_model *fuzz_model(ghm_backend backend)
{
    static bool closing;
    if (!ghm_backend_available(backend))
        backend = GHM_BACKEND_AUTO;
    if (!models[backend]) {
        size_t size;
        uint8_t *data = read_file(GHM_TEST_WEIGHTS, &size);
        FUZZ_CHECK(ghm_model_open(data, size, backend, &models[backend], NULL) == GHM_OK);
        free(data);
        if (!closing)
            FUZZ_CHECK(atexit(close_models) == 0);
        closing = true;
    }
    return models[backend];
}

uint8_t fuzz_u8(fuzz_input *in)
{
    return in->p < in->end ? *in->p++ : 0;
}

uint16_t fuzz_u16(fuzz_input *in)
{
    const unsigned low = fuzz_u8(in);
    return (uint16_t)(low | (unsigned)fuzz_u8(in) << 8);
}

size_t fuzz_range(fuzz_input *in, size_t lo, size_t hi)
{
    return lo + (hi - lo < 256 ? fuzz_u8(in) : fuzz_u16(in)) % (hi - lo + 1);
}

uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    FUZZ_CHECK(copy);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

/* ---------------------------------------------------------------------------------------------- seals */

static void put_le(uint8_t *p, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* So that stored streams outlive a new test model. Header: version, kind, width, height, model id (BITSTREAM.md section 2). */
static void put_model_id(uint8_t *header, size_t size)
{
    ghm_model_info info;
    size_t at = 2, side;
    ghm_model_get_info(fuzz_model(GHM_BACKEND_AUTO), &info);
    for (int i = 0; i < 2; i++)
        at = skip_varint(header, size, at, &side);
    if (at <= size && size - at >= 8)
        put_le(header + at, info.id, 8);
}

void fuzz_seal_stream(uint8_t *data, size_t size)
{
    test_chunk first;
    if (chunk_at(data, size, FIRST_CHUNK, &first) && data[FIRST_CHUNK] == 'H')
        put_model_id(data + first.payload, first.crc - first.payload);
    seal_chunks(data, size);
}

/* The hash at offset 8 covers what follows offset 16 (models/WEIGHTS.md section 1). */
void fuzz_seal_weights(uint8_t *data, size_t size)
{
    if (size >= 16)
        put_le(data + 8, XXH3_64bits(data + 16, size - 16), 8);
}

/* Chunks: length, type, data, CRC of type and data, all big-endian. */
void fuzz_seal_png(uint8_t *data, size_t size)
{
    for (size_t at = 8; size - at >= 12 && at < size;) {
        const size_t length = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 | data[at + 3];
        if (length > size - at - 12)
            return;
        const uint32_t crc = (uint32_t)crc32_z(0, data + at + 4, length + 4);
        for (int i = 0; i < 4; i++)
            data[at + 8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += length + 12;
    }
}
