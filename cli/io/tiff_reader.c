/* tiff_reader.c - TIFF, by libtiff: grey and RGB of 8 to 16 bits as they are, by rows or rows of tiles; all else as 8-bit RGB
 * by libtiff's own conversion, whole. */
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "io/convert.h"
#include "io/reader.h"
#include "message.h"

typedef struct tiff_job {
    picture_reader *reader;
    TIFF *tiff;
    uint32_t width, height;
    uint16_t bits, samples, photometric, planar, format, orientation;
    uint16_t n_extra, extra; /* samples beyond the colours: how many, and what the first is */
    exit_code code;          /* unless EXIT_OK, why has been said */
    char passed_over[512];   /* what libtiff found wrong while it opened the file, but could do without */
    uint32_t row;            /* the next */
    size_t pixel_bytes;
    uint8_t *scanline; /* a row as the file has it, unless that is how it is wanted */
    uint32_t tile_width, tile_height;
    uint8_t *tile, *tile_rows; /* a tile as the file has it, and all of a row of them */
} tiff_job;

/* ---------------------------------------------------------------------------------------------- bytes */

/* Some of libtiff's sentences begin with the name of the file, as ours do. */
static const char *without_label(const tiff_job *job, const char *sentence)
{
    const size_t length = strlen(job->reader->source->label);
    const bool labelled = strncmp(sentence, job->reader->source->label, length) == 0 && strncmp(sentence + length, ": ", 2) == 0;
    return labelled ? sentence + length + 2 : sentence;
}

static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    tiff_job *job = user;
    char text[512];
    (void)tiff;
    (void)module;
    vsnprintf(text, sizeof text, format, args);
    const char *sentence = without_label(job, text);
    if (!job->tiff)
        snprintf(job->passed_over, sizeof job->passed_over, "%s", sentence);
    else if (job->code == EXIT_OK)
        job->code = fail(EXIT_BAD_INPUT, job->reader->source->label, "damaged or unsupported TIFF: %s", sentence);
    return 1;
}

static int on_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    const tiff_job *job = user;
    char sentence[256];
    (void)tiff;
    (void)module;
    vsnprintf(sentence, sizeof sentence, format, args);
    if (strstr(sentence, "tag ignored"))
        job->reader->losses |= LOSS_METADATA;
    note(job->reader->source->label, "TIFF: %s", sentence);
    return 1;
}

static tmsize_t on_read(thandle_t user, void *to, tmsize_t size)
{
    tiff_job *job = (tiff_job *)user;
    size_t got = 0;
    const exit_code code = source_read(job->reader->source, to, (size_t)size, &got);
    if (job->code == EXIT_OK)
        job->code = code;
    return code == EXIT_OK ? (tmsize_t)got : -1;
}

static tmsize_t on_write(thandle_t user, void *from, tmsize_t size)
{
    (void)user;
    (void)from;
    (void)size;
    return -1;
}

static toff_t on_seek(thandle_t user, toff_t offset, int whence)
{
    tiff_job *job = (tiff_job *)user;
    source *s = job->reader->source;
    source_seek(s, offset + (whence == SEEK_CUR ? source_position(s) : whence == SEEK_END ? s->size : 0));
    return source_position(s);
}

static int on_close(thandle_t user)
{
    (void)user;
    return 0;
}

static toff_t on_size(thandle_t user)
{
    return ((const tiff_job *)user)->reader->source->size;
}

static void open_tiff(tiff_job *job)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, job);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, job);
    /* "m": no mapping, so that all reading goes through on_read(). */
    job->tiff = TIFFClientOpenExt(job->reader->source->label, "rm", job, on_read, on_write, on_seek, on_close, on_size, NULL, NULL,
                                  options);
    TIFFOpenOptionsFree(options);
    if (job->tiff && job->passed_over[0])
        warn(job->reader->source->label, "TIFF: %s; it is passed over", job->passed_over);
}

/* ---------------------------------------------------------------------------------------------- metadata */

static void keep_tag(tiff_job *job, uint32_t tag, ghm_metadata_kind kind)
{
    uint32_t size = 0;
    const void *data = NULL;
    if (TIFFGetField(job->tiff, tag, &size, &data) && size > 0)
        picture_keep(job->reader, kind, data, size);
}

