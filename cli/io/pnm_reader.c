/* pnm_reader.c - Netpbm's PGM and PPM, binary (P5, P6) and plain (P2, P3), and PAM (P7), with any maxval up to 65535. */
#include <string.h>

#include "io/reader.h"
#include "message.h"

typedef struct pnm {
    const uint8_t *p, *end;
    uint64_t width, height;
    uint32_t maxval;
    unsigned n_components; /* of a ghm_components, which it is */
    unsigned bit_depth;    /* the fewest bits, from 8 on, that hold maxval */
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

static bool begins_with(const pnm *f, const char *word)
{
    const size_t length = strlen(word);
    return (size_t)(f->end - f->p) > length && memcmp(f->p, word, length) == 0 && is_space(f->p[length]);
}

static void skip_line(pnm *f)
{
    while (f->p < f->end && *f->p != '\n')
        f->p++;
}

typedef struct named_number {
    const char *name;
    uint64_t *value;
} named_number;

static bool parse_named_number(pnm *f, const named_number *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (begins_with(f, numbers[i].name)) {
            f->p += strlen(numbers[i].name);
            return parse_number(f, numbers[i].value);
        }
    return false;
}

/* P7's header is lines of a name and a value up to ENDHDR; of the tuple type the depth says enough. */
static bool parse_pam_header(pnm *f, uint64_t *maxval)
{
    uint64_t depth = 0;
    const named_number numbers[] = {
        { "WIDTH", &f->width }, { "HEIGHT", &f->height }, { "DEPTH", &depth }, { "MAXVAL", maxval }
    };
    f->p += 2;
    for (skip_blanks(f); !begins_with(f, "ENDHDR"); skip_blanks(f)) {
        if (begins_with(f, "TUPLTYPE"))
            skip_line(f);
        else if (!parse_named_number(f, numbers, sizeof numbers / sizeof *numbers))
            return false;
    }
    f->p += strlen("ENDHDR");
    f->n_components = depth <= 4 ? (unsigned)depth : 0;
    return f->n_components > 0;
}

static bool parse_pnm_header(pnm *f, uint64_t *maxval)
{
    f->plain = f->p[1] == '2' || f->p[1] == '3';
    f->n_components = f->p[1] == '3' || f->p[1] == '6' ? 3 : 1;
    f->p += 2;
    return parse_number(f, &f->width) && parse_number(f, &f->height) && parse_number(f, maxval);
}

static bool parse_header(pnm *f)
{
    uint64_t maxval = 0;
    if (!(f->p[1] == '7' ? parse_pam_header(f, &maxval) : parse_pnm_header(f, &maxval)))
        return false;
    if (maxval < 1 || maxval > 65535 || f->p == f->end)
        return false;
    f->maxval = (uint32_t)maxval;
    for (f->bit_depth = 8; f->maxval >> f->bit_depth;)
        f->bit_depth++;
    f->p++; /* the one blank before binary samples */
    return true;
}

static size_t bytes_per_sample(const pnm *f)
{
    return f->maxval > 255 ? 2 : 1;
}

/* The next sample, scaled to the whole range of bit_depth. The caller has checked that binary ones are there. */
static bool parse_sample(pnm *f, uint32_t *sample)
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
    const uint64_t max = ((uint64_t)1 << f->bit_depth) - 1;
    *sample = (uint32_t)((value * max + f->maxval / 2) / f->maxval);
    return value <= f->maxval;
}

static bool parse_row(pnm *f, uint8_t *row, size_t n_samples)
{
    uint32_t sample;
    for (size_t i = 0; i < n_samples; i++) {
        if (!parse_sample(f, &sample))
            return false;
        if (f->bit_depth > 8)
            ((uint16_t *)(void *)row)[i] = (uint16_t)sample;
        else
            row[i] = (uint8_t)sample;
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
        if (!parse_row(f, image->planes[0] + y * image->row_stride, (size_t)image->width * f->n_components))
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
    const exit_code code = picture_alloc(source, f->width, f->height, (ghm_components)f->n_components, f->bit_depth, image);
    return code == EXIT_OK ? parse_samples(f, source, image) : code;
}

static exit_code pnm_read(const picture_source *source, picture *out)
{
    pnm f = { .p = source->data, .end = source->data + source->size };
    if (!parse_header(&f))
        return fail(EXIT_BAD_INPUT, source->label, "damaged PNM: the header has no width, height and maxval up to 65535");
    const exit_code code = is_rgb8(&f) ? keep_samples(&f, source, &out->image) : copy_samples(&f, source, &out->image);
    if (code != EXIT_OK)
        return code;
    skip_blanks(&f);
    if (f.p < f.end && *f.p == 'P') /* Netpbm files may be concatenated */
        out->losses |= LOSS_PICTURES;
    return EXIT_OK;
}

static bool pnm_probe(const uint8_t *data, size_t size)
{
    return size >= 3 && data[0] == 'P' && strchr("23567", data[1]) && data[1] && (is_space(data[2]) || data[2] == '#');
}

const reader pnm_reader = { "PNM", pnm_probe, pnm_read };
