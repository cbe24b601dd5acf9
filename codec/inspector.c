/* inspector.c - what streams say about themselves: chunks are found and checked as their bytes arrive, and forgotten. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "bitstream.h"
#include "decoder.h"
#include "metadata.h"

enum { PIECE_BYTES = 1 << 18 /* of pushed bytes, looked at together */ };

struct ghm_inspector {
    stream_index index;
    ghm_status status;      /* GHM_ERR_TRUNCATED: more is to come */
    ghm_diagnostics diag;
    bytes_writer pending;   /* bytes from index.end on */
    uint64_t received;
    bytes_writer metadata[GHM_N_METADATA_KINDS];
};

static uint64_t load_le64(const uint8_t *p)
{
    bytes_reader r = bytes_reader_make(p, 8);
    return bytes_u64(&r);
}

/* status: what indexing `size` bytes of the stream came to. */
static ghm_status info_of(const stream_index *index, ghm_status status, uint64_t size, ghm_stream_info *info)
{
    const stream_header *header = &index->header;
    memset(info, 0, sizeof *info);
    if (!index->has_header)
        return status;
    *info = (ghm_stream_info){
        .format_version = BITSTREAM_VERSION, .width = header->width, .height = header->height,
        .quality = 100.0 * header->quality / header->anchors, .model_id = header->model_id,
        .n_bands = (unsigned)stream_n_bands(header), .has_picture_hash = header->has_picture_hash,
        .header_bytes = (size_t)(status == GHM_OK || status == GHM_ERR_TRUNCATED ? size : index->end), .complete = status == GHM_OK,
        .components = header->format.components, .bit_depth = header->format.bit_depth,
    };
    for (size_t band = 0; band < index->n_bands_found; band++) {
        info->header_bytes -= index->bands[band].size;
        info->direct_bytes += index->direct[band].size;
        info->direct_blocks += index->direct_blocks[band];
        if (components_have_alpha(header->format.components))
            info->alpha_bytes += index->alpha[band].size;
    }
    info->header_bytes -= info->alpha_bytes + info->direct_bytes;
    info->alpha_error = index->alpha_error;
    info->lossless = info->complete && index->alpha_error == 0 && index->n_lossless_bands == info->n_bands;
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        info->metadata_bytes[kind] = index->metadata[kind].payload ? index->metadata[kind].size : 0;
    if (index->picture_hash) {
        info->picture_hash[0] = load_le64(index->picture_hash);
        info->picture_hash[1] = load_le64(index->picture_hash + 8);
    }
    return status == GHM_ERR_TRUNCATED ? GHM_OK : status;
}

ghm_status ghm_stream_get_info(const uint8_t *data, size_t size, ghm_stream_info *info, ghm_diagnostics *diag)
{
    stream_index index;
    ghm_diagnostics reason = { "" };
    const ghm_status status = info_of(&index, bitstream_index(data, size, &index, &reason), size, info);
    return status == GHM_OK ? GHM_OK : ghm_fail(diag, status, "%s", reason.text);
}

/* ---------------------------------------------------------------------------------------------- piece by piece */

ghm_status ghm_inspector_open(ghm_inspector **inspector, ghm_diagnostics *diag)
{
    *inspector = calloc(1, sizeof **inspector);
    if (!*inspector)
        return ghm_fail_memory(diag, sizeof **inspector);
    (*inspector)->status = GHM_ERR_TRUNCATED;
    ghm_fail(&(*inspector)->diag, GHM_ERR_TRUNCATED, "the stream is empty");
    return GHM_OK;
}

void ghm_inspector_close(ghm_inspector **inspector)
{
    ghm_inspector *i = *inspector;
    *inspector = NULL;
    if (!i)
        return;
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        bytes_release(&i->metadata[kind]);
    bytes_release(&i->pending);
    free(i);
}

static bool may_go_on(const ghm_inspector *i)
{
    return i->status == GHM_OK || i->status == GHM_ERR_TRUNCATED;
}

static void take_piece(ghm_inspector *i, const uint8_t *data, size_t size)
{
    const uint64_t base = i->index.end;
    bytes_put(&i->pending, data, size);
    i->received += size;
    i->diag.text[0] = '\0';
    i->status = i->pending.failed ? ghm_fail_memory(&i->diag, i->pending.size + size)
                                  : bitstream_index_more(&i->index, i->pending.data, i->pending.size, base, &i->diag);
    if (!may_go_on(i))
        return;
    if (!bitstream_keep_metadata(&i->index, i->pending.data, base, i->metadata))
        i->status = ghm_fail_memory(&i->diag, size);
    const size_t found = (size_t)(i->index.end - base);
    i->pending.size -= found;
    memmove(i->pending.data, i->pending.data + found, i->pending.size);
}

static ghm_status pass_on(const ghm_inspector *i, ghm_status status, ghm_diagnostics *diag)
{
    return status == GHM_OK ? GHM_OK : ghm_fail(diag, status, "%s", i->diag.text);
}

ghm_status ghm_inspector_push(ghm_inspector *i, const uint8_t *data, size_t size, ghm_diagnostics *diag)
{
    while (may_go_on(i) && size > 0) {
        const size_t n = size < PIECE_BYTES ? size : PIECE_BYTES;
        take_piece(i, data, n);
        data += n;
        size -= n;
    }
    return may_go_on(i) ? GHM_OK : pass_on(i, i->status, diag);
}

ghm_status ghm_inspector_get_info(const ghm_inspector *i, ghm_stream_info *info, ghm_diagnostics *diag)
{
    return pass_on(i, info_of(&i->index, i->status, i->received, info), diag);
}

/* Why nothing can be told. */
static ghm_status check(const ghm_inspector *i, ghm_diagnostics *diag)
{
    return i->index.has_header && may_go_on(i) ? GHM_OK : pass_on(i, i->status, diag);
}

ghm_status ghm_inspector_get_metadata(const ghm_inspector *i, ghm_metadata *metadata, ghm_diagnostics *diag)
{
    GHM_TRY(check(i, diag));
    return metadata_read(&i->index, metadata, diag);
}

ghm_status ghm_inspector_get_cost(const ghm_inspector *i, const ghm_model *model, const ghm_decode_settings *settings,
                                  ghm_decode_cost *cost, ghm_diagnostics *diag)
{
    if (!i->index.has_header)
        return pass_on(i, i->status, diag);
    return decoder_get_cost(model, settings, &i->index, cost, diag);
}

int ghm_inspector_get_origin(const ghm_inspector *i, ghm_origin *origin)
{
    if (i->status != GHM_OK || !i->index.has_origin)
        return 0;
    *origin = i->index.origin;
    return 1;
}