/* Where IPTC lies among Photoshop's resources, which the streams carry; its size, and a 0 if that is odd, follow. */
static const uint8_t iptc_resource[8] = { '8', 'B', 'I', 'M', 4, 4, 0, 0 };

static bool has_iptc_resource(const ghm_buffer *resources)
{
    for (size_t i = 0; i + sizeof iptc_resource <= resources->size; i++)
        if (memcmp(resources->data + i, iptc_resource, sizeof iptc_resource) == 0)
            return true;
    return false;
}

static bool append_iptc(ghm_metadata *metadata, const uint8_t *data, uint32_t size)
{
    const uint8_t bytes[4] = { (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size };
    return metadata_append(metadata, GHM_METADATA_IPTC, iptc_resource, sizeof iptc_resource) &&
           metadata_append(metadata, GHM_METADATA_IPTC, bytes, sizeof bytes) &&
           metadata_append(metadata, GHM_METADATA_IPTC, data, size) &&
           (size % 2 == 0 || metadata_append(metadata, GHM_METADATA_IPTC, "", 1));
}

/* IPTC alone, in a tag of bytes by rights. Many a program says that they are 32-bit words, which libtiff then puts into the
 * order of this machine: the first byte of IPTC, 28, tells. */
static void keep_iptc(tiff_job *job)
{
    enum { IPTC_MARKER = 28 };
    uint32_t size = 0;
    uint8_t *data = NULL;
    if (TIFFFieldSetGetSize(TIFFFieldWithTag(job->tiff, TIFFTAG_RICHTIFFIPTC)) != 1 ||
        !TIFFGetField(job->tiff, TIFFTAG_RICHTIFFIPTC, &size, &data) || size == 0 ||
        has_iptc_resource(&job->reader->metadata.kinds[GHM_METADATA_IPTC]))
        return;
    if (size % 4 == 0 && data[0] != IPTC_MARKER && data[3] == IPTC_MARKER)
        TIFFSwabArrayOfLong((uint32_t *)(void *)data, (tmsize_t)(size / 4));
    if (!append_iptc(&job->reader->metadata, data, size))
        job->reader->losses |= LOSS_METADATA;
}

static bool has_tag(const tiff_job *job, uint32_t tag)
{
    uint64_t value; /* an offset, or a pointer */
    return TIFFGetField(job->tiff, tag, &value) == 1;
}

/* What would be Exif elsewhere, and what PNG has as comments. */
static void note_lost_tags(tiff_job *job)
{
    static const uint32_t camera[] = { TIFFTAG_EXIFIFD, TIFFTAG_GPSIFD, TIFFTAG_MAKE, TIFFTAG_MODEL };
    static const uint32_t comments[] = { TIFFTAG_IMAGEDESCRIPTION, TIFFTAG_SOFTWARE, TIFFTAG_DATETIME, TIFFTAG_ARTIST,
                                         TIFFTAG_COPYRIGHT };
    for (size_t i = 0; i < sizeof camera / sizeof *camera; i++)
        if (has_tag(job, camera[i]))
            job->reader->losses |= LOSS_TIFF_EXIF;
    for (size_t i = 0; i < sizeof comments / sizeof *comments; i++)
        if (has_tag(job, comments[i]))
            job->reader->losses |= LOSS_COMMENTS;
}

static void keep_metadata(tiff_job *job)
{
    keep_tag(job, TIFFTAG_ICCPROFILE, GHM_METADATA_ICC);
    keep_tag(job, TIFFTAG_XMLPACKET, GHM_METADATA_XMP);
    keep_tag(job, TIFFTAG_PHOTOSHOP, GHM_METADATA_IPTC);
    keep_iptc(job);
    note_lost_tags(job);
    if (!TIFFLastDirectory(job->tiff))
        job->reader->losses |= LOSS_PICTURES;
}

/* ---------------------------------------------------------------------------------------------- samples */

static void read_fields(tiff_job *job)
{
    uint16_t *extras = NULL;
    TIFFGetField(job->tiff, TIFFTAG_IMAGEWIDTH, &job->width);
    TIFFGetField(job->tiff, TIFFTAG_IMAGELENGTH, &job->height);
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_BITSPERSAMPLE, &job->bits);
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_SAMPLESPERPIXEL, &job->samples);
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_PLANARCONFIG, &job->planar);
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_SAMPLEFORMAT, &job->format);
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_ORIENTATION, &job->orientation);
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_EXTRASAMPLES, &job->n_extra, &extras);
    if (!TIFFGetField(job->tiff, TIFFTAG_PHOTOMETRIC, &job->photometric))
        job->photometric = PHOTOMETRIC_MINISBLACK;
    job->extra = job->n_extra > 0 ? extras[0] : EXTRASAMPLE_UNSPECIFIED;
}

