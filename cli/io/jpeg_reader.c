/* jpeg_reader.c - baseline and progressive JPEG, grey and YCbCr, by libjpeg. */
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs FILE */
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "io/icc.h"
#include "io/orientation.h"
#include "io/reader.h"
#include "message.h"

enum { MARKER_EXIF_XMP = JPEG_APP0 + 1, MARKER_ICC = JPEG_APP0 + 2, MARKER_IPTC = JPEG_APP0 + 13, MAX_MARKER = 0xffff };

/* As in png_reader.c: all state behind one pointer, because libjpeg's errors leave by longjmp. */
typedef struct jpeg_job {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct jpeg;
    const picture_source *source;
    picture *out;
    exit_code code;
    jmp_buf escape;
} jpeg_job;

static void leave(jpeg_job *job, exit_code code)
{
    job->code = code;
    longjmp(job->escape, 1);
}

static void on_error(j_common_ptr jpeg)
{
    jpeg_job *job = jpeg->client_data;
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    leave(job, fail(EXIT_BAD_INPUT, job->source->label, "damaged or unsupported JPEG: %s", message));
}

/* libjpeg only warns where data is missing and fills in grey. Such a picture is not what its owner wants kept. */
static bool pixels_were_made_up(int message_code)
{
    switch (message_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_ARITH_BAD_CODE:
        return true;
    default:
        return false;
    }
}

static void on_message(j_common_ptr jpeg, int level)
{
    const jpeg_job *job = jpeg->client_data;
    char message[JMSG_LENGTH_MAX];
    if (level >= 0) /* a trace; below zero is a warning */
        return;
    if (pixels_were_made_up(jpeg->err->msg_code))
        jpeg->err->error_exit(jpeg);
    jpeg->err->format_message(jpeg, message);
    note(job->source->label, "JPEG: %s", message);
}

static void open_jpeg(jpeg_job *job)
{
    job->jpeg.err = jpeg_std_error(&job->errors);
    job->errors.error_exit = on_error;
    job->errors.emit_message = on_message;
    job->jpeg.client_data = job;
    jpeg_create_decompress(&job->jpeg);
    jpeg_mem_src(&job->jpeg, job->source->data, (unsigned long)job->source->size);
    jpeg_save_markers(&job->jpeg, MARKER_EXIF_XMP, MAX_MARKER);
    jpeg_save_markers(&job->jpeg, MARKER_ICC, MAX_MARKER);
    jpeg_save_markers(&job->jpeg, MARKER_IPTC, MAX_MARKER);
    jpeg_save_markers(&job->jpeg, JPEG_COM, MAX_MARKER);
    jpeg_read_header(&job->jpeg, TRUE);
}

static bool begins_with(const struct jpeg_marker_struct *m, const char *what, size_t length)
{
    return m->data_length >= length && memcmp(m->data, what, length) == 0;
}

static void find_metadata(jpeg_job *job)
{
    static const char exif[] = "Exif\0", xmp[] = "http://ns.adobe.com/xap/1.0/", icc[] = "ICC_PROFILE",
                      iptc[] = "Photoshop 3.0";
    unsigned found = 0;
    for (const struct jpeg_marker_struct *m = job->jpeg.marker_list; m; m = m->next) {
        if (m->marker == MARKER_EXIF_XMP && begins_with(m, exif, sizeof exif)) {
            found |= METADATA_EXIF;
            job->out->orientation = orientation_find(m->data + sizeof exif, m->data_length - sizeof exif);
        } else if (m->marker == MARKER_EXIF_XMP && begins_with(m, xmp, sizeof xmp)) {
            found |= METADATA_XMP;
        } else if (m->marker == MARKER_ICC && begins_with(m, icc, sizeof icc)) {
            /* A long profile is split; its name is in the first part. */
            const bool first = m->data_length > sizeof icc && m->data[sizeof icc] == 1;
            if (first && !icc_is_srgb(m->data, m->data_length))
                found |= METADATA_ICC;
        } else if (m->marker == MARKER_IPTC && begins_with(m, iptc, sizeof iptc)) {
            found |= METADATA_IPTC;
        } else if (m->marker == JPEG_COM) {
            found |= METADATA_COMMENTS;
        }
    }
    job->out->metadata = found;
}

static void refuse_cmyk(jpeg_job *job)
{
    if (job->jpeg.jpeg_color_space == JCS_CMYK || job->jpeg.jpeg_color_space == JCS_YCCK)
        leave(job, fail(EXIT_BAD_INPUT, job->source->label, "is a CMYK JPEG; convert it to RGB first"));
}

static void read_jpeg(jpeg_job *job)
{
    open_jpeg(job);
    refuse_cmyk(job);
    find_metadata(job); /* jpeg_finish_decompress() forgets the markers */
    const exit_code code = picture_alloc(job->source, job->jpeg.image_width, job->jpeg.image_height, &job->out->image);
    if (code != EXIT_OK)
        leave(job, code);
    job->jpeg.out_color_space = JCS_RGB;
    jpeg_start_decompress(&job->jpeg);
    while (job->jpeg.output_scanline < job->jpeg.output_height) {
        JSAMPROW row = job->out->image.planes[0] + job->jpeg.output_scanline * job->out->image.row_stride;
        jpeg_read_scanlines(&job->jpeg, &row, 1);
    }
    jpeg_finish_decompress(&job->jpeg);
}

static void read_guarded(jpeg_job *job)
{
    if (setjmp(job->escape) == 0)
        read_jpeg(job);
}

static exit_code jpeg_read(const picture_source *source, picture *out)
{
    jpeg_job job;
    memset(&job, 0, sizeof job);
    job.source = source;
    job.out = out;
    read_guarded(&job);
    jpeg_destroy_decompress(&job.jpeg);
    if (job.code != EXIT_OK)
        ghm_image_free(&out->image);
    return job.code;
}

static bool jpeg_probe(const uint8_t *data, size_t size)
{
    return size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff;
}

const reader jpeg_reader = { "JPEG", jpeg_probe, jpeg_read };
