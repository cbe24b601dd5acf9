/* writer.h - pictures out: a table of formats, chosen by the suffix of the output or by --format. */
#ifndef CLI_IO_WRITER_H
#define CLI_IO_WRITER_H

#include <stdbool.h>

#include <gingham/gingham.h>

#include "exit_codes.h"
#include "io/metadata.h"
#include "output.h"
#include "parse.h"

typedef struct write_settings {
    int jpeg_quality;             /* 1..100 */
    const ghm_metadata *metadata; /* NULL: none */
    color background;             /* what shows through transparent pixels where the format has no alpha */
} write_settings;

typedef struct writer {
    const char *name;        /* for --format */
    const char *suffixes[4]; /* with the dot, the preferred one first; ends with NULL */
    bool has_alpha;
    unsigned max_bit_depth;  /* 8, or 16 for anything up to it */
    /* The kinds of metadata that it can hold of these. */
    metadata_set (*holds)(const ghm_metadata *metadata);
    /* One of the two; pictures are interleaved, with no more than the format holds, and a message has been printed unless
     * EXIT_OK: the whole picture, or row by row. There begin gets size and kind of the whole picture, samples are not
     * looked at; after it end is called once, and releases *state. */
    exit_code (*write)(const ghm_image *image, const write_settings *settings, output *out);
    const struct row_writer *by_rows;
} writer;

typedef struct row_writer {
    exit_code (*begin)(const ghm_image *picture, const write_settings *settings, output *out, void **state);
    exit_code (*rows)(void *state, const ghm_image *rows, output *out);
    /* complete: all rows have been written, and the file is to be finished. */
    exit_code (*end)(void *state, bool complete, output *out);
} row_writer;

extern const writer png_writer, ppm_writer, pam_writer, jpeg_writer;

#define WRITER_NAMES "png, ppm, pam or jpeg"
#define WRITER_SUFFIXES ".png, .ppm, .pgm, .pnm, .pam, .jpg or .jpeg"

/* NULL when there is none. Letter case does not matter. */
const writer *writer_by_name(const char *name);
const writer *writer_by_suffix(const char *path);

/* Write a decoded picture as well as the format can hold it, and warn about what it cannot: deeper samples are rounded,
 * an orientation is applied to the pixels where Exif does not go along. Alpha that does not fit is refused without a
 * background. The image is changed on the way. */
exit_code picture_write(const writer *format, ghm_image *image, const write_settings *settings, output *out);

/* The same of a picture that has no more than the format holds. */
exit_code picture_write_as_is(const writer *format, const ghm_image *image, const write_settings *settings, output *out);

/* Whether picture_write() would have nothing to change in such a picture, so that it can be written row by row. */
bool picture_fits(const writer *format, const ghm_image *picture, const ghm_metadata *metadata);

#endif
