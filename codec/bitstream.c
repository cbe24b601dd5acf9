#include "bitstream.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "alpha.h"
#include "base/status.h"
#include "direct_decoder.h"
#include "models/model.h"

/* First byte outside ASCII, so that no text file begins like this. */
static const uint8_t magic[4] = { 0xC7, 'G', 'H', 'M' };

/* The kind of picture: bit 0 grey, bit 1 alpha, bits 4-7 bits beyond 8. The first readers knew 0 and refuse all else. */
enum { KIND_GREY = 1, KIND_ALPHA = 2, KIND_DEPTH_SHIFT = 4, KIND_RESERVED = 0x0c, FLAG_PICTURE_HASH = 1 };

/* By ghm_metadata_kind. */
static const uint8_t metadata_chunks[GHM_N_METADATA_KINDS] = { 'i', 'e', 'm', 'p', 'c', 'g' };

uint8_t bitstream_metadata_chunk(ghm_metadata_kind kind)
{
    return metadata_chunks[kind];
}

static uint8_t kind_of_picture(const stream_header *header)
{
    return (uint8_t)((components_are_grey(header->format.components) ? KIND_GREY : 0) |
                     (components_have_alpha(header->format.components) ? KIND_ALPHA : 0) |
                     (header->format.bit_depth - 8) << KIND_DEPTH_SHIFT);
}

static bool parse_kind(unsigned kind, stream_header *header)
{
    static const ghm_components components[4] = { GHM_RGB, GHM_GREY, GHM_RGBA, GHM_GREY_ALPHA };
    header->format.components = components[kind & (KIND_GREY | KIND_ALPHA)];
    header->format.bit_depth = 8 + (kind >> KIND_DEPTH_SHIFT);
    return (kind & KIND_RESERVED) == 0 && header->format.bit_depth <= 16;
}

size_t stream_n_bands(const stream_header *header)
{
    const size_t z_rows = (header->height + MODEL_Z_STRIDE - 1) / MODEL_Z_STRIDE;
    return (z_rows + header->band_rows - 1) / header->band_rows;
}

void bitstream_write_chunk(bytes_writer *w, uint8_t type, const uint8_t *payload, size_t size)
{
    const size_t start = w->size;
    bytes_put_u8(w, type);
    bytes_put_varint(w, (uint32_t)size);
    bytes_put(w, payload, size);
    if (!w->failed)
        bytes_put_u32(w, (uint32_t)crc32_z(0, w->data + start, w->size - start));
}

void bitstream_write_header(bytes_writer *w, const stream_header *header)
{
    bytes_writer payload = { .source = w->source };
    bytes_put(w, magic, sizeof magic);
    bytes_put_u8(&payload, BITSTREAM_VERSION);
    bytes_put_u8(&payload, kind_of_picture(header));
    bytes_put_varint(&payload, header->width);
    bytes_put_varint(&payload, header->height);
    bytes_put_u64(&payload, header->model_id);
    bytes_put_u16(&payload, header->quality);
    bytes_put_u8(&payload, (uint8_t)(header->anchors / 1024));
    bytes_put_u8(&payload, header->band_rows);
    bytes_put_u8(&payload, header->has_picture_hash ? FLAG_PICTURE_HASH : 0);
    w->failed |= payload.failed;
    if (!payload.failed)
        bitstream_write_chunk(w, CHUNK_HEADER, payload.data, payload.size);
    bytes_release(&payload);
}

void bitstream_write_origin(bytes_writer *w, const ghm_origin *origin)
{
    bytes_writer payload = { .source = w->source };
    bytes_put_u64(&payload, origin->input_hash);
    bytes_put_u64(&payload, origin->options_hash);
    w->failed |= payload.failed;
    if (!payload.failed)
        bitstream_write_chunk(w, CHUNK_ORIGIN, payload.data, payload.size);
    bytes_release(&payload);
}

