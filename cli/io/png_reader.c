/* png_reader.c - PNG of every colour type and depth, by libpng: row by row, but for interlaced ones. */
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
 * clobbered and png_close() finds all there is to release. */
typedef struct png_job {
    picture_reader *reader;
    const ghm_image *to; /* the rows at work */
    png_structp png;
    png_infop info;
    png_bytep *rows;     /* of an interlaced picture */
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
    leave(job, fail(EXIT_BAD_INPUT, job->reader->source->label, "damaged PNG: %s", message));
}

static void on_warning(png_structp png, png_const_charp message)
{
    const png_job *job = png_get_error_ptr(png);
    note(job->reader->source->label, "PNG: %s", message);
}

static void on_read(png_structp png, png_bytep data, size_t size)
{
    png_job *job = png_get_io_ptr(png);
    size_t got;
    const exit_code code = source_read(job->reader->source, data, size, &got);
    if (code != EXIT_OK)
        leave(job, code);
    if (got < size)
        png_error(png, "the file ends early");
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
static void keep_inflated(picture_reader *r, ghm_metadata_kind kind, const uint8_t *data, size_t size)
{
    size_t unpacked = 0;
    const bool wanted = r->metadata.kinds[kind].size == 0 && !(r->losses & LOSS_METADATA);
    uint8_t *content = wanted ? inflate_all(data, size, &unpacked) : NULL;
    if (content)
        picture_keep(r, kind, content, unpacked);
    else
        r->losses |= LOSS_METADATA;
    free(content);
}

/* Where the text that ends at the first 0 from p on is followed, or NULL. */
static const uint8_t *after_text(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *zero = p ? memchr(p, 0, (size_t)(end - p)) : NULL;
    return zero ? zero + 1 : NULL;
}

/* Name, 0, method 0, zlib stream. */
static void keep_profile(picture_reader *r, const uint8_t *data, size_t size)
{
    const uint8_t *p = after_text(data, data + size);
    if (!p || p == data + size || *p != 0)
        r->losses |= LOSS_METADATA;
    else
        keep_inflated(r, GHM_METADATA_ICC, p + 1, (size_t)(data + size - p - 1));
}

/* Keyword, 0, compressed?, method, language, 0, translated keyword, 0, text. */
static void keep_text(picture_reader *r, const uint8_t *data, size_t size)
{
    static const char keyword[] = "XML:com.adobe.xmp";
    if (size < sizeof keyword + 2 || memcmp(data, keyword, sizeof keyword) != 0) {
        r->losses |= LOSS_COMMENTS;
        return;
    }
    const uint8_t *end = data + size, *flags = data + sizeof keyword;
    const uint8_t *text = after_text(after_text(flags + 2, end), end);
    if (!text)
        r->losses |= LOSS_METADATA;
    else if (flags[0])
        keep_inflated(r, GHM_METADATA_XMP, text, (size_t)(end - text));
    else
        picture_keep(r, GHM_METADATA_XMP, text, (size_t)(end - text));
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
        keep_profile(job->reader, chunk->data, chunk->size);
    } else if (is(chunk, "eXIf")) {
        picture_keep(job->reader, GHM_METADATA_EXIF, chunk->data, chunk->size);
    } else if (is(chunk, "iTXt")) {
        keep_text(job->reader, chunk->data, chunk->size);
    } else if (is(chunk, "cICP") && chunk->size == 4) {
        picture_keep(job->reader, GHM_METADATA_CICP, chunk->data, chunk->size);
    } else if (is(chunk, "gAMA") && chunk->size == 4) {
        memcpy(job->colour, chunk->data, 4);
        job->has_gamma = true;
    } else if (is(chunk, "cHRM") && chunk->size == 32) {
        memcpy(job->colour + 4, chunk->data, 32);
        job->has_chromaticities = true;
    } else if (is(chunk, "sRGB")) {
        job->is_srgb = true;
    } else if (is(chunk, "acTL")) {
        job->reader->losses |= LOSS_PICTURES;
    }
    return 1;
}

/* What a better description overrules (PNG 3, 4.3) is not kept: sRGB means no metadata at all. Chromaticities without a
 * gamma leave the curve unsaid: it is sRGB's. */
static void keep_gamma(png_job *job)
{
    static const uint8_t srgb_gamma[4] = { 0, 0, 0xb1, 0x8f }; /* 45455 */
    if (job->is_srgb || job->reader->metadata.kinds[GHM_METADATA_ICC].size > 0 ||
        !(job->has_gamma || job->has_chromaticities))
        return;
    if (!job->has_gamma)
        memcpy(job->colour, srgb_gamma, sizeof srgb_gamma);
    picture_keep(job->reader, GHM_METADATA_GAMMA, job->colour, job->has_chromaticities ? 36 : 4);
}

static void find_comments(png_job *job)
{
    png_textp texts;
    if (png_get_text(job->png, job->info, &texts, NULL) > 0)
        job->reader->losses |= LOSS_COMMENTS;
}

/* ---------------------------------------------------------------------------------------------- samples */

