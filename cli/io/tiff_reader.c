/* tiff_reader.c - TIFF, by libtiff: grey and RGB of 8 and 16 bits as they are, all else as 8-bit RGB by libtiff's own
 * conversion. */
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "io/convert.h"
#include "io/reader.h"
#include "message.h"

typedef struct tiff_job {
    const picture_source *source;
    picture *out;
    uint64_t position; /* in source->data */
    TIFF *tiff;
    uint32_t width, height;
    uint16_t bits, samples, photometric, planar, format, orientation;
    uint16_t n_extra, extra; /* samples beyond the colours: how many, and what the first is */
    bool failed;             /* libtiff has said why */
} tiff_job;

/* ---------------------------------------------------------------------------------------------- bytes */

static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    tiff_job *job = user;
    char sentence[256];
    (void)tiff;
    (void)module;
    vsnprintf(sentence, sizeof sentence, format, args);
    if (!job->failed)
        fail(EXIT_BAD_INPUT, job->source->label, "damaged or unsupported TIFF: %s", sentence);
    job->failed = true;
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
        job->out->losses |= LOSS_METADATA;
    note(job->source->label, "TIFF: %s", sentence);
    return 1;
}

static tmsize_t on_read(thandle_t user, void *to, tmsize_t size)
{
    tiff_job *job = (tiff_job *)user;
    const uint64_t left = job->position < job->source->size ? job->source->size - job->position : 0;
    const size_t n = (uint64_t)size < left ? (size_t)size : (size_t)left;
    if (n > 0)
        memcpy(to, job->source->data + job->position, n);
    job->position += n;
    return (tmsize_t)n;
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
    job->position = offset + (whence == SEEK_CUR ? job->position : whence == SEEK_END ? job->source->size : 0);
    return job->position;
}

static int on_close(thandle_t user)
{
    (void)user;
    return 0;
}

static toff_t on_size(thandle_t user)
{
    return ((const tiff_job *)user)->source->size;
}

static void open_tiff(tiff_job *job)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, job);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, job);
    /* "m": no mapping, so that all reading goes through on_read(). */
    job->tiff = TIFFClientOpenExt(job->source->label, "rm", job, on_read, on_write, on_seek, on_close, on_size, NULL, NULL,
                                  options);
    TIFFOpenOptionsFree(options);
}

/* ---------------------------------------------------------------------------------------------- metadata */

static void keep_tag(tiff_job *job, uint32_t tag, ghm_metadata_kind kind)
{
    uint32_t size = 0;
    const void *data = NULL;
    if (TIFFGetField(job->tiff, tag, &size, &data) && size > 0)
        picture_keep(job->out, kind, data, size);
}

static void keep_metadata(tiff_job *job)
{
    toff_t exif = 0;
    keep_tag(job, TIFFTAG_ICCPROFILE, GHM_METADATA_ICC);
    keep_tag(job, TIFFTAG_XMLPACKET, GHM_METADATA_XMP);
    keep_tag(job, TIFFTAG_PHOTOSHOP, GHM_METADATA_IPTC);
    if (TIFFGetField(job->tiff, TIFFTAG_EXIFIFD, &exif))
        job->out->losses |= LOSS_TIFF_EXIF;
    if (!TIFFLastDirectory(job->tiff))
        job->out->losses |= LOSS_PICTURES;
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
        return fail(EXIT_BAD_INPUT, job->source->label, "begins with a preview, as camera raw files do; develop it first");
    if (job->format != SAMPLEFORMAT_UINT && job->format != SAMPLEFORMAT_VOID)
        return fail(EXIT_BAD_INPUT, job->source->label, "is a TIFF of signed or floating-point samples");
    if (job->n_extra > 1 || (job->n_extra == 1 && job->extra == EXTRASAMPLE_UNSPECIFIED))
        return fail(EXIT_BAD_INPUT, job->source->label, "is a TIFF of more channels than colours and alpha");
    return EXIT_OK;
}

static bool is_grey(const tiff_job *job)
{
    return job->photometric == PHOTOMETRIC_MINISBLACK || job->photometric == PHOTOMETRIC_MINISWHITE;
}

static bool is_plain(const tiff_job *job)
{
    const bool grey = is_grey(job);
    return (grey || job->photometric == PHOTOMETRIC_RGB) && (job->bits == 8 || job->bits == 16) &&
           job->planar == PLANARCONFIG_CONTIG && job->samples == (grey ? 1 : 3) + job->n_extra;
}

static exit_code fail_reading(const tiff_job *job)
{
    return job->failed ? EXIT_BAD_INPUT : fail(EXIT_BAD_INPUT, job->source->label, "damaged TIFF");
}

static exit_code read_scanlines(tiff_job *job)
{
    const ghm_image *image = &job->out->image;
    if ((uint64_t)TIFFScanlineSize64(job->tiff) != image->row_stride)
        return fail_reading(job);
    for (uint32_t y = 0; y < job->height; y++)
        if (TIFFReadScanline(job->tiff, image->planes[0] + y * image->row_stride, y, 0) != 1)
            return fail_reading(job);
    return EXIT_OK;
}

