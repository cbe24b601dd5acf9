/* png_reader.c - PNG of every colour type, depth and interlacing, by libpng. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "io/icc.h"
#include "io/orientation.h"
#include "io/reader.h"
#include "message.h"

/* Everything libpng may longjmp away from lives here, behind a pointer that never changes, so that no local variable is
 * clobbered and png_close() finds all there is to release. */
typedef struct png_job {
    const picture_source *source;
    picture *out;
    size_t position; /* in source->data */
    png_structp png;
    png_infop info;
    bool has_alpha;
    uint8_t *rgba; /* the samples as libpng gives them when there is alpha */
    png_bytep *rows;
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
    leave(job, fail(EXIT_BAD_INPUT, job->source->label, "damaged PNG: %s", message));
}

static void on_warning(png_structp png, png_const_charp message)
{
    const png_job *job = png_get_error_ptr(png);
    note(job->source->label, "PNG: %s", message);
}

static void on_read(png_structp png, png_bytep data, size_t size)
{
    png_job *job = png_get_io_ptr(png);
    if (size > job->source->size - job->position)
        png_error(png, "the file ends early");
    memcpy(data, job->source->data + job->position, size);
    job->position += size;
}

/* Chunks that libpng does not know. Returns 1: dealt with, do not keep. */
static int on_unknown_chunk(png_structp png, png_unknown_chunkp chunk)
{
    png_job *job = png_get_user_chunk_ptr(png);
    if (memcmp(chunk->name, "acTL", 4) == 0)
        job->out->metadata |= METADATA_ANIMATION;
    return 1;
}

