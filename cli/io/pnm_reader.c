/* pnm_reader.c - Netpbm's PGM and PPM, binary (P5, P6) and plain (P2, P3), with any maxval up to 65535. */
#include <string.h>

#include "io/reader.h"
#include "message.h"

typedef struct pnm {
    const uint8_t *p, *end;
    uint64_t width, height;
    uint32_t maxval;
    unsigned n_components;
    bool plain;
} pnm;

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* White space and comments, which run from '#' to the end of the line. */
static void skip_blanks(pnm *f)
{
    while (f->p < f->end && (is_space(*f->p) || *f->p == '#')) {
        if (*f->p == '#') {
            const uint8_t *newline = memchr(f->p, '\n', (size_t)(f->end - f->p));
            f->p = newline ? newline : f->end - 1;
        }
        f->p++;
    }
}

/* A decimal number of at most 9 digits after blanks. */
static bool parse_number(pnm *f, uint64_t *number)
{
    skip_blanks(f);
    const uint8_t *start = f->p;
    for (*number = 0; f->p < f->end && *f->p >= '0' && *f->p <= '9' && f->p - start < 9; f->p++)
        *number = *number * 10 + (uint64_t)(*f->p - '0');
    return f->p > start && (f->p == f->end || is_space(*f->p) || *f->p == '#');
}

static bool parse_header(pnm *f)
{
    uint64_t maxval;
    f->plain = f->p[1] == '2' || f->p[1] == '3';
    f->n_components = f->p[1] == '3' || f->p[1] == '6' ? 3 : 1;
    f->p += 2;
    if (!parse_number(f, &f->width) || !parse_number(f, &f->height) || !parse_number(f, &maxval))
        return false;
    if (maxval < 1 || maxval > 65535 || f->p == f->end)
        return false;
    f->maxval = (uint32_t)maxval;
    f->p++; /* the one blank before binary samples */
    return true;
}

static size_t bytes_per_sample(const pnm *f)
{
    return f->maxval > 255 ? 2 : 1;
}

/* The next sample scaled to 0..255. The caller has checked that binary ones are there. */
static bool parse_sample(pnm *f, uint8_t *sample)
{
    uint64_t value;
    if (f->plain) {
        if (!parse_number(f, &value))
            return false;
    } else {
        value = *f->p++;
        if (bytes_per_sample(f) == 2)
            value = value << 8 | *f->p++;
    }
    if (value > f->maxval)
        return false;
    *sample = (uint8_t)((value * 255 + f->maxval / 2) / f->maxval);
    return true;
}

static bool parse_row(pnm *f, uint8_t *row, size_t width)
{
    for (size_t x = 0; x < width; x++, row += 3) {
        for (unsigned c = 0; c < f->n_components; c++)
            if (!parse_sample(f, row + c))
                return false;
        if (f->n_components == 1)
            row[1] = row[2] = row[0];
    }
    return true;
}

/* A plain sample takes a digit and a blank, but for the last blank. */
static bool samples_fit(const pnm *f)
{
    const uint64_t n_samples = f->width * f->height * f->n_components;
    const uint64_t needed = f->plain ? 2 * n_samples - 1 : n_samples * bytes_per_sample(f);
    return needed <= (uint64_t)(f->end - f->p);
}

static exit_code parse_samples(pnm *f, const picture_source *source, ghm_image *image)
{
    if (!samples_fit(f))
        return fail(EXIT_BAD_INPUT, source->label, "damaged PNM: the file ends early");
    for (uint32_t y = 0; y < image->height; y++)
        if (!parse_row(f, image->planes[0] + y * image->row_stride, image->width))
            return fail(EXIT_BAD_INPUT, source->label, "damaged PNM: a sample in row %u is missing or above %u", y,
                        f->maxval);
    return EXIT_OK;
}

/* Samples that lie in the file as an image wants them: a large picture need not be in memory twice. */
static bool is_rgb8(const pnm *f)
{
    return f->n_components == 3 && f->maxval == 255 && !f->plain;
}

static exit_code keep_samples(pnm *f, const picture_source *source, ghm_image *image)
{
    const exit_code code = picture_check(source, f->width, f->height);
    if (code != EXIT_OK)
        return code;
    if (!samples_fit(f))
        return fail(EXIT_BAD_INPUT, source->label, "damaged PNM: the file ends early");
    uint8_t *samples = *source->owner + (f->p - source->data);
    *image = (ghm_image){ .width = (uint32_t)f->width, .height = (uint32_t)f->height,
                          .planes = { samples, samples + 1, samples + 2 }, .row_stride = 3 * (size_t)f->width,
                          .pixel_stride = 3, .owned = *source->owner };
    *source->owner = NULL;
    f->p += 3 * f->width * f->height;
    return EXIT_OK;
}

static exit_code copy_samples(pnm *f, const picture_source *source, ghm_image *image)
{
    exit_code code = picture_alloc(source, f->width, f->height, image);
    if (code != EXIT_OK)
        return code;
    code = parse_samples(f, source, image);
    if (code != EXIT_OK)
        ghm_image_free(image);
    return code;
}

static exit_code pnm_read(const picture_source *source, picture *out)
{
    pnm f = { .p = source->data, .end = source->data + source->size };
    if (!parse_header(&f))
        return fail(EXIT_BAD_INPUT, source->label, "damaged PNM: the header is not width, height, maxval up to 65535");
    const exit_code code = is_rgb8(&f) ? keep_samples(&f, source, &out->image) : copy_samples(&f, source, &out->image);
    if (code != EXIT_OK)
        return code;
    out->deep = f.maxval > 255;
    skip_blanks(&f);
    if (f.p < f.end && *f.p == 'P') /* Netpbm files may be concatenated */
        out->metadata |= METADATA_ANIMATION;
    return EXIT_OK;
}

static bool pnm_probe(const uint8_t *data, size_t size)
{
    return size >= 3 && data[0] == 'P' && strchr("2356", data[1]) && data[1] && (is_space(data[2]) || data[2] == '#');
}

const reader pnm_reader = { "PNM", pnm_probe, pnm_read };