static bool is_alpha(uint8_t type)
{
    return type == CHUNK_ALPHA || type == CHUNK_LOSSY_ALPHA;
}

/* What can be done without: a band, or what stands beside the picture. Metadata come before the bands; behind them, a type that is
 * one of theirs may itself be the damage. */
static bool may_be_damaged(const stream_index *index, uint8_t type)
{
    if (!index->tolerant || !index->has_header)
        return false;
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        if (type == metadata_chunks[kind])
            return index->n_bands_begun == 0;
    return type == CHUNK_DIRECT || type == CHUNK_BAND || is_alpha(type) || (type == CHUNK_ORIGIN && index->n_bands_begun == 0);
}

static ghm_status read_any_chunk(bytes_reader *r, const stream_index *index, stream_chunk *chunk, ghm_diagnostics *diag)
{
    const uint8_t *start = r->p;
    chunk->type = bytes_u8(r);
    const size_t before_length = bytes_left(r);
    chunk->size = bytes_varint(r);
    if (r->overrun && before_length >= 5)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "a chunk's length is not a valid number");
    chunk->payload = bytes_take(r, chunk->size);
    const size_t covered = (size_t)(r->p - start);
    const uint32_t stored = bytes_u32(r);
    if (r->overrun)
        return ghm_fail(diag, GHM_ERR_TRUNCATED, "the stream ends in the middle of a chunk");
    chunk->damaged = (uint32_t)crc32_z(0, start, covered) != stored;
    if (chunk->damaged && !may_be_damaged(index, chunk->type))
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the CRC of a chunk of %zu bytes does not match", chunk->size);
    return GHM_OK;
}

static void note_origin(const stream_chunk *chunk, stream_index *index)
{
    bytes_reader r = bytes_reader_make(chunk->payload, chunk->size);
    if (index->has_origin || chunk->size != ORIGIN_BYTES)
        return;
    index->origin.input_hash = bytes_u64(&r);
    index->origin.options_hash = bytes_u64(&r);
    index->has_origin = true;
}

/* Of optional chunks the known ones are noted; a critical one that is unknown may not be passed over. */
static ghm_status note_optional(const stream_chunk *chunk, stream_index *index, ghm_diagnostics *diag)
{
    if (!(chunk->type >= 'a' && chunk->type <= 'z'))
        return ghm_fail(diag, GHM_ERR_UNSUPPORTED, "the stream has a chunk of type 0x%02x, unknown to this version",
                        chunk->type);
    if (chunk->damaged) {
        index->damaged_type = chunk->type;
        return GHM_OK;
    }
    if (chunk->type == CHUNK_ORIGIN)
        note_origin(chunk, index);
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++) {
        if (chunk->type != metadata_chunks[kind])
            continue;
        if (index->metadata[kind].payload)
            return ghm_fail(diag, GHM_ERR_BITSTREAM, "the stream has two chunks of type '%c'", chunk->type);
        index->metadata[kind] = *chunk;
    }
    return GHM_OK;
}

/* The type of the next chunk that is not optional; 0 behind the last. */
static uint8_t wanted_type(const stream_index *index)
{
    const bool alpha = components_have_alpha(index->header.format.components);
    if (alpha && index->n_bands_found < index->n_bands_begun)
        return CHUNK_ALPHA;
    if (index->n_bands_found < stream_n_bands(&index->header))
        return CHUNK_BAND;
    return index->header.has_picture_hash && !index->picture_hash ? CHUNK_PICTURE_HASH : 0;
}

static ghm_status take_picture_hash(const stream_chunk *chunk, stream_index *index, ghm_diagnostics *diag)
{
    if (chunk->size != PICTURE_HASH_BYTES)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the picture hash has %zu bytes instead of %d", chunk->size,
                        PICTURE_HASH_BYTES);
    memcpy(index->hash_bytes, chunk->payload, PICTURE_HASH_BYTES);
    index->picture_hash = index->hash_bytes;
    return GHM_OK;
}

