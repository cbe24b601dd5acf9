/* webp_reader.c - WebP, lossy and lossless, by libwebp: whole pictures, of at most 16383 pixels a side. */
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

#include "io/jpeg_markers.h"
#include "io/reader.h"
#include "message.h"

static exit_code fail_damaged(const picture_reader *r)
{
    return fail(EXIT_BAD_INPUT, r->source->label, "damaged WebP");
}

static void keep_chunk(picture_reader *r, const WebPDemuxer *demuxer, const char *name, ghm_metadata_kind kind)
{
    WebPChunkIterator chunk;
    if (!WebPDemuxGetChunk(demuxer, name, 1, &chunk))
        return;
    const uint8_t *data = chunk.chunk.bytes;
    size_t size = chunk.chunk.size;
    /* Some programs put JPEG's name before it, which is none of Exif's. */
    if (kind == GHM_METADATA_EXIF && size > sizeof JPEG_EXIF_NAME && memcmp(data, JPEG_EXIF_NAME, sizeof JPEG_EXIF_NAME) == 0) {
        data += sizeof JPEG_EXIF_NAME;
        size -= sizeof JPEG_EXIF_NAME;
    }
    picture_keep(r, kind, data, size);
    WebPDemuxReleaseChunkIterator(&chunk);
}

static exit_code read_frame(picture_reader *r, const WebPIterator *frame)
{
    const ghm_image *image = &r->image;
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config) ||
        WebPGetFeatures(frame->fragment.bytes, frame->fragment.size, &config.input) != VP8_STATUS_OK)
        return fail_damaged(r);
    const bool alpha = config.input.has_alpha;
    const exit_code code = picture_alloc(r, (uint64_t)config.input.width, (uint64_t)config.input.height,
                                         alpha ? GHM_RGBA : GHM_RGB, 8);
    if (code != EXIT_OK)
        return code;
    config.output.colorspace = alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = image->planes[0];
    config.output.u.RGBA.stride = (int)image->row_stride;
    config.output.u.RGBA.size = image->row_stride * image->height;
    const VP8StatusCode status = WebPDecode(frame->fragment.bytes, frame->fragment.size, &config);
    WebPFreeDecBuffer(&config.output);
    if (status == VP8_STATUS_OUT_OF_MEMORY)
        return picture_fail_memory(r);
    return status == VP8_STATUS_OK ? EXIT_OK : fail_damaged(r);
}

/* Of an animation the first frame, if it is a whole picture. */
static exit_code read_first(picture_reader *r, const WebPDemuxer *demuxer)
{
    WebPIterator frame;
    if (!WebPDemuxGetFrame(demuxer, 1, &frame))
        return fail_damaged(r);
    exit_code code = EXIT_OK;
    if (frame.num_frames > 1)
        r->losses |= LOSS_PICTURES;
    if (frame.width != (int)WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH) ||
        frame.height != (int)WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT))
        code = fail(EXIT_BAD_INPUT, r->source->label, "is a WebP animation whose first picture is incomplete");
    if (code == EXIT_OK)
        code = read_frame(r, &frame);
    WebPDemuxReleaseIterator(&frame);
    return code;
}

static exit_code webp_open(picture_reader *r)
{
    const exit_code loaded = source_load(r->source);
    if (loaded != EXIT_OK)
        return loaded;
    const WebPData data = { r->source->buffer, r->source->filled };
    WebPDemuxer *demuxer = WebPDemux(&data);
    if (!demuxer)
        return fail_damaged(r);
    keep_chunk(r, demuxer, "ICCP", GHM_METADATA_ICC);
    keep_chunk(r, demuxer, "EXIF", GHM_METADATA_EXIF);
    keep_chunk(r, demuxer, "XMP ", GHM_METADATA_XMP);
    const exit_code code = read_first(r, demuxer);
    WebPDemuxDelete(demuxer);
    return code;
}

static bool webp_probe(const uint8_t *data, size_t size)
{
    return size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0;
}

/* Nothing is left to be done after opening. */
const reader webp_reader = { "WebP", false, webp_probe, webp_open, NULL, NULL, NULL };
