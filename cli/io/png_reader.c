/* png_reader.c - PNG of every colour type, depth and interlacing, by libpng. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>
#include <zlib.h>

#include "io/reader.h"
#include "message.h"

#define FIRST_PROFILE_BYTES 4096

/* Chunks of metadata come to on_chunk() as they are, so that their bytes are kept whatever libpng thinks of them; it also
 * compares their CRCs. */
static const char raw_chunks[] = "iCCP\0eXIf\0iTXt\0cICP\0gAMA\0cHRM\0sRGB\0acTL";
#define N_RAW_CHUNKS 8

/* Everything libpng may longjmp away from lives here, behind a pointer that never changes, so that no local variable is
 * clobbered and png_read() finds all there is to release. */
typedef struct png_job {
    const picture_source *source;
    picture *out;
    size_t position; /* in source->data */
    png_structp png;
    png_infop info;
    png_bytep *rows;
    uint8_t colour[36]; /* gAMA, cHRM */
    bool has_gamma, has_chromaticities, is_srgb;
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

/* ---------------------------------------------------------------------------------------------- metadata */

/* A zlib stream of unknown length. NULL when it is damaged or longer than can be kept. */
static uint8_t *inflate_all(const uint8_t *data, size_t size, size_t *unpacked)
{
    uint8_t *to = NULL, *grown;
    for (size_t capacity = FIRST_PROFILE_BYTES; capacity <= GHM_MAX_METADATA_BYTES; capacity *= 2) {
        grown = realloc(to, capacity);
        if (!grown)
            break;
        to = grown;
        uLongf n = (uLongf)capacity;
        const int result = uncompress(to, &n, data, (uLong)size);
        *unpacked = n;
        if (result == Z_OK)
            return to;
        if (result != Z_BUF_ERROR)
            break;
    }
    free(to);
    return NULL;
}

/* One chunk of each kind counts, and none after a bad one: a file of many would take long for nothing. */
static void keep_inflated(picture *p, ghm_metadata_kind kind, const uint8_t *data, size_t size)
{
    size_t unpacked = 0;
    const bool wanted = p->metadata.kinds[kind].size == 0 && !(p->losses & LOSS_METADATA);
    uint8_t *content = wanted ? inflate_all(data, size, &unpacked) : NULL;
    if (content)
        picture_keep(p, kind, content, unpacked);
    else
        p->losses |= LOSS_METADATA;
    free(content);
}

/* Where the text that ends at the first 0 from p on is followed, or NULL. */
static const uint8_t *after_text(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *zero = p ? memchr(p, 0, (size_t)(end - p)) : NULL;
    return zero ? zero + 1 : NULL;
}

/* Name, 0, method 0, zlib stream. */
static void keep_profile(picture *out, const uint8_t *data, size_t size)
{
    const uint8_t *p = after_text(data, data + size);
    if (!p || p == data + size || *p != 0)
        out->losses |= LOSS_METADATA;
    else
        keep_inflated(out, GHM_METADATA_ICC, p + 1, (size_t)(data + size - p - 1));
}

/* Keyword, 0, compressed?, method, language, 0, translated keyword, 0, text. */
static void keep_text(picture *out, const uint8_t *data, size_t size)
{
    static const char keyword[] = "XML:com.adobe.xmp";
    if (size < sizeof keyword + 2 || memcmp(data, keyword, sizeof keyword) != 0) {
        out->losses |= LOSS_COMMENTS;
        return;
    }
    const uint8_t *end = data + size, *flags = data + sizeof keyword;
    const uint8_t *text = after_text(after_text(flags + 2, end), end);
    if (!text)
        out->losses |= LOSS_METADATA;
    else if (flags[0])
        keep_inflated(out, GHM_METADATA_XMP, text, (size_t)(end - text));
    else
        picture_keep(out, GHM_METADATA_XMP, text, (size_t)(end - text));
}

static bool is(const png_unknown_chunk *chunk, const char *name)
{
    return memcmp(chunk->name, name, 4) == 0;
}

/* Returns 1: dealt with, not to be kept by libpng. */
static int on_chunk(png_structp png, png_unknown_chunkp chunk)
{
    png_job *job = png_get_user_chunk_ptr(png);
    if (chunk->size == 0) /* and data NULL */
        return 1;
    if (is(chunk, "iCCP")) {
        keep_profile(job->out, chunk->data, chunk->size);
    } else if (is(chunk, "eXIf")) {
        picture_keep(job->out, GHM_METADATA_EXIF, chunk->data, chunk->size);
    } else if (is(chunk, "iTXt")) {
        keep_text(job->out, chunk->data, chunk->size);
    } else if (is(chunk, "cICP") && chunk->size == 4) {
        picture_keep(job->out, GHM_METADATA_CICP, chunk->data, chunk->size);
    } else if (is(chunk, "gAMA") && chunk->size == 4) {
        memcpy(job->colour, chunk->data, 4);
        job->has_gamma = true;
    } else if (is(chunk, "cHRM") && chunk->size == 32) {
        memcpy(job->colour + 4, chunk->data, 32);
        job->has_chromaticities = true;
    } else if (is(chunk, "sRGB")) {
        job->is_srgb = true;
    } else if (is(chunk, "acTL")) {
        job->out->losses |= LOSS_PICTURES;
    }
    return 1;
}

/* What a better description overrules (PNG 3, 4.3) is not kept: sRGB means no metadata at all. Chromaticities without a
 * gamma leave the curve unsaid: it is sRGB's. */
static void keep_gamma(png_job *job)
{
    static const uint8_t srgb_gamma[4] = { 0, 0, 0xb1, 0x8f }; /* 45455 */
    if (job->is_srgb || job->out->metadata.kinds[GHM_METADATA_ICC].size > 0 ||
        !(job->has_gamma || job->has_chromaticities))
        return;
    if (!job->has_gamma)
        memcpy(job->colour, srgb_gamma, sizeof srgb_gamma);
    picture_keep(job->out, GHM_METADATA_GAMMA, job->colour, job->has_chromaticities ? 36 : 4);
}

static void find_comments(png_job *job)
{
    png_textp texts;
    if (png_get_text(job->png, job->info, &texts, NULL) > 0)
        job->out->losses |= LOSS_COMMENTS;
}

/* ---------------------------------------------------------------------------------------------- samples */

static void open_png(png_job *job)
{
    job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    job->info = job->png ? png_create_info_struct(job->png) : NULL;
    if (!job->info)
        leave(job, fail(EXIT_LIMIT, job->source->label, "not enough memory to read it"));
    png_set_read_fn(job->png, job, on_read);
    png_set_read_user_chunk_fn(job->png, job, on_chunk);
    png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_ALWAYS, (png_const_bytep)raw_chunks, N_RAW_CHUNKS);
    png_set_chunk_malloc_max(job->png, GHM_MAX_METADATA_BYTES);
    /* Our own limits come after the header, with our own message. */
    png_set_user_limits(job->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    /* What a compressed chunk may inflate to. */
    png_set_chunk_malloc_max(job->png, GHM_MAX_METADATA_BYTES);
    png_read_info(job->png, job->info);
}

/* A chunk that says it is longer than the file would have libpng allocate that much before it misses the data. */
static void check_chunk_lengths(png_job *job)
{
    const uint8_t *data = job->source->data;
    const size_t size = job->source->size;
    for (size_t at = 8; size - at >= 12 && memcmp(data + at + 4, "IEND", 4) != 0;) {
        const size_t length = png_get_uint_32(data + at);
        if (length > size - at - 12)
            leave(job, fail(EXIT_BAD_INPUT, job->source->label, "damaged PNG: the file ends early"));
        at += length + 12;
    }
}

/* Before png_read_update_info(), which allocates rows as wide as the header says. */
static void check_size(png_job *job)
{
    const exit_code code = picture_check(job->source, png_get_image_width(job->png, job->info),
                                         png_get_image_height(job->png, job->info));
    if (code != EXIT_OK)
        leave(job, code);
}

static bool is_little_endian(void)
{
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1;
}

/* Whatever the file holds, ask for whole bytes, no palette, and alpha where it has transparency of any kind. */
static void choose_transforms(png_job *job)
{
    png_set_expand(job->png);
    if (png_get_bit_depth(job->png, job->info) == 16 && is_little_endian())
        png_set_swap(job->png);
    png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
}

static void allocate(png_job *job)
{
    const size_t width = png_get_image_width(job->png, job->info), height = png_get_image_height(job->png, job->info);
    ghm_image *image = &job->out->image;
    const exit_code code = picture_alloc(job->source, width, height, (ghm_components)png_get_channels(job->png, job->info),
                                         png_get_bit_depth(job->png, job->info), image);
    if (code != EXIT_OK)
        leave(job, code);
    job->rows = malloc(height * sizeof *job->rows);
    if (!job->rows)
        leave(job, fail(EXIT_LIMIT, job->source->label, "not enough memory to read it"));
    for (size_t y = 0; y < height; y++)
        job->rows[y] = image->planes[0] + y * image->row_stride;
}

static void read_png(png_job *job)
{
    check_chunk_lengths(job);
    open_png(job);
    check_size(job);
    choose_transforms(job);
    allocate(job);
    png_read_image(job->png, job->rows);
    png_read_end(job->png, job->info);
    keep_gamma(job);
    find_comments(job);
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
    return job.code;
}

static bool png_probe(const uint8_t *data, size_t size)
{
    return size >= 8 && png_sig_cmp(data, 0, 8) == 0;
}

const reader png_reader = { "PNG", png_probe, png_read };
