#include "metadata.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/status.h"

enum { METHOD_STORED = 0, METHOD_ZLIB = 1, MAX_INFLATION = 1032 /* of the deflate format: 258 bytes out of two bits */ };

static const char *const kind_names[GHM_N_METADATA_KINDS] = { "ICC", "Exif", "XMP", "IPTC", "CICP", "gamma" };

void ghm_metadata_free(ghm_metadata *metadata)
{
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        ghm_buffer_free(&metadata->kinds[kind]);
}

/* ---------------------------------------------------------------------------------------------- writing */

ghm_status metadata_check(const ghm_metadata *metadata, ghm_diagnostics *diag)
{
    for (size_t kind = 0; metadata && kind < GHM_N_METADATA_KINDS; kind++)
        if (metadata->kinds[kind].size > GHM_MAX_METADATA_BYTES)
            return ghm_fail(diag, GHM_ERR_ARGUMENT, "%zu bytes of %s are more than %u", metadata->kinds[kind].size,
                            kind_names[kind], GHM_MAX_METADATA_BYTES);
    const size_t cicp = metadata ? metadata->kinds[GHM_METADATA_CICP].size : 0, gamma = metadata ? metadata->kinds[GHM_METADATA_GAMMA].size : 0;
    if (cicp != 0 && cicp != 4)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "%zu bytes of CICP are not 4", cicp);
    if (gamma != 0 && gamma != 4 && gamma != 36)
        return ghm_fail(diag, GHM_ERR_ARGUMENT, "%zu bytes of gamma are neither 4 nor 36", gamma);
    return GHM_OK;
}

/* Compressed where that is shorter: profiles and XMP lose half or more, photographs inside Exif nothing. */
static void pack(const ghm_buffer *from, bytes_writer *payload)
{
    bytes_put_u8(payload, METHOD_ZLIB);
    bytes_put_varint(payload, (uint32_t)from->size);
    const size_t before = payload->size;
    uLongf packed = compressBound((uLong)from->size);
    if (bytes_reserve(payload, packed) &&
        compress2(payload->data + before, &packed, from->data, (uLong)from->size, Z_BEST_COMPRESSION) == Z_OK &&
        before + packed < from->size + 1) {
        payload->size += packed;
        return;
    }
    payload->size = 0;
    bytes_put_u8(payload, METHOD_STORED);
    bytes_put(payload, from->data, from->size);
}

ghm_status metadata_write_chunks(const ghm_metadata *metadata, bytes_writer *w, memory_source *source, ghm_diagnostics *diag)
{
    bytes_writer payload = { .source = source };
    for (size_t kind = 0; metadata && kind < GHM_N_METADATA_KINDS && !payload.failed; kind++) {
        if (metadata->kinds[kind].size == 0)
            continue;
        payload.size = 0;
        pack(&metadata->kinds[kind], &payload);
        if (!payload.failed)
            bitstream_write_chunk(w, bitstream_metadata_chunk((ghm_metadata_kind)kind), payload.data, payload.size);
    }
    const ghm_status status = payload.failed ? memory_fail(source, payload.capacity, diag)
                              : w->failed    ? memory_fail(w->source, w->capacity, diag)
                                             : GHM_OK;
    bytes_release(&payload);
    return status;
}

/* ---------------------------------------------------------------------------------------------- reading */

static ghm_status allocate(size_t size, ghm_buffer *to, ghm_diagnostics *diag)
{
    to->data = malloc(size);
    if (!to->data)
        return ghm_fail_memory(diag, size);
    to->size = size;
    return GHM_OK;
}

static ghm_status unpack_zlib(bytes_reader *r, const char *name, ghm_buffer *to, ghm_diagnostics *diag)
{
    const uint32_t size = bytes_varint(r);
    const size_t left = bytes_left(r);
    /* Before memory is taken: a few bytes must not ask for much. */
    if (r->overrun || size == 0 || size > GHM_MAX_METADATA_BYTES || size / MAX_INFLATION > left)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the %s of the stream claims %u bytes", name, (unsigned)size);
    GHM_TRY(allocate(size, to, diag));
    uLongf unpacked = size;
    if (uncompress(to->data, &unpacked, r->p, (uLong)left) != Z_OK || unpacked != size)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the %s of the stream is damaged", name);
    return GHM_OK;
}

static ghm_status unpack(const stream_chunk *chunk, const char *name, ghm_buffer *to, ghm_diagnostics *diag)
{
    bytes_reader r = bytes_reader_make(chunk->payload, chunk->size);
    const unsigned method = bytes_u8(&r);
    if (method == METHOD_ZLIB)
        return unpack_zlib(&r, name, to, diag);
    if (r.overrun || method != METHOD_STORED || bytes_left(&r) == 0 || bytes_left(&r) > GHM_MAX_METADATA_BYTES)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the %s of the stream is not stored in a known way", name);
    GHM_TRY(allocate(bytes_left(&r), to, diag));
    memcpy(to->data, r.p, to->size);
    return GHM_OK;
}

ghm_status metadata_read(const stream_index *index, ghm_metadata *metadata, ghm_diagnostics *diag)
{
    ghm_metadata found = { 0 };
    ghm_status status = GHM_OK;
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS && status == GHM_OK; kind++)
        if (index->metadata[kind].payload)
            status = unpack(&index->metadata[kind], kind_names[kind], &found.kinds[kind], diag);
    if (status == GHM_OK)
        *metadata = found;
    else
        ghm_metadata_free(&found);
    return status;
}

ghm_status ghm_stream_get_metadata(const uint8_t *data, size_t size, ghm_metadata *metadata, ghm_diagnostics *diag)
{
    stream_index index;
    ghm_diagnostics reason = { "" };
    const ghm_status status = bitstream_index(data, size, &index, &reason);
    if (status != GHM_OK && !(status == GHM_ERR_TRUNCATED && index.has_header))
        return ghm_fail(diag, status, "%s", reason.text);
    return metadata_read(&index, metadata, diag);
}

/* ---------------------------------------------------------------------------------------------- Exif */

enum { TIFF_HEADER_BYTES = 8, TIFF_ENTRY_BYTES = 12, TIFF_SHORT = 3, TAG_ORIENTATION = 0x0112 };

/* n <= 4 bytes in either byte order. */
static uint32_t get(const uint8_t *p, int n, bool big_endian)
{
    uint32_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | p[big_endian ? i : n - 1 - i];
    return v;
}

unsigned ghm_exif_orientation(const uint8_t *exif, size_t size)
{
    if (size < TIFF_HEADER_BYTES || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0))
        return 0;
    const bool big = exif[0] == 'M';
    const size_t directory = get(exif + 4, 4, big);
    if (directory > size || size - directory < 2)
        return 0;
    const size_t n_entries = get(exif + directory, 2, big);
    const uint8_t *entry = exif + directory + 2;
    const size_t n_whole = (size - directory - 2) / TIFF_ENTRY_BYTES;
    for (size_t i = 0; i < n_entries && i < n_whole; i++, entry += TIFF_ENTRY_BYTES) {
        if (get(entry, 2, big) != TAG_ORIENTATION)
            continue;
        const uint32_t value = get(entry + 8, 2, big);
        const bool sound = get(entry + 2, 2, big) == TIFF_SHORT && get(entry + 4, 4, big) == 1;
        return sound && value >= 1 && value <= 8 ? value : 0;
    }
    return 0;
}