/* One tile, cut at the right and at the bottom of the picture. */
static void place_tile(const ghm_image *image, const uint8_t *tile, size_t tile_row, uint32_t x, uint32_t y, uint32_t rows)
{
    const size_t left = x * image->pixel_stride;
    const size_t bytes = tile_row < image->row_stride - left ? tile_row : image->row_stride - left;
    for (uint32_t i = 0; i < rows && y + i < image->height; i++)
        memcpy(image->planes[0] + (y + i) * image->row_stride + left, tile + i * tile_row, bytes);
}

static exit_code read_tiles(tiff_job *job)
{
    const ghm_image *image = &job->out->image;
    uint32_t tile_width = 0, tile_height = 0;
    TIFFGetField(job->tiff, TIFFTAG_TILEWIDTH, &tile_width);
    TIFFGetField(job->tiff, TIFFTAG_TILELENGTH, &tile_height);
    const tmsize_t size = TIFFTileSize(job->tiff);
    const size_t tile_row = tile_width * image->pixel_stride;
    /* Tiles much larger than the picture are a way to ask for memory. */
    if (tile_width == 0 || tile_height == 0 || tile_width > 2 * 65536 || tile_height > 2 * 65536 ||
        (uint64_t)tile_width * tile_height > job->source->limit_pixels || (uint64_t)size != tile_row * tile_height)
        return fail_reading(job);
    uint8_t *tile = malloc((size_t)size);
    exit_code code = tile ? EXIT_OK : fail(EXIT_LIMIT, job->source->label, "not enough memory to read it");
    for (uint32_t y = 0; y < job->height && code == EXIT_OK; y += tile_height)
        for (uint32_t x = 0; x < job->width && code == EXIT_OK; x += tile_width) {
            if (TIFFReadTile(job->tiff, tile, x, y, 0, 0) < 0)
                code = fail_reading(job);
            else
                place_tile(image, tile, tile_row, x, y, tile_height);
        }
    free(tile);
    return code;
}

static void invert(const ghm_image *image)
{
    const size_t n = image->row_stride * image->height, step = image->pixel_stride;
    for (size_t i = 0; i < n; i += step) /* grey is the first sample, in either size */
        for (size_t j = 0; j < (image->bit_depth > 8 ? 2u : 1u); j++)
            image->planes[0][i + j] ^= 0xff;
}

static exit_code read_plain(tiff_job *job)
{
    const exit_code code = picture_alloc(job->source, job->width, job->height, (ghm_components)job->samples, job->bits,
                                         &job->out->image);
    if (code != EXIT_OK)
        return code;
    const exit_code read = TIFFIsTiled(job->tiff) ? read_tiles(job) : read_scanlines(job);
    if (read == EXIT_OK && job->photometric == PHOTOMETRIC_MINISWHITE)
        invert(&job->out->image);
    if (read == EXIT_OK && job->extra == EXTRASAMPLE_ASSOCALPHA)
        convert_divide_by_alpha(&job->out->image);
    return read;
}

/* Of three equal components one is enough. */
static exit_code make_grey(tiff_job *job)
{
    static const color none = { .given = false };
    ghm_image *image = &job->out->image;
    ghm_diagnostics diag = { "" };
    image->planes[1] = image->planes[2] = NULL;
    return fail_status(convert_image(image, ghm_image_components(image), 8, &none, &diag), job->source->label, &diag);
}

/* libtiff gives bytes R, G, B, A in the words of a little-endian machine, colours multiplied by alpha. */
static exit_code read_converted(tiff_job *job)
{
    ghm_image *image = &job->out->image;
    const exit_code code = picture_alloc(job->source, job->width, job->height, GHM_RGBA, 8, image);
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
        job->out->losses |= LOSS_DEPTH;
    if (job->photometric == PHOTOMETRIC_SEPARATED)
        job->out->losses |= LOSS_CMYK;
    return is_grey(job) ? make_grey(job) : EXIT_OK;
}

/* TIFF's own orientation is not in Exif, and nothing else would carry it. */
static exit_code turn_upright(tiff_job *job)
{
    ghm_diagnostics diag = { "" };
    const ghm_status status = convert_orientation(job->orientation, &job->out->image, &diag);
    if (status == GHM_OK && job->orientation >= 2 && job->orientation <= 8)
        note(job->source->label, "the TIFF's orientation %u is applied to the pixels", job->orientation);
    return fail_status(status, job->source->label, &diag);
}

static exit_code read_tiff(tiff_job *job)
{
    open_tiff(job);
    if (!job->tiff)
        return fail_reading(job);
    read_fields(job);
    exit_code code = check_kind(job);
    if (code == EXIT_OK)
        code = picture_check(job->source, job->width, job->height);
    if (code == EXIT_OK) {
        keep_metadata(job);
        code = is_plain(job) ? read_plain(job) : read_converted(job);
    }
    return code == EXIT_OK ? turn_upright(job) : code;
}

static exit_code tiff_read(const picture_source *source, picture *out)
{
    tiff_job job = { .source = source, .out = out };
    const exit_code code = read_tiff(&job);
    if (job.tiff)
        TIFFClose(job.tiff);
    if (job.photometric == PHOTOMETRIC_SEPARATED) /* the profile is of inks */
        metadata_remove(&out->metadata, METADATA_OF(GHM_METADATA_ICC));
    return code;
}

static bool tiff_probe(const uint8_t *data, size_t size)
{
    return size >= 8 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0 ||
                         memcmp(data, "II+\0", 4) == 0 || memcmp(data, "MM\0+", 4) == 0);
}

const reader tiff_reader = { "TIFF", tiff_probe, tiff_read };
