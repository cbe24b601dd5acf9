/* jpeg_reader.c - baseline and progressive JPEG, grey, YCbCr and CMYK, by libjpeg, row by row. (Of a progressive one libjpeg
 * keeps the coefficients of all rows.) */
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
    struct jpeg_source_mgr bytes;
    picture_reader *reader;
    const ghm_image *to; /* the rows at work */
    uint8_t *inks;       /* a row of CMYK */
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
    leave(job, fail(EXIT_BAD_INPUT, job->reader->source->label, "damaged or unsupported JPEG: %s", message));
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
    jpeg_job *job = jpeg->client_data;
    char message[JMSG_LENGTH_MAX];
    if (level >= 0) /* a trace; below zero is a warning */
        return;
    if (pixels_were_made_up(jpeg->err->msg_code))
        jpeg->err->error_exit(jpeg);
    if (jpeg->err->msg_code == JWRN_BOGUS_ICC) /* a part is missing, or double */
        job->reader->losses |= LOSS_METADATA;
    jpeg->err->format_message(jpeg, message);
    note(job->reader->source->label, "JPEG: %s", message);
}

/* ---------------------------------------------------------------------------------------------- bytes */

static void on_begin(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

/* Where the file ends, a marker is made up that ends the picture, as in libjpeg's own sources. */
static boolean on_more(j_decompress_ptr jpeg)
{
    static const JOCTET end[2] = { 0xff, JPEG_EOI };
    jpeg_job *job = jpeg->client_data;
    const exit_code code =
        source_next(job->reader->source, &job->bytes.next_input_byte, &job->bytes.bytes_in_buffer);
    if (code != EXIT_OK)
        leave(job, code);
    if (job->bytes.bytes_in_buffer == 0) {
        WARNMS(jpeg, JWRN_JPEG_EOF);
        job->bytes.next_input_byte = end;
        job->bytes.bytes_in_buffer = sizeof end;
    }
    return TRUE;
}

static void on_skip(j_decompress_ptr jpeg, long n)
{
    struct jpeg_source_mgr *bytes = jpeg->src;
    for (; n > (long)bytes->bytes_in_buffer; (void)on_more(jpeg))
        n -= (long)bytes->bytes_in_buffer;
    if (n <= 0)
        return;
    bytes->next_input_byte += n;
    bytes->bytes_in_buffer -= (size_t)n;
}

static void set_source(jpeg_job *job)
{
    job->bytes = (struct jpeg_source_mgr){ .init_source = on_begin, .fill_input_buffer = on_more, .skip_input_data = on_skip,
                                           .resync_to_restart = jpeg_resync_to_restart, .term_source = on_begin };
    job->jpeg.src = &job->bytes;
}

static void open_jpeg(jpeg_job *job)
{
    job->jpeg.err = jpeg_std_error(&job->errors);
    job->errors.error_exit = on_error;
    job->errors.emit_message = on_message;
    job->jpeg.client_data = job;
    jpeg_create_decompress(&job->jpeg);
    set_source(job);
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

static void keep_segment(picture_reader *r, const struct jpeg_marker_struct *m)
{
    if (m->marker == JPEG_APP1 && begins_with(m, JPEG_EXIF_NAME, sizeof JPEG_EXIF_NAME)) {
        picture_keep(r, GHM_METADATA_EXIF, m->data + sizeof JPEG_EXIF_NAME, m->data_length - sizeof JPEG_EXIF_NAME);
    } else if (m->marker == JPEG_APP1 && begins_with(m, JPEG_XMP_NAME, sizeof JPEG_XMP_NAME)) {
        picture_keep(r, GHM_METADATA_XMP, m->data + sizeof JPEG_XMP_NAME, m->data_length - sizeof JPEG_XMP_NAME);
    } else if (m->marker == JPEG_APP1 && begins_with(m, JPEG_LONG_XMP_NAME, sizeof JPEG_LONG_XMP_NAME)) {
        r->losses |= LOSS_LONG_XMP;
    } else if (m->marker == JPEG_APP13 && begins_with(m, JPEG_IPTC_NAME, sizeof JPEG_IPTC_NAME)) {
        if (!metadata_append(&r->metadata, GHM_METADATA_IPTC, m->data + sizeof JPEG_IPTC_NAME,
                             m->data_length - sizeof JPEG_IPTC_NAME))
            r->losses |= LOSS_METADATA;
    } else if (m->marker == JPEG_COM) {
        r->losses |= LOSS_COMMENTS;
    }
}

/* libjpeg puts the parts of a profile together, and warns when they do not fit. */
static void keep_profile(jpeg_job *job)
{
    JOCTET *profile = NULL;
    unsigned size = 0;
    if (jpeg_read_icc_profile(&job->jpeg, &profile, &size))
        picture_keep(job->reader, GHM_METADATA_ICC, profile, size);
    free(profile);
}

static void keep_metadata(jpeg_job *job)
{
    for (const struct jpeg_marker_struct *m = job->jpeg.marker_list; m; m = m->next)
        keep_segment(job->reader, m);
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
    const exit_code code = picture_describe(job->reader, job->jpeg.image_width, job->jpeg.image_height,
                                            grey ? GHM_GREY : GHM_RGB, 8);
    if (code != EXIT_OK)
        leave(job, code);
    job->jpeg.out_color_space = grey ? JCS_GRAYSCALE : is_cmyk(job) ? JCS_CMYK : JCS_RGB;
    if (!is_cmyk(job))
        return;
    job->inks = malloc((size_t)job->jpeg.image_width * 4);
    if (!job->inks)
        leave(job, picture_fail_memory(job->reader));
    metadata_remove(&job->reader->metadata, METADATA_OF(GHM_METADATA_ICC));
    job->reader->losses |= LOSS_CMYK;
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

static void read_rows(jpeg_job *job)
{
    for (size_t y = 0; y < job->to->height; y++) {
        uint8_t *to = job->to->planes[0] + y * job->to->row_stride;
        JSAMPROW row = job->inks ? job->inks : to;
        jpeg_read_scanlines(&job->jpeg, &row, 1);
        if (job->inks)
            inks_to_rgb(job, to);
    }
}

static void start(jpeg_job *job)
{
    open_jpeg(job);
    keep_metadata(job); /* jpeg_finish_decompress() forgets the markers */
    choose_colours(job);
    jpeg_start_decompress(&job->jpeg);
}

static void finish(jpeg_job *job)
{
    jpeg_finish_decompress(&job->jpeg);
}

static exit_code guarded(jpeg_job *job, void (*step)(jpeg_job *))
{
    if (setjmp(job->escape) == 0)
        step(job);
    return job->code;
}

static exit_code jpeg_open(picture_reader *r)
{
    jpeg_job *job = r->state = calloc(1, sizeof *job);
    if (!job)
        return picture_fail_memory(r);
    job->reader = r;
    return guarded(job, start);
}

static exit_code jpeg_read_rows(picture_reader *r, const ghm_image *to)
{
    jpeg_job *job = r->state;
    job->to = to;
    return guarded(job, read_rows);
}

static exit_code jpeg_finish(picture_reader *r)
{
    return guarded(r->state, finish);
}

static void jpeg_close(picture_reader *r)
{
    jpeg_job *job = r->state;
    jpeg_destroy_decompress(&job->jpeg);
    free(job->inks);
    free(job);
}

static bool jpeg_probe(const uint8_t *data, size_t size)
{
    return size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff;
}

const reader jpeg_reader = { "JPEG", false, jpeg_probe, jpeg_open, jpeg_read_rows, jpeg_finish, jpeg_close };
