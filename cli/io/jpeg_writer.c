/* jpeg_writer.c - baseline JPEG, grey or without chroma subsampling, by libjpeg. */
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs FILE */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "io/convert.h"
#include "io/jpeg_markers.h"
#include "io/writer.h"
#include "message.h"

#define BUFFER_BYTES 16384

/* See png_reader.c for why the state is kept this way. */
typedef struct jpeg_job {
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    struct jpeg_compress_struct jpeg;
    const ghm_image *image;
    const write_settings *settings;
    uint8_t *segment; /* on its way */
    output *out;
    exit_code code;
    jmp_buf escape;
    JOCTET buffer[BUFFER_BYTES];
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
    leave(job, fail(EXIT_WRITE, job->out->label, "JPEG: %s", message));
}

static void init_buffer(j_compress_ptr jpeg)
{
    jpeg_job *job = jpeg->client_data;
    job->destination.next_output_byte = job->buffer;
    job->destination.free_in_buffer = BUFFER_BYTES;
}

static void write_buffer(jpeg_job *job, size_t size)
{
    const exit_code code = output_write(job->out, job->buffer, size);
    if (code != EXIT_OK)
        leave(job, code);
}

/* libjpeg's rule: the whole buffer is to be written, whatever free_in_buffer says. */
static boolean on_full_buffer(j_compress_ptr jpeg)
{
    write_buffer(jpeg->client_data, BUFFER_BYTES);
    init_buffer(jpeg);
    return TRUE;
}

static void on_last_buffer(j_compress_ptr jpeg)
{
    jpeg_job *job = jpeg->client_data;
    write_buffer(job, BUFFER_BYTES - job->destination.free_in_buffer);
}

static void open_jpeg(jpeg_job *job)
{
    job->jpeg.err = jpeg_std_error(&job->errors);
    job->errors.error_exit = on_error;
    job->jpeg.client_data = job;
    jpeg_create_compress(&job->jpeg);
    job->destination.init_destination = init_buffer;
    job->destination.empty_output_buffer = on_full_buffer;
    job->destination.term_destination = on_last_buffer;
    job->jpeg.dest = &job->destination;
}

static void choose_parameters(jpeg_job *job)
{
    job->jpeg.image_width = job->image->width;
    job->jpeg.image_height = job->image->height;
    job->jpeg.input_components = convert_is_grey(job->image) ? 1 : 3;
    job->jpeg.in_color_space = convert_is_grey(job->image) ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&job->jpeg);
    jpeg_set_quality(&job->jpeg, job->settings->jpeg_quality, TRUE);
    for (int c = 0; c < job->jpeg.num_components; c++)
        job->jpeg.comp_info[c].h_samp_factor = job->jpeg.comp_info[c].v_samp_factor = 1;
    job->jpeg.optimize_coding = TRUE;
}

/* ---------------------------------------------------------------------------------------------- metadata */

/* Exif and XMP must fit one segment. */
static bool fits_segment(const ghm_buffer *b, size_t name_bytes)
{
    return b->size <= JPEG_MAX_SEGMENT - name_bytes;
}

static metadata_set jpeg_holds(const ghm_metadata *metadata)
{
    metadata_set kinds = METADATA_OF(GHM_METADATA_IPTC);
    if (metadata->kinds[GHM_METADATA_ICC].size <= JPEG_MAX_ICC)
        kinds |= METADATA_OF(GHM_METADATA_ICC);
    if (fits_segment(&metadata->kinds[GHM_METADATA_EXIF], sizeof JPEG_EXIF_NAME))
        kinds |= METADATA_OF(GHM_METADATA_EXIF);
    if (fits_segment(&metadata->kinds[GHM_METADATA_XMP], sizeof JPEG_XMP_NAME))
        kinds |= METADATA_OF(GHM_METADATA_XMP);
    return kinds;
}

/* As many segments as it takes, each with the name. */
static void write_segments(jpeg_job *job, int marker, const char *name, size_t name_bytes, const ghm_buffer *b)
{
    const size_t most = JPEG_MAX_SEGMENT - name_bytes;
    for (size_t at = 0; at < b->size; at += most) {
        const size_t n = b->size - at < most ? b->size - at : most;
        memcpy(job->segment, name, name_bytes);
        memcpy(job->segment + name_bytes, b->data + at, n);
        jpeg_write_marker(&job->jpeg, marker, job->segment, (unsigned)(name_bytes + n));
    }
}

static void write_metadata(jpeg_job *job, const ghm_metadata *metadata)
{
    const metadata_set kinds = metadata_kinds(metadata) & jpeg_holds(metadata);
    const ghm_buffer *icc = &metadata->kinds[GHM_METADATA_ICC];
    job->segment = malloc(JPEG_MAX_SEGMENT);
    if (!job->segment)
        leave(job, fail_memory(job->out->label));
    if (kinds & METADATA_OF(GHM_METADATA_EXIF))
        write_segments(job, JPEG_APP1, JPEG_EXIF_NAME, sizeof JPEG_EXIF_NAME, &metadata->kinds[GHM_METADATA_EXIF]);
    if (kinds & METADATA_OF(GHM_METADATA_XMP))
        write_segments(job, JPEG_APP1, JPEG_XMP_NAME, sizeof JPEG_XMP_NAME, &metadata->kinds[GHM_METADATA_XMP]);
    if (kinds & METADATA_OF(GHM_METADATA_IPTC))
        write_segments(job, JPEG_APP13, JPEG_IPTC_NAME, sizeof JPEG_IPTC_NAME, &metadata->kinds[GHM_METADATA_IPTC]);
    if (kinds & METADATA_OF(GHM_METADATA_ICC))
        jpeg_write_icc_profile(&job->jpeg, icc->data, (unsigned)icc->size);
}

static void write_jpeg(jpeg_job *job)
{
    open_jpeg(job);
    choose_parameters(job);
    jpeg_start_compress(&job->jpeg, TRUE);
    if (job->settings->metadata)
        write_metadata(job, job->settings->metadata);
    while (job->jpeg.next_scanline < job->jpeg.image_height) {
        JSAMPROW row = job->image->planes[0] + job->jpeg.next_scanline * job->image->row_stride;
        jpeg_write_scanlines(&job->jpeg, &row, 1);
    }
    jpeg_finish_compress(&job->jpeg);
}

static void write_guarded(jpeg_job *job)
{
    if (setjmp(job->escape) == 0)
        write_jpeg(job);
}

static exit_code jpeg_write(const ghm_image *image, const write_settings *settings, output *out)
{
    jpeg_job job;
    memset(&job, 0, sizeof job);
    job.image = image;
    job.settings = settings;
    job.out = out;
    write_guarded(&job);
    jpeg_destroy_compress(&job.jpeg);
    free(job.segment);
    return job.code;
}

const writer jpeg_writer = { "jpeg", { ".jpg", ".jpeg", NULL }, false, 8, jpeg_holds, jpeg_write, NULL };
