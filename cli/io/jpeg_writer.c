/* jpeg_writer.c - baseline JPEG without chroma subsampling, by libjpeg. */
#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs FILE */
#include <string.h>

#include <jpeglib.h>

#include "io/writer.h"
#include "message.h"

#define BUFFER_BYTES 16384

/* See png_reader.c for why the state is kept this way. */
typedef struct jpeg_job {
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    struct jpeg_compress_struct jpeg;
    const ghm_image *image;
    int quality;
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
    job->jpeg.input_components = 3;
    job->jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&job->jpeg);
    jpeg_set_quality(&job->jpeg, job->quality, TRUE);
    for (int c = 0; c < job->jpeg.num_components; c++)
        job->jpeg.comp_info[c].h_samp_factor = job->jpeg.comp_info[c].v_samp_factor = 1;
    job->jpeg.optimize_coding = TRUE;
}

static void write_jpeg(jpeg_job *job)
{
    open_jpeg(job);
    choose_parameters(job);
    jpeg_start_compress(&job->jpeg, TRUE);
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
    job.quality = settings->jpeg_quality;
    job.out = out;
    write_guarded(&job);
    jpeg_destroy_compress(&job.jpeg);
    return job.code;
}

const writer jpeg_writer = { "jpeg", { ".jpg", ".jpeg", NULL }, jpeg_write };
