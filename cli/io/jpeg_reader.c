/* jpeg_reader.c - baseline and progressive JPEG, grey, YCbCr and CMYK, by libjpeg. */
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs FILE */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "io/jpeg_markers.h"
#include "io/metadata.h"
#include "io/reader.h"
#include "message.h"

/* As in png_reader.c: all state behind one pointer, because libjpeg's errors leave by longjmp. */
typedef struct jpeg_job {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct jpeg;
    const picture_source *source;
    picture *out;
    uint8_t *inks; /* a row of CMYK */
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
    jpeg_save_markers(&job->jpeg, JPEG_APP1, JPEG_MAX_SEGMENT);
    jpeg_save_markers(&job->jpeg, JPEG_APP2, JPEG_MAX_SEGMENT);
    jpeg_save_markers(&job->jpeg, JPEG_APP13, JPEG_MAX_SEGMENT);
    jpeg_save_markers(&job->jpeg, JPEG_COM, JPEG_MAX_SEGMENT);
    jpeg_read_header(&job->jpeg, TRUE);
}

/* ---------------------------------------------------------------------------------------------- metadata */

static bool begins_with(const struct jpeg_marker_struct *m, const char *name, size_t length)
{
    return m->data_length > length && memcmp(m->data, name, length) == 0;
}

static void keep_segment(picture *out, const struct jpeg_marker_struct *m)
{
    if (m->marker == JPEG_APP1 && begins_with(m, JPEG_EXIF_NAME, sizeof JPEG_EXIF_NAME)) {
        picture_keep(out, GHM_METADATA_EXIF, m->data + sizeof JPEG_EXIF_NAME, m->data_length - sizeof JPEG_EXIF_NAME);
    } else if (m->marker == JPEG_APP1 && begins_with(m, JPEG_XMP_NAME, sizeof JPEG_XMP_NAME)) {
        picture_keep(out, GHM_METADATA_XMP, m->data + sizeof JPEG_XMP_NAME, m->data_length - sizeof JPEG_XMP_NAME);
    } else if (m->marker == JPEG_APP1 && begins_with(m, JPEG_LONG_XMP_NAME, sizeof JPEG_LONG_XMP_NAME)) {
        out->losses |= LOSS_LONG_XMP;
    } else if (m->marker == JPEG_APP13 && begins_with(m, JPEG_IPTC_NAME, sizeof JPEG_IPTC_NAME)) {
        if (!metadata_append(&out->metadata, GHM_METADATA_IPTC, m->data + sizeof JPEG_IPTC_NAME,
                             m->data_length - sizeof JPEG_IPTC_NAME))
            out->losses |= LOSS_METADATA;
    } else if (m->marker == JPEG_COM) {
        out->losses |= LOSS_COMMENTS;
    }
}

/* libjpeg puts the parts of a profile together, and warns when they do not fit. */
static void keep_profile(jpeg_job *job)
{
    JOCTET *profile = NULL;
    unsigned size = 0;
    if (jpeg_read_icc_profile(&job->jpeg, &profile, &size))
        picture_keep(job->out, GHM_METADATA_ICC, profile, size);
    free(profile);
}

static void keep_metadata(jpeg_job *job)
{
    for (const struct jpeg_marker_struct *m = job->jpeg.marker_list; m; m = m->next)
        keep_segment(job->out, m);
    keep_profile(job);
}

/* ---------------------------------------------------------------------------------------------- samples */

static bool is_cmyk(const jpeg_job *job)
{
    return job->jpeg.jpeg_color_space == JCS_CMYK || job->jpeg.jpeg_color_space == JCS_YCCK;
}

/* Grey and RGB as they are; inks become RGB the plain way, without a profile. */
static void choose_colours(jpeg_job *job)
{
    const bool grey = job->jpeg.jpeg_color_space == JCS_GRAYSCALE;
    const exit_code code = picture_alloc(job->source, job->jpeg.image_width, job->jpeg.image_height,
                                         grey ? GHM_GREY : GHM_RGB, 8, &job->out->image);
    if (code != EXIT_OK)
        leave(job, code);
    job->jpeg.out_color_space = grey ? JCS_GRAYSCALE : is_cmyk(job) ? JCS_CMYK : JCS_RGB;
    if (!is_cmyk(job))
        return;
    job->inks = malloc((size_t)job->jpeg.image_width * 4);
    if (!job->inks)
        leave(job, fail(EXIT_LIMIT, job->source->label, "not enough memory to read it"));
    metadata_remove(&job->out->metadata, METADATA_OF(GHM_METADATA_ICC));
    job->out->losses |= LOSS_CMYK;
}

/* Adobe's programs, and so nearly all files, store 255 for no ink. */
static void inks_to_rgb(const jpeg_job *job, uint8_t *rgb)
{
    const uint8_t *inks = job->inks;
    const unsigned flip = job->jpeg.saw_Adobe_marker ? 0 : 255;
    for (size_t x = 0; x < job->jpeg.image_width; x++, inks += 4, rgb += 3)
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)(((inks[c] ^ flip) * (inks[3] ^ flip) + 127) / 255);
}

static void read_row(jpeg_job *job)
{
    uint8_t *to = job->out->image.planes[0] + job->jpeg.output_scanline * job->out->image.row_stride;
    JSAMPROW row = job->inks ? job->inks : to;
    jpeg_read_scanlines(&job->jpeg, &row, 1);
    if (job->inks)
        inks_to_rgb(job, to);
}

static void read_jpeg(jpeg_job *job)
{
    open_jpeg(job);
    keep_metadata(job); /* jpeg_finish_decompress() forgets the markers */
    choose_colours(job);
    jpeg_start_decompress(&job->jpeg);
    while (job->jpeg.output_scanline < job->jpeg.output_height)
        read_row(job);
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
    free(job.inks);
    return job.code;
}

static bool jpeg_probe(const uint8_t *data, size_t size)
{
    return size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff;
}

const reader jpeg_reader = { "JPEG", jpeg_probe, jpeg_read };