static void open_png(png_job *job)
{
    job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    job->info = job->png ? png_create_info_struct(job->png) : NULL;
    if (!job->info)
        leave(job, fail(EXIT_LIMIT, job->source->label, "not enough memory to read it"));
    png_set_read_fn(job->png, job, on_read);
    png_set_read_user_chunk_fn(job->png, job, on_unknown_chunk);
    /* Our own limits come after the header, with our own message. */
    png_set_user_limits(job->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(job->png, job->info);
}

/* Before png_read_update_info(), which allocates rows as wide as the header says. */
static void check_size(png_job *job)
{
    const exit_code code = picture_check(job->source, png_get_image_width(job->png, job->info),
                                         png_get_image_height(job->png, job->info));
    if (code != EXIT_OK)
        leave(job, code);
}

/* Whatever the file holds, ask for 8-bit RGB, or RGBA where it has transparency of any kind. */
static void choose_transforms(png_job *job)
{
    const png_byte type = png_get_color_type(job->png, job->info);
    const png_byte depth = png_get_bit_depth(job->png, job->info);
    job->has_alpha = (type & PNG_COLOR_MASK_ALPHA) || png_get_valid(job->png, job->info, PNG_INFO_tRNS);
    job->out->deep = depth == 16;
    png_set_expand(job->png);
    if (depth == 16)
        png_set_scale_16(job->png);
    if (!(type & PNG_COLOR_MASK_COLOR))
        png_set_gray_to_rgb(job->png);
    png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
}

static void allocate(png_job *job)
{
    const size_t width = png_get_image_width(job->png, job->info), height = png_get_image_height(job->png, job->info);
    ghm_image *image = &job->out->image;
    const exit_code code = picture_alloc(job->source, width, height, image);
    if (code != EXIT_OK)
        leave(job, code);
    job->rows = malloc(height * sizeof *job->rows);
    job->rgba = job->has_alpha ? malloc(width * height * 4) : NULL;
    if (!job->rows || (job->has_alpha && !job->rgba))
        leave(job, fail(EXIT_LIMIT, job->source->label, "not enough memory to read it"));
    for (size_t y = 0; y < height; y++)
        job->rows[y] = job->has_alpha ? job->rgba + y * width * 4 : image->planes[0] + y * image->row_stride;
}

static uint8_t blend(unsigned alpha, unsigned over, unsigned under)
{
    return (uint8_t)((alpha * over + (255 - alpha) * under + 127) / 255);
}

/* Lay the picture on the background. Opaque pixels need none. */
static void flatten(png_job *job)
{
    const ghm_image *image = &job->out->image;
    const color *under = &job->source->background;
    for (size_t y = 0; y < image->height; y++) {
        const uint8_t *from = job->rows[y];
        uint8_t *to = image->planes[0] + y * image->row_stride;
        for (size_t x = 0; x < image->width; x++, from += 4, to += 3) {
            if (from[3] != 255 && !under->given)
                leave(job, fail(EXIT_BAD_INPUT, job->source->label,
                                "has transparent pixels, which cannot be kept; --background #rrggbb puts a colour "
                                "behind them"));
            for (int c = 0; c < 3; c++)
                to[c] = blend(from[3], from[c], under->rgb[c]);
        }
    }
}

static bool near(double a, double b)
{
    return a > b - 0.01 && a < b + 0.01;
}

static unsigned find_colour_space(png_job *job)
{
    char *name;
    int compression;
    png_bytep profile;
    png_uint_32 size;
    if (png_get_iCCP(job->png, job->info, &name, &compression, &profile, &size))
        return icc_is_srgb(profile, size) ? 0 : METADATA_ICC;
    if (png_get_valid(job->png, job->info, PNG_INFO_sRGB))
        return 0;

    unsigned found = 0;
    double gamma, white_x, white_y, red_x, red_y, green_x, green_y, blue_x, blue_y;
    if (png_get_gAMA(job->png, job->info, &gamma) && !near(gamma, 1 / 2.2))
        found |= METADATA_GAMMA;
    if (png_get_cHRM(job->png, job->info, &white_x, &white_y, &red_x, &red_y, &green_x, &green_y, &blue_x, &blue_y) &&
        !(near(white_x, 0.3127) && near(white_y, 0.3290) && near(red_x, 0.64) && near(red_y, 0.33) &&
          near(green_x, 0.30) && near(green_y, 0.60) && near(blue_x, 0.15) && near(blue_y, 0.06)))
        found |= METADATA_PRIMARIES;
    return found;
}

static unsigned find_texts(png_job *job)
{
    unsigned found = 0;
    png_textp texts;
    const int n_texts = png_get_text(job->png, job->info, &texts, NULL);
    for (int i = 0; i < n_texts; i++)
        found |= strcmp(texts[i].key, "XML:com.adobe.xmp") == 0 ? METADATA_XMP : METADATA_COMMENTS;
    return found;
}

static void find_metadata(png_job *job)
{
    png_bytep exif;
    png_uint_32 size;
    job->out->metadata |= find_colour_space(job) | find_texts(job);
    if (png_get_eXIf_1(job->png, job->info, &size, &exif)) {
        job->out->metadata |= METADATA_EXIF;
        job->out->orientation = orientation_find(exif, size);
    }
}

static void read_png(png_job *job)
{
    open_png(job);
    check_size(job);
    choose_transforms(job);
    allocate(job);
    png_read_image(job->png, job->rows);
    png_read_end(job->png, job->info);
    find_metadata(job);
    if (job->has_alpha)
        flatten(job);
}

/* The setjmp() stands alone in a function that changes nothing of its own. */
static void read_guarded(png_job *job)
{
    if (setjmp(job->escape) == 0)
        read_png(job);
}

static exit_code png_read(const picture_source *source, picture *out)
{
    png_job job = { .source = source, .out = out };
    read_guarded(&job);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    free(job.rows);
    free(job.rgba);
    if (job.code != EXIT_OK)
        ghm_image_free(&out->image);
    return job.code;
}

static bool png_probe(const uint8_t *data, size_t size)
{
    return size >= 8 && png_sig_cmp(data, 0, 8) == 0;
}

const reader png_reader = { "PNG", png_probe, png_read };
