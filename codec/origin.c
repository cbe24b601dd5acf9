/* origin.c - the optional chunk that says what a stream was made from. */
#include <stdlib.h>

#include "base/status.h"
#include "bitstream.h"

enum { CHUNK_ORIGIN = 'f', ORIGIN_BYTES = 16, MAGIC_BYTES = 4, CRC_BYTES = 4 };

/* Step over one chunk without looking at its CRC: false at the end or where there is none. */
static bool step(bytes_reader *r, stream_chunk *chunk)
{
    chunk->type = bytes_u8(r);
    chunk->size = bytes_varint(r);
    chunk->payload = bytes_take(r, chunk->size);
    bytes_take(r, CRC_BYTES);
    return !r->overrun;
}

/* A reader that stands behind the header of what ghm_stream_get_info() has accepted. */
static bytes_reader behind_header(const uint8_t *data, size_t size)
{
    stream_chunk header;
    bytes_reader r = bytes_reader_make(data, size);
    bytes_take(&r, MAGIC_BYTES);
    step(&r, &header);
    return r;
}

int ghm_stream_get_origin(const uint8_t *data, size_t size, ghm_origin *origin)
{
    ghm_stream_info info;
    stream_chunk chunk;
    if (ghm_stream_get_info(data, size, &info, NULL) != GHM_OK || !info.complete)
        return 0;
    bytes_reader r = behind_header(data, size);
    while (step(&r, &chunk)) {
        if (chunk.type != CHUNK_ORIGIN || chunk.size != ORIGIN_BYTES)
            continue;
        bytes_reader payload = bytes_reader_make(chunk.payload, chunk.size);
        origin->input_hash = bytes_u64(&payload);
        origin->options_hash = bytes_u64(&payload);
        return 1;
    }
    return 0;
}

static void write_origin(bytes_writer *w, const ghm_origin *origin)
{
    bytes_writer payload = { 0 };
    bytes_put_u64(&payload, origin->input_hash);
    bytes_put_u64(&payload, origin->options_hash);
    w->failed |= payload.failed;
    if (!payload.failed)
        bitstream_write_chunk(w, CHUNK_ORIGIN, payload.data, payload.size);
    free(payload.data);
}

ghm_status ghm_stream_add_origin(ghm_buffer *stream, const ghm_origin *origin, ghm_diagnostics *diag)
{
    ghm_stream_info info;
    ghm_origin old;
    bytes_writer w = { 0 };
    GHM_TRY(ghm_stream_get_info(stream->data, stream->size, &info, diag));
    if (!info.complete)
        return ghm_fail(diag, GHM_ERR_TRUNCATED, "the stream ends early");
    if (ghm_stream_get_origin(stream->data, stream->size, &old))
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "the stream has an origin already");
    const bytes_reader r = behind_header(stream->data, stream->size);
    bytes_put(&w, stream->data, (size_t)(r.p - stream->data));
    write_origin(&w, origin);
    bytes_put(&w, r.p, bytes_left(&r));
    if (w.failed) {
        free(w.data);
        return ghm_fail(diag, GHM_ERR_MEMORY, "not enough memory for the origin of a stream");
    }
    ghm_buffer_free(stream);
    *stream = (ghm_buffer){ w.data, w.size };
    return GHM_OK;
}
