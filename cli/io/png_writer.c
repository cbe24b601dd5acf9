/* png_writer.c - PNG of 8 or 16 bits, grey or RGB, with or without alpha, by libpng. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>
#include <zlib.h>

#include "io/convert.h"
#include "io/writer.h"
#include "message.h"

/* On photographs level 6 takes twice the time of 4 for files 1 % smaller. */
#define DEFLATE_LEVEL 4

/* See png_reader.c for why the state is kept this way. */
typedef struct png_job {
    ghm_image image;              /* size and kind; and the rows at work */
    output *out;
    png_structp png;
    png_infop info;
    const ghm_metadata *metadata; /* NULL: none */
    uint8_t *buffer;              /* a row, or a chunk, on its way */
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

/* ---------------------------------------------------------------------------------------------- metadata */

static const ghm_buffer *metadata_of(const png_job *job, ghm_metadata_kind kind)
{
    static const ghm_buffer none = { NULL, 0 };
    return job->metadata ? &job->metadata->kinds[kind] : &none;
}

static void take_buffer(png_job *job, size_t size)
{
    free(job->buffer);
    job->buffer = malloc(size);
    if (!job->buffer)
        leave(job, fail_memory(job->out->label));
}

/* Chunks are written as they are: libpng would look into them and perhaps refuse some. */
static void write_chunk(png_job *job, const char *type, const void *data, size_t size)
{
    if (size > 0)
        png_write_chunk(job->png, (png_const_bytep)type, data, size);
}

static void write_profile(png_job *job, const ghm_buffer *icc)
{
    static const uint8_t start[] = "icc\0"; /* a name, and method 0, the string's own end */
    uLongf packed = compressBound((uLong)icc->size);
    take_buffer(job, sizeof start + packed);
    memcpy(job->buffer, start, sizeof start);
    if (compress2(job->buffer + sizeof start, &packed, icc->data, (uLong)icc->size, Z_BEST_COMPRESSION) != Z_OK)
        leave(job, fail_memory(job->out->label));
    write_chunk(job, "iCCP", job->buffer, sizeof start + packed);
}

static void write_xmp(png_job *job, const ghm_buffer *xmp)
{
    static const uint8_t start[22] = "XML:com.adobe.xmp"; /* its end; not compressed; no language, no translation */
    take_buffer(job, sizeof start + xmp->size);
    memcpy(job->buffer, start, sizeof start);
    memcpy(job->buffer + sizeof start, xmp->data, xmp->size);
    write_chunk(job, "iTXt", job->buffer, sizeof start + xmp->size);
}

/* In the order that PNG asks for: colour first. A PNG without any of it would say nothing of its colours: it is sRGB. */
static void write_metadata(png_job *job)
{
    const ghm_buffer *icc = metadata_of(job, GHM_METADATA_ICC), *xmp = metadata_of(job, GHM_METADATA_XMP),
                     *cicp = metadata_of(job, GHM_METADATA_CICP), *gamma = metadata_of(job, GHM_METADATA_GAMMA),
                     *exif = metadata_of(job, GHM_METADATA_EXIF);
    write_chunk(job, "cICP", cicp->data, cicp->size);
    if (icc->size > 0)
        write_profile(job, icc);
    else if (cicp->size == 0 && gamma->size == 0)
        png_write_chunk(job->png, (png_const_bytep)"sRGB", (png_const_bytep)"\0", 1);
    if (gamma->size >= 4)
        write_chunk(job, "gAMA", gamma->data, 4);
    if (gamma->size == 36)
        write_chunk(job, "cHRM", gamma->data + 4, 32);
    write_chunk(job, "eXIf", exif->data, exif->size);
    if (xmp->size > 0)
        write_xmp(job, xmp);
}

static metadata_set png_holds(const ghm_metadata *metadata)
{
    (void)metadata;
    return METADATA_ALL & ~METADATA_OF(GHM_METADATA_IPTC);
}

/* ---------------------------------------------------------------------------------------------- samples */

/* 16 bits, high byte first; 9 to 15 bits are stretched to the whole range. */
static void write_deep_row(png_job *job, const uint16_t *row, size_t n)
{
    const uint32_t max = (1u << job->image.bit_depth) - 1;
    for (size_t i = 0; i < n; i++) {
        const uint32_t v = ((uint32_t)row[i] * 65535 + max / 2) / max;
        job->buffer[2 * i] = (uint8_t)(v >> 8);
        job->buffer[2 * i + 1] = (uint8_t)v;
    }
    png_write_row(job->png, job->buffer);
}

static void write_rows(png_job *job)
{
    const ghm_image *image = &job->image;
    const size_t n = (size_t)image->width * (size_t)ghm_image_components(image);
    const bool deep = convert_bit_depth(image) > 8;
    if (deep)
        take_buffer(job, 2 * n);
    for (size_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->planes[0] + y * image->row_stride;
        if (deep)
            write_deep_row(job, (const uint16_t *)(const void *)row, n);
        else
            png_write_row(job->png, row);
    }
}

/* The bits that mean something, where the file says 16. */
static void set_significant_bits(png_job *job)
{
    const png_byte depth = (png_byte)convert_bit_depth(&job->image);
    const png_color_8 bits = { depth, depth, depth, depth, depth };
    if (depth > 8 && depth < 16)
        png_set_sBIT(job->png, job->info, &bits);
}

static void start_png(png_job *job)
{
    static const int types[] = { 0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA };
    job->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    job->info = job->png ? png_create_info_struct(job->png) : NULL;
    if (!job->info)
        leave(job, fail_memory(job->out->label));
    png_set_write_fn(job->png, job, on_write, on_flush);
    png_set_compression_level(job->png, DEFLATE_LEVEL);
    png_set_IHDR(job->png, job->info, job->image.width, job->image.height, convert_bit_depth(&job->image) > 8 ? 16 : 8,
                 types[ghm_image_components(&job->image)], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    set_significant_bits(job);
    png_write_info(job->png, job->info);
    write_metadata(job);
}

static void finish_png(png_job *job)
{
    png_write_end(job->png, NULL);
}

/* The setjmp() stands alone in a function that changes nothing of its own. */
static exit_code guarded(png_job *job, void (*step)(png_job *))
{
    if (setjmp(job->escape) == 0)
        step(job);
    return job->code;
}

static exit_code png_end(void *state, bool complete, output *out)
{
    png_job *job = state;
    (void)out;
    const exit_code code = complete ? guarded(job, finish_png) : EXIT_OK;
    png_destroy_write_struct(&job->png, &job->info);
    free(job->buffer);
    free(job);
    return code;
}

static exit_code png_begin(const ghm_image *picture, const write_settings *settings, output *out, void **state)
{
    png_job *job = calloc(1, sizeof *job);
    if (!job)
        return fail_memory(out->label);
    job->image = *picture;
    job->metadata = settings->metadata;
    job->out = out;
    *state = job;
    const exit_code code = guarded(job, start_png);
    if (code != EXIT_OK)
        png_end(job, false, out);
    return code;
}

static exit_code png_rows(void *state, const ghm_image *rows, output *out)
{
    png_job *job = state;
    (void)out;
    job->image = *rows;
    return guarded(job, write_rows);
}

static const row_writer png_by_rows = { png_begin, png_rows, png_end };

const writer png_writer = { "png", { ".png", NULL }, true, 16, png_holds, NULL, &png_by_rows };