/* Camera raw files are TIFF with a preview first; taking that for the picture would lose nearly all of it. */
static exit_code check_kind(const tiff_job *job)
{
    uint32_t subfile = 0;
    TIFFGetFieldDefaulted(job->tiff, TIFFTAG_SUBFILETYPE, &subfile);
    if (subfile & FILETYPE_REDUCEDIMAGE)
        return fail(EXIT_BAD_INPUT, job->reader->source->label, "begins with a preview, as camera raw files do; develop it first");
    if (job->format != SAMPLEFORMAT_UINT && job->format != SAMPLEFORMAT_VOID)
        return fail(EXIT_BAD_INPUT, job->reader->source->label, "is a TIFF of signed or floating-point samples");
    if (job->n_extra > 1 || (job->n_extra == 1 && job->extra == EXTRASAMPLE_UNSPECIFIED))
        return fail(EXIT_BAD_INPUT, job->reader->source->label, "is a TIFF of more channels than colours and alpha");
    return EXIT_OK;
}

static bool is_grey(const tiff_job *job)
{
    return job->photometric == PHOTOMETRIC_MINISBLACK || job->photometric == PHOTOMETRIC_MINISWHITE;
}

static bool is_plain(const tiff_job *job)
{
    const bool grey = is_grey(job);
    return (grey || job->photometric == PHOTOMETRIC_RGB) && job->bits >= 8 && job->bits <= 16 &&
           job->planar == PLANARCONFIG_CONTIG && job->samples == (grey ? 1 : 3) + job->n_extra;
}

static exit_code fail_reading(const tiff_job *job)
{
    const char *label = job->reader->source->label;
    if (job->code != EXIT_OK)
        return job->code;
    if (!job->tiff && job->passed_over[0])
        return fail(EXIT_BAD_INPUT, label, "damaged or unsupported TIFF: %s", job->passed_over);
    return fail(EXIT_BAD_INPUT, label, "damaged TIFF");
}

/* Samples of 9 to 15 bits lie without gaps, from the highest bit of a byte on. */
static bool is_packed(const tiff_job *job)
{
    return job->bits > 8 && job->bits < 16;
}

/* Of `width` pixels, as the file has them and as they are wanted. */
static size_t packed_bytes(const tiff_job *job, size_t width)
{
    return (width * job->samples * job->bits + 7) / 8;
}

static size_t row_bytes(const tiff_job *job)
{
    return job->width * job->pixel_bytes;
}

static void unpack(const tiff_job *job, const uint8_t *from, uint8_t *to, size_t n_samples)
{
    uint16_t *samples = (uint16_t *)(void *)to;
    uint32_t bits = 0; /* the lowest n_bits are still to be used */
    unsigned n_bits = 0;
    for (size_t i = 0; i < n_samples; i++) {
        for (; n_bits < job->bits; n_bits += 8)
            bits = bits << 8 | *from++;
        n_bits -= job->bits;
        samples[i] = (uint16_t)(bits >> n_bits & ((1u << job->bits) - 1));
    }
}

static void copy_pixels(const tiff_job *job, const uint8_t *from, uint8_t *to, size_t width)
{
    if (is_packed(job))
        unpack(job, from, to, width * job->samples);
    else
        memcpy(to, from, width * job->pixel_bytes);
}

static exit_code open_scanlines(tiff_job *job)
{
    const size_t bytes = packed_bytes(job, job->width);
    if ((uint64_t)TIFFScanlineSize64(job->tiff) != bytes)
        return fail_reading(job);
    if (!is_packed(job))
        return EXIT_OK;
    job->scanline = malloc(bytes);
    return job->scanline ? EXIT_OK : picture_fail_memory(job->reader);
}

static exit_code read_scanlines(tiff_job *job, const ghm_image *to)
{
    for (uint32_t y = 0; y < to->height; y++, job->row++) {
        uint8_t *row = to->planes[0] + y * to->row_stride;
        if (TIFFReadScanline(job->tiff, job->scanline ? job->scanline : row, job->row, 0) != 1)
            return fail_reading(job);
        if (job->scanline)
            copy_pixels(job, job->scanline, row, job->width);
    }
    return EXIT_OK;
}