/* Rows of pixels of a band. */
static size_t band_height(const stream_header *header, size_t band)
{
    const size_t rows = header->band_rows * (size_t)MODEL_Z_STRIDE, left = header->height - band * rows;
    return left < rows ? left : rows;
}

static void take_alpha(const stream_chunk *chunk, stream_index *index)
{
    const unsigned error = chunk->type == CHUNK_LOSSY_ALPHA ? alpha_error(chunk->payload, chunk->size) : 0;
    index->alpha[index->n_bands_found] = *chunk;
    index->alpha_error = error > index->alpha_error ? error : index->alpha_error;
}

/* Direct blocks come before their band, so that the band is complete without a look at what follows. */
static ghm_status take_direct(const stream_chunk *chunk, stream_index *index, uint8_t wanted, ghm_diagnostics *diag)
{
    if (wanted != CHUNK_BAND || index->direct[index->n_bands_begun].payload)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "a chunk of type '%c' stands where '%c' is expected", chunk->type, wanted);
    index->direct[index->n_bands_begun] = *chunk;
    index->direct_blocks[index->n_bands_begun] = direct_count(chunk->payload, chunk->size);
    index->n_lossless_bands += direct_is_lossless(chunk->payload, chunk->size, index->header.width,
                                                  band_height(&index->header, index->n_bands_begun));
    return GHM_OK;
}

static ghm_status take_chunk(const stream_chunk *chunk, stream_index *index, ghm_diagnostics *diag)
{
    const uint8_t wanted = wanted_type(index);
    if (chunk->type == CHUNK_DIRECT)
        return take_direct(chunk, index, wanted, diag);
    if (chunk->type != CHUNK_HEADER && chunk->type != CHUNK_BAND && !is_alpha(chunk->type) && chunk->type != CHUNK_PICTURE_HASH)
        return note_optional(chunk, index, diag);
    if (chunk->type != wanted && !(is_alpha(chunk->type) && is_alpha(wanted)))
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "a chunk of type '%c' stands where '%c' is expected", chunk->type, wanted);
    if (wanted == CHUNK_PICTURE_HASH)
        return take_picture_hash(chunk, index, diag);
    if (wanted == CHUNK_BAND)
        index->bands[index->n_bands_begun++] = *chunk;
    else
        take_alpha(chunk, index);
    if (wanted == CHUNK_ALPHA || !components_have_alpha(index->header.format.components))
        index->n_bands_found++;
    return GHM_OK;
}

static ghm_status parse_header(const stream_chunk *chunk, stream_header *header, ghm_diagnostics *diag)
{
    bytes_reader r = bytes_reader_make(chunk->payload, chunk->size);
    const unsigned version = bytes_u8(&r);
    if (version != BITSTREAM_VERSION)
        return ghm_fail(diag, GHM_ERR_UNSUPPORTED, "format version %u is unknown to this version", version);
    const unsigned kind = bytes_u8(&r);
    if (!parse_kind(kind, header))
        return ghm_fail(diag, GHM_ERR_UNSUPPORTED, "pictures of kind %u are unknown to this version", kind);
    header->width = bytes_varint(&r);
    header->height = bytes_varint(&r);
    header->model_id = bytes_u64(&r);
    header->quality = bytes_u16(&r);
    const unsigned last_anchor = bytes_u8(&r);
    header->band_rows = bytes_u8(&r);
    const unsigned flags = bytes_u8(&r);
    header->anchors = (uint16_t)(1024 * last_anchor);
    header->has_picture_hash = flags & FLAG_PICTURE_HASH;
    if (r.overrun || bytes_left(&r) != 0)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the header has %zu bytes, not as many as its fields", chunk->size);
    if (header->width == 0 || header->width > GHM_MAX_SIDE || header->height == 0 ||
        header->height > GHM_MAX_SIDE)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the header's size %ux%u is outside 1..%d", header->width,
                        header->height, GHM_MAX_SIDE);
    if (last_anchor == 0 || last_anchor > 63 || header->quality > header->anchors || header->band_rows == 0)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the header's quality or band height is out of range");
    if (flags & ~(unsigned)FLAG_PICTURE_HASH)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "reserved bits of the header are set");
    return GHM_OK;
}

