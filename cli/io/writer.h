/* writer.h - pictures out: a table of formats, chosen by the suffix of the output or by --format. */
#ifndef CLI_IO_WRITER_H
#define CLI_IO_WRITER_H

#include <gingham/gingham.h>

#include "exit_codes.h"
#include "output.h"

typedef struct write_settings {
    int jpeg_quality; /* 1..100 */
} write_settings;

typedef struct writer {
    const char *name;        /* for --format */
    const char *suffixes[3]; /* with the dot, the preferred one first; ends with NULL */
    /* image: interleaved RGB. A message has been printed unless EXIT_OK. */
    exit_code (*write)(const ghm_image *image, const write_settings *settings, output *out);
} writer;

extern const writer png_writer, ppm_writer, jpeg_writer;

#define WRITER_NAMES "png, ppm or jpeg"
#define WRITER_SUFFIXES ".png, .ppm, .pnm, .jpg or .jpeg"

/* NULL when there is none. Letter case does not matter. */
const writer *writer_by_name(const char *name);
const writer *writer_by_suffix(const char *path);

#endif