static exit_code open_tiles(tiff_job *job)
{
    TIFFGetField(job->tiff, TIFFTAG_TILEWIDTH, &job->tile_width);
    TIFFGetField(job->tiff, TIFFTAG_TILELENGTH, &job->tile_height);
    const tmsize_t size = TIFFTileSize(job->tiff);
    const size_t tile_row = packed_bytes(job, job->tile_width);
    const uint32_t most = 2 * 65536;
    /* Tiles much larger than the picture are a way to ask for memory. */
    if (job->tile_width == 0 || job->tile_height == 0 || job->tile_width > most || job->tile_height > most ||
        (uint64_t)job->tile_width * job->tile_height > job->reader->settings.limit_pixels ||
        (uint64_t)size != tile_row * job->tile_height)
        return fail_reading(job);
    const uint32_t rows = job->tile_height < job->height ? job->tile_height : job->height;
    job->tile = malloc((size_t)size);
    job->tile_rows = malloc(rows * row_bytes(job));
    return job->tile && job->tile_rows ? EXIT_OK : picture_fail_memory(job->reader);
}

/* One tile, cut at the right and at the bottom of the picture. */
static void place_tile(const tiff_job *job, uint32_t x)
{
    const size_t tile_row = packed_bytes(job, job->tile_width), left = x * job->pixel_bytes;
    const size_t width = job->tile_width < job->width - x ? job->tile_width : job->width - x;
    for (uint32_t i = 0; i < job->tile_height && job->row + i < job->height; i++)
        copy_pixels(job, job->tile + i * tile_row, job->tile_rows + i * row_bytes(job) + left, width);
}

static exit_code read_row_of_tiles(tiff_job *job)
{
    for (uint32_t x = 0; x < job->width; x += job->tile_width) {
        if (TIFFReadTile(job->tiff, job->tile, x, job->row, 0, 0) < 0)
            return fail_reading(job);
        place_tile(job, x);
    }
    return EXIT_OK;
}

static exit_code read_tiled_rows(tiff_job *job, const ghm_image *to)
{
    exit_code code = EXIT_OK;
    for (uint32_t y = 0; y < to->height && code == EXIT_OK; y++, job->row++) {
        const uint32_t within = job->row % job->tile_height;
        if (within == 0)
            code = read_row_of_tiles(job);
        memcpy(to->planes[0] + y * to->row_stride, job->tile_rows + within * row_bytes(job), row_bytes(job));
    }
    return code;
}

/* Grey is the first sample. */
static void invert(const ghm_image *image)
{
    const size_t n = image->row_stride * image->height, step = image->pixel_stride;
    const uint16_t max = (uint16_t)((1u << image->bit_depth) - 1);
    for (uint8_t *p = image->planes[0]; p < image->planes[0] + n; p += step) {
        if (image->bit_depth > 8)
            *(uint16_t *)(void *)p ^= max;
        else
            *p ^= 0xff;
    }
}

static exit_code open_plain(tiff_job *job)
{
    const exit_code code = picture_describe(job->reader, job->width, job->height, (ghm_components)job->samples, job->bits);
    if (code != EXIT_OK)
        return code;
    job->pixel_bytes = job->reader->image.pixel_stride;
    return TIFFIsTiled(job->tiff) ? open_tiles(job) : open_scanlines(job);
}

static exit_code tiff_read_rows(picture_reader *r, const ghm_image *to)
{
    tiff_job *job = r->state;
    const exit_code read = TIFFIsTiled(job->tiff) ? read_tiled_rows(job, to) : read_scanlines(job, to);
    if (read == EXIT_OK && job->photometric == PHOTOMETRIC_MINISWHITE)
        invert(to);
    if (read == EXIT_OK && job->extra == EXTRASAMPLE_ASSOCALPHA)
        convert_divide_by_alpha(to);
    return read;
}

/* Of three equal components one is enough. */
static exit_code make_grey(tiff_job *job)
{
    static const color none = { .given = false };
    ghm_image *image = &job->reader->image;
    ghm_diagnostics diag = { "" };
    image->planes[1] = image->planes[2] = NULL;
    return fail_status(convert_image(image, ghm_image_components(image), 8, &none, &diag), job->reader->source->label, &diag);
}

