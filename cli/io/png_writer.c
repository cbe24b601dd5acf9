/* png_writer.c - 8-bit RGB PNG, by libpng. */
#include <setjmp.h>

#include <png.h>

#include "io/writer.h"
#include "message.h"

/* On photographs level 6 takes twice the time of 4 for files 1 % smaller. */
#define DEFLATE_LEVEL 4

/* See png_reader.c for why the state is kept this way. */
typedef struct png_job {
    const ghm_image *image;
    output *out;
    png_structp png;
    png_infop info;
    exit_code code;
    jmp_buf escape;
} png_job;

static void leave(png_job *job, exit_code code)
{
    job->code = code;
    longjmp(job->escape, 1);
}

static void on_error(png_structp png, png_const_charp message)
{
    png_job *job = png_get_error_ptr(png);
    leave(job, fail(EXIT_WRITE, job->out->label, "PNG: %s", message));
}

static void on_warning(png_structp png, png_const_charp message)
{
    const png_job *job = png_get_error_ptr(png);
    note(job->out->label, "PNG: %s", message);
}

static void on_write(png_structp png, png_bytep data, size_t size)
{
    png_job *job = png_get_io_ptr(png);
    const exit_code code = output_write(job->out, data, size);
    if (code != EXIT_OK)
        leave(job, code);
}

/* The output is flushed when it is closed. */
static void on_flush(png_structp png)
{
    (void)png;
}

static void write_png(png_job *job)
{
    job->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    job->info = job->png ? png_create_info_struct(job->png) : NULL;
    if (!job->info)
        leave(job, fail(EXIT_LIMIT, job->out->label, "not enough memory to write PNG"));
    png_set_write_fn(job->png, job, on_write, on_flush);
    png_set_compression_level(job->png, DEFLATE_LEVEL);
    png_set_IHDR(job->png, job->info, job->image->width, job->image->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(job->png, job->info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_write_info(job->png, job->info);
    for (size_t y = 0; y < job->image->height; y++)
        png_write_row(job->png, job->image->planes[0] + y * job->image->row_stride);
    png_write_end(job->png, NULL);
}

static void write_guarded(png_job *job)
{
    if (setjmp(job->escape) == 0)
        write_png(job);
}

static exit_code png_write(const ghm_image *image, const write_settings *settings, output *out)
{
    (void)settings;
    png_job job = { .image = image, .out = out };
    write_guarded(&job);
    png_destroy_write_struct(&job.png, &job.info);
    return job.code;
}

const writer png_writer = { "png", { ".png", NULL }, png_write };