static void open_png(png_job *job)
{
    job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    job->info = job->png ? png_create_info_struct(job->png) : NULL;
    if (!job->info)
        leave(job, picture_fail_memory(job->reader));
    png_set_read_fn(job->png, job, on_read);
    png_set_read_user_chunk_fn(job->png, job, on_chunk);
    png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_ALWAYS, (png_const_bytep)raw_chunks, N_RAW_CHUNKS);
    /* Our own limits come after the header, with our own message. */
    png_set_user_limits(job->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    /* What a compressed chunk may inflate to. */
    png_set_chunk_malloc_max(job->png, GHM_MAX_METADATA_BYTES);
    png_read_info(job->png, job->info);
}

static bool is_metadata(const uint8_t *type)
{
    for (size_t i = 0; i < N_RAW_CHUNKS; i++)
        if (memcmp(type, raw_chunks + 5 * i, 4) == 0)
            return true;
    return false;
}

/* A chunk that says it is longer than the file would have libpng allocate that much before it misses the data. And
 * metadata behind the samples are as good as before them: they are noted here, in time. */
static void walk_chunks(png_job *job)
{
    source *s = job->reader->source;
    bool samples = false;
    uint8_t head[8] = { 0 };
    for (uint64_t at = 8; s->size - at >= 12 && memcmp(head + 4, "IEND", 4) != 0;) {
        size_t got;
        source_seek(s, at);
        const exit_code code = source_read(s, head, sizeof head, &got);
        if (code != EXIT_OK)
            leave(job, code);
        const uint64_t length = png_get_uint_32(head);
        if (got < sizeof head || (length > s->size - at - 12 && memcmp(head + 4, "IEND", 4) != 0))
            leave(job, fail(EXIT_BAD_INPUT, s->label, "damaged PNG: the file ends early"));
        samples = samples || memcmp(head + 4, "IDAT", 4) == 0;
        job->reader->metadata_follow |= samples && is_metadata(head + 4);
        at += length + 12;
    }
    source_seek(s, 0);
}

/* Before png_read_update_info(), which allocates rows as wide as the header says. */
static void check_size(png_job *job)
{
    const exit_code code = picture_describe(job->reader, png_get_image_width(job->png, job->info),
                                            png_get_image_height(job->png, job->info), GHM_RGBA, 16);
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
    const ghm_image *image = &job->reader->image;
    png_set_expand(job->png);
    if (png_get_bit_depth(job->png, job->info) == 16 && is_little_endian())
        png_set_swap(job->png);
    png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    const exit_code code = picture_describe(job->reader, image->width, image->height,
                                            (ghm_components)png_get_channels(job->png, job->info),
                                            png_get_bit_depth(job->png, job->info));
    if (code != EXIT_OK)
        leave(job, code);
}

static void read_rows(png_job *job)
{
    for (size_t y = 0; y < job->to->height; y++)
        png_read_row(job->png, job->to->planes[0] + y * job->to->row_stride, NULL);
}

static void finish(png_job *job)
{
    png_read_end(job->png, job->info);
    if (job->reader->metadata_follow)
        keep_gamma(job);
    find_comments(job);
}

/* Each pass has some of the pixels of rows all over the picture. */
static void read_interlaced(png_job *job)
{
    ghm_image *image = &job->reader->image;
    const exit_code code = picture_alloc(job->reader, image->width, image->height, ghm_image_components(image),
                                         image->bit_depth);
    if (code != EXIT_OK)
        leave(job, code);
    job->rows = malloc(image->height * sizeof *job->rows);
    if (!job->rows)
        leave(job, picture_fail_memory(job->reader));
    for (size_t y = 0; y < image->height; y++)
        job->rows[y] = image->planes[0] + y * image->row_stride;
    png_read_image(job->png, job->rows);
    finish(job);
}

static void start(png_job *job)
{
    walk_chunks(job);
    open_png(job);
    check_size(job);
    choose_transforms(job);
    if (!job->reader->metadata_follow)
        keep_gamma(job);
    if (png_get_interlace_type(job->png, job->info) != PNG_INTERLACE_NONE)
        read_interlaced(job);
}

/* The setjmp() stands alone in a function that changes nothing of its own. */
static exit_code guarded(png_job *job, void (*step)(png_job *))
{
    if (setjmp(job->escape) == 0)
        step(job);
    return job->code;
}

static void png_close(picture_reader *r)
{
    png_job *job = r->state;
    png_destroy_read_struct(&job->png, &job->info, NULL);
    free(job->rows);
    free(job);
    r->state = NULL;
}

static exit_code png_open(picture_reader *r)
{
    png_job *job = r->state = calloc(1, sizeof *job);
    if (!job)
        return picture_fail_memory(r);
    job->reader = r;
    const exit_code code = guarded(job, start);
    if (r->image.owned)
        png_close(r);
    return code;
}

static exit_code png_next_rows(picture_reader *r, const ghm_image *to)
{
    png_job *job = r->state;
    job->to = to;
    return guarded(job, read_rows);
}

static exit_code png_finish(picture_reader *r)
{
    return guarded(r->state, finish);
}

static bool png_probe(const uint8_t *data, size_t size)
{
    return size >= 8 && png_sig_cmp(data, 0, 8) == 0;
}

const reader png_reader = { "PNG", true, png_probe, png_open, png_next_rows, png_finish, png_close };
