/* reader.h - pictures in: a table of formats, told apart by their first bytes, all read to 8-bit interleaved RGB. */
#ifndef CLI_IO_READER_H
#define CLI_IO_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gingham/gingham.h>

#include "exit_codes.h"
#include "parse.h"

typedef struct picture_source {
    const char *label; /* for messages */
    const uint8_t *data;
    size_t size;
    uint8_t **owner; /* holds data, a block from malloc(); a reader that keeps it as the image's own sets it to NULL */
    uint64_t limit_pixels;
    color background; /* what shows through transparent pixels; without one they are refused */
} picture_source;

/* What a file held besides samples, and this version cannot keep. */
typedef enum metadata_kind {
    METADATA_ICC = 1 << 0, /* a profile other than sRGB */
    METADATA_EXIF = 1 << 1,
    METADATA_XMP = 1 << 2,
    METADATA_IPTC = 1 << 3,
    METADATA_COMMENTS = 1 << 4, /* names of programs and dates, mostly: mentioned with -v only */
    METADATA_GAMMA = 1 << 5,     /* a gamma other than sRGB's */
    METADATA_PRIMARIES = 1 << 6, /* chromaticities other than sRGB's */
    METADATA_ANIMATION = 1 << 7  /* pictures after the first */
} metadata_kind;

typedef struct picture {
    ghm_image image;
    unsigned orientation; /* as Exif numbers it, 1..8; 0: not said */
    bool deep;            /* samples had more than 8 bits and were rounded */
    unsigned metadata;    /* metadata_kind flags */
} picture;

typedef struct reader {
    const char *name;
    bool (*probe)(const uint8_t *data, size_t size);
    /* Fill a zeroed picture. On failure a message has been printed and nothing is held. */
    exit_code (*read)(const picture_source *source, picture *out);
} reader;

extern const reader png_reader, jpeg_reader, pnm_reader;

/* The reader for these first bytes, or NULL. */
const reader *reader_find(const uint8_t *data, size_t size);

/* Read, turn upright as Exif says, and warn about what is lost. The image is released with ghm_image_free(). */
exit_code picture_read(const picture_source *source, ghm_image *image);

/* For readers: check the limits; allocate within them. A message has been printed unless EXIT_OK. */
exit_code picture_check(const picture_source *source, uint64_t width, uint64_t height);
exit_code picture_alloc(const picture_source *source, uint64_t width, uint64_t height, ghm_image *image);

#endif
