/* pnm_reader.c - Netpbm's PBM, PGM and PPM, binary (P4, P5, P6) and plain (P1, P2, P3), and PAM (P7), with any maxval up to
 * 65535. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "io/reader.h"
#include "message.h"

#define MAX_WORD 16

typedef struct pnm {
    source *source;
    const uint8_t *p, *end; /* bytes at hand */
    exit_code code;         /* of reading; unless EXIT_OK, the file seems to end */
    uint64_t width, height;
    uint32_t maxval;
    uint64_t n_components; /* of a ghm_components, which it is */
    unsigned bit_depth;    /* the fewest bits, from 8 on, that hold maxval */
    bool plain, bits;      /* bits: PBM, a bit a pixel, of which 1 is black */
    uint8_t *bytes;        /* a row as the file has it */
} pnm;

/* ---------------------------------------------------------------------------------------------- header */

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next byte, which stays next; -1 at the end. */
static int peek(pnm *f)
{
    size_t size = 0;
    if (f->p == f->end && f->code == EXIT_OK) {
        f->code = source_next(f->source, &f->p, &size);
        f->end = f->p + (f->code == EXIT_OK ? size : 0);
    }
    return f->p < f->end ? *f->p : -1;
}

static void skip_line(pnm *f)
{
    for (int c = peek(f); c >= 0 && c != '\n'; c = peek(f))
        f->p++;
}

/* White space and comments, which run from '#' to the end of the line. */
static void skip_blanks(pnm *f)
{
    for (int c = peek(f); is_space(c) || c == '#'; c = peek(f))
        if (c == '#')
            skip_line(f);
        else
            f->p++;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number of at most 9 digits after blanks. */
static bool parse_number(pnm *f, uint64_t *number)
{
    int n_digits = 0;
    skip_blanks(f);
    for (*number = 0; n_digits < 9 && is_digit(peek(f)); n_digits++)
        *number = *number * 10 + (uint64_t)(*f->p++ - '0');
    const int c = peek(f);
    return n_digits > 0 && (c < 0 || is_space(c) || c == '#');
}

/* Letters up to a blank, after blanks; empty when there are too many, or none. */
static void parse_word(pnm *f, char word[MAX_WORD])
{
    size_t n = 0;
    skip_blanks(f);
    for (int c = peek(f); c >= 0 && !is_space(c) && n < MAX_WORD; c = peek(f)) {
        word[n++] = (char)c;
        f->p++;
    }
    word[n < MAX_WORD ? n : 0] = '\0';
}

typedef struct named_number {
    const char *name;
    uint64_t *value;
} named_number;

static bool parse_named_number(pnm *f, const char *name, const named_number *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, numbers[i].name) == 0)
            return parse_number(f, numbers[i].value);
    return false;
}

/* P7's header is lines of a name and a value up to ENDHDR; of the tuple type the depth says enough. */
static bool parse_pam_header(pnm *f, uint64_t *maxval)
{
    char name[MAX_WORD];
    const named_number numbers[] = {
        { "WIDTH", &f->width }, { "HEIGHT", &f->height }, { "DEPTH", &f->n_components }, { "MAXVAL", maxval }
    };
    for (parse_word(f, name); strcmp(name, "ENDHDR") != 0; parse_word(f, name)) {
        if (strcmp(name, "TUPLTYPE") == 0)
            skip_line(f);
        else if (!parse_named_number(f, name, numbers, sizeof numbers / sizeof *numbers))
            return false;
    }
    return true;
}

static bool parse_pnm_header(pnm *f, char type, uint64_t *maxval)
{
    f->plain = type <= '3';
    f->bits = type == '1' || type == '4';
    f->n_components = type == '3' || type == '6' ? 3 : 1;
    *maxval = 1;
    return parse_number(f, &f->width) && parse_number(f, &f->height) && (f->bits || parse_number(f, maxval));
}

static bool parse_header(pnm *f)
{
    uint64_t maxval = 0;
    (void)peek(f);
    const char type = (char)f->p[1]; /* which pnm_probe() has seen */
    f->p += 2;
    if (!(type == '7' ? parse_pam_header(f, &maxval) : parse_pnm_header(f, type, &maxval)))
        return false;
    if (maxval < 1 || maxval > 65535 || peek(f) < 0)
        return false;
    f->maxval = (uint32_t)maxval;
    for (f->bit_depth = 8; f->maxval >> f->bit_depth;)
        f->bit_depth++;
    f->p++; /* the one blank before binary samples */
    return true;
}

static exit_code read_header(pnm *f)
{
    const bool good = parse_header(f);
    if (f->code != EXIT_OK)
        return f->code;
    if (!good)
        return fail(EXIT_BAD_INPUT, f->source->label, f->bits ? "damaged PNM: the header has no width and height" :
                    "damaged PNM: the header has no width, height and maxval up to 65535");
    if (f->n_components < 1 || f->n_components > 4)
        return fail(EXIT_BAD_INPUT, f->source->label, "is a PAM of depth %" PRIu64 "; 1 to 4 can be read", f->n_components);
    return EXIT_OK;
}

/* ---------------------------------------------------------------------------------------------- samples */

static size_t bytes_per_sample(const pnm *f)
{
    return f->maxval > 255 ? 2 : 1;
}

static exit_code fail_early_end(const pnm *f)
{
    return fail(EXIT_BAD_INPUT, f->source->label, "damaged PNM: the file ends early");
}

static exit_code fail_sample(const pnm *f, uint32_t row)
{
    return fail(EXIT_BAD_INPUT, f->source->label, "damaged PNM: a sample in row %u is missing or above %u", row, f->maxval);
}