/* libtiff's conversion is of these only. */
static exit_code check_bits(const tiff_job *job)
{
    const unsigned bits = job->bits;
    if (bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16)
        return EXIT_OK;
    if (is_packed(job))
        return fail(EXIT_BAD_INPUT, job->reader->source->label,
                    "is a TIFF of %u-bit samples, which can be read only where they are grey or RGB in one plane", bits);
    return fail(EXIT_BAD_INPUT, job->reader->source->label,
                "is a TIFF of %u-bit samples; those of 1, 2, 4 and 8 to 16 bits can be read", bits);
}

/* A profile of what samples no longer are, Lab say, is of no use. */
static void drop_foreign_profile(tiff_job *job)
{
    const ghm_buffer *icc = &job->reader->metadata.kinds[GHM_METADATA_ICC];
    const bool fits = icc->size < 20 || memcmp(icc->data + 16, is_grey(job) ? "GRAY" : "RGB ", 4) == 0;
    if (job->photometric == PHOTOMETRIC_SEPARATED)
        job->reader->losses |= LOSS_CMYK;
    else if (!fits)
        job->reader->losses |= LOSS_PROFILE;
    if (job->photometric == PHOTOMETRIC_SEPARATED || !fits)
        metadata_remove(&job->reader->metadata, METADATA_OF(GHM_METADATA_ICC));
}

/* libtiff gives bytes R, G, B, A in the words of a little-endian machine, colours multiplied by alpha. */
static exit_code read_converted(tiff_job *job)
{
    ghm_image *image = &job->reader->image;
    exit_code code = check_bits(job);
    if (code == EXIT_OK)
        code = picture_alloc(job->reader, job->width, job->height, GHM_RGBA, 8);
    if (code != EXIT_OK)
        return code;
    uint32_t *words = (uint32_t *)(void *)image->planes[0];
    if (!TIFFReadRGBAImageOriented(job->tiff, job->width, job->height, words, job->orientation, 1))
        return fail_reading(job);
    for (size_t i = 0; i < (size_t)job->width * job->height; i++) {
        const uint32_t word = words[i];
        const uint8_t pixel[4] = { (uint8_t)TIFFGetR(word), (uint8_t)TIFFGetG(word), (uint8_t)TIFFGetB(word),
                                   (uint8_t)TIFFGetA(word) };
        memcpy(&words[i], pixel, sizeof pixel);
    }
    convert_divide_by_alpha(image);
    if (job->bits > 8)
        job->reader->losses |= LOSS_DEPTH;
    drop_foreign_profile(job);
    return is_grey(job) ? make_grey(job) : EXIT_OK;
}

static exit_code start(tiff_job *job)
{
    open_tiff(job);
    if (!job->tiff)
        return fail_reading(job);
    read_fields(job);
    job->reader->orientation = job->orientation; /* it is not in Exif, and nothing else would carry it */
    exit_code code = check_kind(job);
    if (code == EXIT_OK)
        code = picture_describe(job->reader, job->width, job->height, GHM_RGBA, 8);
    if (code != EXIT_OK)
        return code;
    keep_metadata(job);
    return is_plain(job) ? open_plain(job) : read_converted(job);
}

static void tiff_close(picture_reader *r)
{
    tiff_job *job = r->state;
    if (job->tiff)
        TIFFClose(job->tiff);
    free(job->scanline);
    free(job->tile);
    free(job->tile_rows);
    free(job);
    r->state = NULL;
}

static exit_code tiff_open(picture_reader *r)
{
    tiff_job *job = r->state = calloc(1, sizeof *job);
    if (!job)
        return picture_fail_memory(r);
    job->reader = r;
    const exit_code code = start(job);
    if (r->image.owned)
        tiff_close(r);
    return code;
}

static exit_code tiff_finish(picture_reader *r)
{
    (void)r;
    return EXIT_OK;
}

static bool tiff_probe(const uint8_t *data, size_t size)
{
    return size >= 8 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0 ||
                         memcmp(data, "II+\0", 4) == 0 || memcmp(data, "MM\0+", 4) == 0);
}

const reader tiff_reader = { "TIFF", true, tiff_probe, tiff_open, tiff_read_rows, tiff_finish, tiff_close };