static ghm_status read_header(bytes_reader *r, stream_index *index, ghm_diagnostics *diag)
{
    const size_t size = bytes_left(r), known = size < sizeof magic ? size : sizeof magic;
    stream_chunk chunk = { 0 };

    if (size == 0)
        return ghm_fail(diag, GHM_ERR_TRUNCATED, "the stream is empty");
    if (memcmp(r->p, magic, known) != 0)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "not a Gingham stream: the first bytes differ");
    if (!bytes_take(r, sizeof magic))
        return ghm_fail(diag, GHM_ERR_TRUNCATED, "the stream ends in its first four bytes");
    GHM_TRY(read_any_chunk(r, index, &chunk, diag));
    if (chunk.type != CHUNK_HEADER)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "the first chunk is not the header");
    return parse_header(&chunk, &index->header, diag);
}

ghm_status bitstream_index_more(stream_index *index, const uint8_t *data, size_t size, uint64_t base, ghm_diagnostics *diag)
{
    bytes_reader r = bytes_reader_make(data, size);
    stream_chunk chunk;

    (void)bytes_take(&r, (size_t)(index->end - base));
    if (!index->has_header) {
        GHM_TRY(read_header(&r, index, diag));
        index->has_header = true;
        index->end = base + (uint64_t)(r.p - data);
    }
    while (wanted_type(index)) {
        GHM_TRY(read_any_chunk(&r, index, &chunk, diag));
        chunk.offset = base + (uint64_t)(chunk.payload - data);
        GHM_TRY(take_chunk(&chunk, index, diag));
        index->end = base + (uint64_t)(r.p - data);
    }
    if (bytes_left(&r) > 0)
        return ghm_fail(diag, GHM_ERR_BITSTREAM, "%zu bytes follow the end of the stream", bytes_left(&r));
    return GHM_OK;
}

bool bitstream_cut_band(const stream_index *index, const uint8_t *data, size_t size, uint64_t base, stream_chunk *chunk)
{
    if (index->n_bands_found < index->n_bands_begun) {
        *chunk = index->bands[index->n_bands_found];
        return !chunk->damaged;
    }
    bytes_reader r = bytes_reader_make(data, size);
    (void)bytes_take(&r, (size_t)(index->end - base));
    const uint8_t type = bytes_u8(&r);
    const size_t whole = bytes_varint(&r), left = bytes_left(&r);
    *chunk = (stream_chunk){ .type = type, .payload = r.p, .size = whole < left ? whole : left, .offset = base + (uint64_t)(r.p - data) };
    return !r.overrun && type == CHUNK_BAND && wanted_type(index) == CHUNK_BAND && chunk->size > 0;
}

bool bitstream_keep_metadata(stream_index *index, const uint8_t *data, uint64_t base, bytes_writer kept[GHM_N_METADATA_KINDS])
{
    bool ok = true;
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++) {
        stream_chunk *chunk = &index->metadata[kind];
        if (!chunk->payload || kept[kind].data)
            continue;
        bytes_reserve(&kept[kind], chunk->size + 1); /* so that there is a pointer even to nothing */
        bytes_put(&kept[kind], data + (chunk->offset - base), chunk->size);
        chunk->payload = kept[kind].data;
        ok = ok && !kept[kind].failed;
    }
    return ok;
}

ghm_status bitstream_index(const uint8_t *data, size_t size, stream_index *index, ghm_diagnostics *diag)
{
    memset(index, 0, sizeof *index);
    return bitstream_index_more(index, data, size, 0, diag);
}
