/* origin.c - the optional chunk that says what a stream was made from. */
#include <stdlib.h>

#include "base/status.h"
#include "bitstream.h"

enum { MAGIC_BYTES = 4, CRC_BYTES = 4 };

/* A reader that stands behind the header of what bitstream_index() has accepted. */
static bytes_reader behind_header(const uint8_t *data, size_t size)
{
    bytes_reader r = bytes_reader_make(data, size);
    bytes_take(&r, MAGIC_BYTES + 1);
    bytes_take(&r, bytes_varint(&r) + CRC_BYTES);
    return r;
}

int ghm_stream_get_origin(const uint8_t *data, size_t size, ghm_origin *origin)
{
    stream_index index;
    if (bitstream_index(data, size, &index, NULL) != GHM_OK || !index.has_origin)
        return 0;
    *origin = index.origin;
    return 1;
}

ghm_status ghm_stream_add_origin(ghm_buffer *stream, const ghm_origin *origin, ghm_diagnostics *diag)
{
    stream_index index;
    bytes_writer w = { 0 };
    GHM_TRY(bitstream_index(stream->data, stream->size, &index, diag));
    if (index.has_origin)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "the stream has an origin already");
    const bytes_reader r = behind_header(stream->data, stream->size);
    bytes_put(&w, stream->data, (size_t)(r.p - stream->data));
    bitstream_write_origin(&w, origin);
    bytes_put(&w, r.p, bytes_left(&r));
    if (w.failed) {
        free(w.data);
        return ghm_fail(diag, GHM_ERR_MEMORY, "not enough memory for the origin of a stream");
    }
    ghm_buffer_free(stream);
    *stream = (ghm_buffer){ w.data, w.size };
    return GHM_OK;
}
