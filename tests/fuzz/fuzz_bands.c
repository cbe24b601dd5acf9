/* Coded data behind a sound container: the input gives the fields of the header and the payloads. Damaged data too have a
 * defined meaning (entropy/RANGE_CODER.md), so that every backend and number of threads must give the same pixels. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fuzz.h"

typedef struct stream {
    uint8_t data[1 << 16];
    size_t size;
} stream;

static void put(stream *s, const void *data, size_t size)
{
    FUZZ_CHECK(size <= sizeof s->data - s->size);
    memcpy(s->data + s->size, data, size);
    s->size += size;
}

static void put_chunk(stream *s, uint8_t type, const uint8_t *payload, size_t size)
{
    const size_t start = s->size;
    put(s, &type, 1);
    size_t rest = size;
    for (; rest >= 0x80; rest >>= 7)
        put(s, (uint8_t[]){ (uint8_t)(rest | 0x80) }, 1);
    put(s, (uint8_t[]){ (uint8_t)rest }, 1);
    if (size)
        put(s, payload, size);
    const uint32_t crc = (uint32_t)crc32_z(0, s->data + start, s->size - start);
    put(s, (uint8_t[]){ (uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24) }, 4);
}

/* A chunk of some of the input, or of all that is left. */
static void put_payload(stream *s, uint8_t type, fuzz_input *in, bool last)
{
    const size_t left = (size_t)(in->end - in->p), asked = last ? left : fuzz_range(in, 0, left), rest = (size_t)(in->end - in->p);
    const size_t size = asked < rest ? asked : rest;
    put_chunk(s, type, in->p, size);
    in->p += size;
}

enum { MAX_WIDTH = 40, MAX_HEIGHT = 80, LAST_ANCHOR = 2, HEADER_BYTES = 17 }; /* of test.ghmw; sides stay one-byte varints */

static void build(stream *s, fuzz_input *in)
{
    ghm_model_info info;
    ghm_model_get_info(fuzz_model(GHM_BACKEND_AUTO), &info);
    const size_t width = fuzz_range(in, 1, MAX_WIDTH), height = fuzz_range(in, 1, MAX_HEIGHT);
    const size_t quality = fuzz_range(in, 0, 1024 * LAST_ANCHOR), band_rows = fuzz_range(in, 1, 3);
    const uint8_t kind = fuzz_u8(in);
    const unsigned components = kind % 4, depth = fuzz_u8(in) % 9; /* grey and alpha flags; bits above 8 */
    uint8_t header[HEADER_BYTES] = { 1, (uint8_t)(components | depth << 4), (uint8_t)width, (uint8_t)height };
    for (int i = 0; i < 8; i++)
        header[4 + i] = (uint8_t)(info.id >> (8 * i));
    header[12] = (uint8_t)quality;
    header[13] = (uint8_t)(quality >> 8);
    header[14] = LAST_ANCHOR;
    header[15] = (uint8_t)band_rows;
    put(s, "\xC7GHM", 4);
    put_chunk(s, 'H', header, sizeof header);

    const size_t n_bands = ((height + 63) / 64 + band_rows - 1) / band_rows;
    for (size_t band = 0; band < n_bands; band++) {
        put_payload(s, 'B', in, band + 1 == n_bands && !(components & 2));
        if (components & 2)
            put_payload(s, kind & 4 ? 'L' : 'A', in, band + 1 == n_bands);
    }
}

static ghm_status decode(const stream *s, ghm_backend backend, int threads, ghm_image *out)
{
    ghm_decode_settings settings;
    uint8_t *copy = fuzz_copy(s->data, s->size);
    ghm_decode_settings_default(&settings);
    settings.threads = threads;
    const ghm_status status = ghm_decode_image(fuzz_model(backend), &settings, copy, s->size, out, NULL);
    free(copy);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stream s = { .size = 0 };
    fuzz_input in = { data, data + (size < 60000 ? size : 60000) };
    ghm_image a = { 0 }, b = { 0 };
    const unsigned choice = fuzz_u8(&in);
    build(&s, &in);
    const ghm_status status_a = decode(&s, GHM_BACKEND_C, 1, &a);
    const ghm_status status_b = decode(&s, (ghm_backend)(choice % 8), 1 + (choice / 8) % 3, &b);
    FUZZ_CHECK(status_a == status_b);
    FUZZ_CHECK(status_a == GHM_OK || status_a == GHM_ERR_BITSTREAM);
    if (status_a == GHM_OK)
        FUZZ_CHECK(memcmp(a.owned, b.owned, a.row_stride * a.height) == 0);
    ghm_image_free(&a);
    ghm_image_free(&b);
    return 0;
}
