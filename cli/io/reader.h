/* reader.h - pictures in: a table of formats, told apart by their first bytes. */
#ifndef CLI_IO_READER_H
#define CLI_IO_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gingham/gingham.h>

#include "exit_codes.h"
#include "io/metadata.h"
#include "parse.h"

typedef struct picture_source {
    const char *label; /* for messages */
    const uint8_t *data;
    size_t size;
    uint8_t **owner; /* holds data, a block from malloc(); a reader that keeps it as the image's own sets it to NULL */
    uint64_t limit_pixels;
    color background; /* what shows through transparent pixels, if it is given */
} picture_source;

/* What a file held and is not kept. */
typedef enum picture_loss {
    LOSS_COMMENTS = 1 << 0,  /* names of programs and dates, mostly: mentioned with -v only */
    LOSS_PICTURES = 1 << 1,  /* those after the first */
    LOSS_CMYK = 1 << 2,      /* inks became red, green and blue, and their profile says nothing any more */
    LOSS_METADATA = 1 << 3,  /* some of it is damaged or too long */
    LOSS_LONG_XMP = 1 << 4,  /* the part of XMP that JPEG puts into segments of its own */
    LOSS_DEPTH = 1 << 5,     /* samples were rounded to 8 bits */
    LOSS_TIFF_EXIF = 1 << 6  /* Exif inside TIFF, which is no block of its own */
} picture_loss;

typedef struct picture {
    ghm_image image;       /* interleaved, 8 bits or more */
    ghm_metadata metadata;
    unsigned losses;       /* picture_loss flags */
} picture;

typedef struct reader {
    const char *name;
    bool (*probe)(const uint8_t *data, size_t size);
    /* Fill a zeroed picture. On failure a message has been printed; the caller releases what there is. */
    exit_code (*read)(const picture_source *source, picture *out);
} reader;

extern const reader png_reader, jpeg_reader, pnm_reader;
#ifdef GHM_HAVE_WEBP
extern const reader webp_reader;
#endif
#ifdef GHM_HAVE_TIFF
extern const reader tiff_reader;
#endif

/* The reader for these first bytes, or NULL. */
const reader *reader_find(const uint8_t *data, size_t size);
/* "PNG, JPEG, ... or PNM". */
const char *reader_names(void);

/* Read everything that can be kept, and warn about what cannot. Samples are as the file has them: Exif says how to turn
 * them. Alpha that is opaque everywhere is dropped, any alpha when a background is given. Release with picture_free(). */
exit_code picture_read_whole(const picture_source *source, picture *out);
void picture_free(picture *p);

/* Remove metadata; of Exif the orientation is applied to the pixels, so that they are shown as before. */
exit_code picture_strip(picture *p, metadata_set kinds, const char *label);

/* Read to interleaved 8-bit RGB, turned upright, for looking at pixels; warn about what is lost. Transparency without a
 * background is refused. Released with ghm_image_free(). */
exit_code picture_read(const picture_source *source, ghm_image *image);

/* For readers: check the limits; allocate within them. A message has been printed unless EXIT_OK. */
exit_code picture_check(const picture_source *source, uint64_t width, uint64_t height);
exit_code picture_alloc(const picture_source *source, uint64_t width, uint64_t height, ghm_components components,
                        unsigned bit_depth, ghm_image *image);

/* For readers: keep metadata, or note that it is lost. */
void picture_keep(picture *p, ghm_metadata_kind kind, const void *data, size_t size);

#endif