static uint64_t bytes_per_row(const pnm *f)
{
    return f->bits ? (f->width + 7) / 8 : f->width * f->n_components * bytes_per_sample(f);
}

/* A plain sample takes a digit and a blank, but for the last blank, and for PBM. */
static uint64_t fewest_bytes(const pnm *f)
{
    const uint64_t n_samples = f->width * f->height * f->n_components;
    return !f->plain ? f->height * bytes_per_row(f) : f->bits ? n_samples : 2 * n_samples - 1;
}

/* Where the end is known, it is missed before the work. */
static bool samples_fit(const pnm *f)
{
    const uint64_t needed = fewest_bytes(f);
    const uint64_t position = source_position(f->source) - (uint64_t)(f->end - f->p);
    return !f->source->seekable || (position <= f->source->size && needed <= f->source->size - position);
}

/* n bytes of samples. */
static exit_code read_bytes(pnm *f, uint8_t *to, size_t n)
{
    size_t here = (size_t)(f->end - f->p), got;
    here = here < n ? here : n;
    memcpy(to, f->p, here);
    f->p += here;
    const exit_code code = source_read(f->source, to + here, n - here, &got);
    return code == EXIT_OK && got < n - here ? fail_early_end(f) : code;
}

/* Sample i of a row to its place, scaled to the whole range of bit_depth. */
static bool put_sample(const pnm *f, uint64_t value, uint8_t *row, size_t i)
{
    const uint64_t max = ((uint64_t)1 << f->bit_depth) - 1, sample = (value * max + f->maxval / 2) / f->maxval;
    if (f->bit_depth > 8)
        ((uint16_t *)(void *)row)[i] = (uint16_t)sample;
    else
        row[i] = (uint8_t)sample;
    return value <= f->maxval;
}

static exit_code read_binary_row(pnm *f, uint32_t y, uint8_t *row, size_t n_samples)
{
    const size_t size = bytes_per_sample(f);
    const uint8_t *p = f->bytes;
    const exit_code code = read_bytes(f, f->bytes, bytes_per_row(f));
    if (code != EXIT_OK)
        return code;
    for (size_t i = 0; i < n_samples; i++, p += size)
        if (!put_sample(f, size == 2 ? (uint64_t)p[0] << 8 | p[1] : p[0], row, i))
            return fail_sample(f, y);
    return EXIT_OK;
}

/* From the highest bit of a byte on. */
static exit_code read_row_of_bits(pnm *f, uint8_t *row, size_t n_samples)
{
    const exit_code code = read_bytes(f, f->bytes, bytes_per_row(f));
    for (size_t i = 0; code == EXIT_OK && i < n_samples; i++)
        put_sample(f, ~f->bytes[i / 8] >> (7 - i % 8) & 1, row, i);
    return code;
}

/* PBM's digits may stand without blanks. */
static bool parse_bit(pnm *f, uint64_t *sample)
{
    skip_blanks(f);
    const int c = peek(f);
    if (c != '0' && c != '1')
        return false;
    *sample = c == '0';
    f->p++;
    return true;
}

static exit_code read_plain_row(pnm *f, uint32_t y, uint8_t *row, size_t n_samples)
{
    uint64_t value;
    for (size_t i = 0; i < n_samples; i++)
        if (!(f->bits ? parse_bit(f, &value) : parse_number(f, &value)) || !put_sample(f, value, row, i))
            return f->code != EXIT_OK ? f->code : fail_sample(f, y);
    return EXIT_OK;
}

static exit_code pnm_read_rows(picture_reader *r, const ghm_image *to)
{
    pnm *f = r->state;
    const size_t n_samples = (size_t)to->width * f->n_components;
    exit_code code = EXIT_OK;
    for (uint32_t y = 0; y < to->height && code == EXIT_OK; y++) {
        uint8_t *row = to->planes[0] + y * to->row_stride;
        if (f->plain)
            code = read_plain_row(f, r->row + y, row, n_samples);
        else if (f->bits)
            code = read_row_of_bits(f, row, n_samples);
        else if (f->maxval == 255)
            code = read_bytes(f, row, n_samples);
        else
            code = read_binary_row(f, r->row + y, row, n_samples);
    }
    return code;
}

/* ---------------------------------------------------------------------------------------------- the format */

static exit_code pnm_open(picture_reader *r)
{
    pnm *f = r->state = calloc(1, sizeof *f);
    if (!f)
        return picture_fail_memory(r);
    f->source = r->source;
    exit_code code = read_header(f);
    if (code == EXIT_OK)
        code = picture_describe(r, f->width, f->height, (ghm_components)f->n_components, f->bit_depth);
    if (code != EXIT_OK)
        return code;
    if (!samples_fit(f))
        return fail_early_end(f);
    f->bytes = malloc(f->width * r->image.pixel_stride);
    return f->bytes ? EXIT_OK : picture_fail_memory(r);
}

static exit_code pnm_finish(picture_reader *r)
{
    pnm *f = r->state;
    skip_blanks(f);
    if (peek(f) == 'P') /* Netpbm files may be concatenated */
        r->losses |= LOSS_PICTURES;
    return f->code;
}

static void pnm_close(picture_reader *r)
{
    pnm *f = r->state;
    free(f->bytes);
    free(f);
}

static bool pnm_probe(const uint8_t *data, size_t size)
{
    return size >= 3 && data[0] == 'P' && data[1] >= '1' && data[1] <= '7' && (is_space(data[2]) || data[2] == '#');
}

const reader pnm_reader = { "PNM", false, pnm_probe, pnm_open, pnm_read_rows, pnm_finish, pnm_close };
