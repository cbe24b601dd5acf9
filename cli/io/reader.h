/* reader.h - pictures in, row by row: a table of formats, told apart by their first bytes. */
#ifndef CLI_IO_READER_H
#define CLI_IO_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gingham/gingham.h>

#include "exit_codes.h"
#include "io/metadata.h"
#include "parse.h"
#include "source.h"

typedef struct picture_settings {
    uint64_t limit_pixels;
    color background;   /* what shows through transparent pixels, if it is given */
    metadata_set strip; /* metadata to leave out */
    bool whole;         /* all rows are wanted at once */
} picture_settings;

/* What a file held and is not kept. */
typedef enum picture_loss {
    LOSS_COMMENTS = 1 << 0,  /* names of programs and dates, mostly: mentioned with -v only */
    LOSS_PICTURES = 1 << 1,  /* those after the first */
    LOSS_CMYK = 1 << 2,      /* inks became red, green and blue, and their profile says nothing any more */
    LOSS_METADATA = 1 << 3,  /* some of it is damaged or too long */
    LOSS_LONG_XMP = 1 << 4,  /* the part of XMP that JPEG puts into segments of its own */
    LOSS_DEPTH = 1 << 5,     /* samples were rounded to 8 bits */
    LOSS_TIFF_EXIF = 1 << 6, /* Exif inside TIFF, which is no block of its own, and its tags of camera and place */
    LOSS_PROFILE = 1 << 7    /* one of other colours than the samples have become */
} picture_loss;

typedef struct picture_reader {
    source *source;
    picture_settings settings;
    const struct reader *format;
    void *state;           /* of the format; NULL: there is nothing more to read */
    ghm_image image;       /* interleaved, 8 bits or more: size and kind; its samples too when all rows are at hand */
    ghm_metadata metadata;
    unsigned losses;       /* picture_loss flags */
    /* Set by formats: */
    bool metadata_follow;  /* some metadata come after the samples */
    unsigned orientation;  /* to be applied to the samples, as Exif numbers them */
    /* rows */
    uint32_t row;          /* the next */
    ghm_image slab;        /* those handed out last, unless all are at hand */
    ghm_image laid;        /* the same on the background */
} picture_reader;

typedef struct reader {
    const char *name;
    bool seeks; /* needs a source that is seekable */
    bool (*probe)(const uint8_t *data, size_t size);
    /* Find out size and kind, into image without samples (picture_describe()), and metadata; or read all of the picture
     * into image (picture_alloc()) and set state to NULL. In all of these on failure a message has been printed; close
     * is called once if state is not NULL. */
    exit_code (*open)(picture_reader *r);
    /* The next to->height rows, into to; of the kind that open described, whatever image is by then. */
    exit_code (*read_rows)(picture_reader *r, const ghm_image *to);
    /* What follows the last row. */
    exit_code (*finish)(picture_reader *r);
    void (*close)(picture_reader *r);
} reader;

extern const reader png_reader, jpeg_reader, pnm_reader;
#ifdef GHM_HAVE_WEBP
extern const reader webp_reader;
#endif
#ifdef GHM_HAVE_TIFF
extern const reader tiff_reader;
#endif

/* Of the pictures in a folder, in lower case; ends with NULL. What is named is told apart by its first bytes alone. */
extern const char *const reader_suffixes[];

/* The reader for these first bytes, or NULL. */
const reader *reader_find(const uint8_t *data, size_t size);
/* "PNG, JPEG, ... or PNM". */
const char *reader_names(void);

/* Find out everything but the samples. These are as the file has them: Exif says how to turn them, and where that is
 * stripped, they are turned. Alpha that is opaque everywhere is dropped, any alpha when a background is given. What needs
 * a look at all samples has them read here: r->image.owned is not NULL then. picture_close() is called in any case. */
exit_code picture_open(picture_reader *r, source *s, const picture_settings *settings);

/* The next rows, at least one; valid until the next call. With the last ones the file has been read to its end, and
 * warnings say what it held that is not kept. */
exit_code picture_next_rows(picture_reader *r, ghm_image *rows);

void picture_close(picture_reader *r);

/* Undo an orientation, as Exif numbers them; what: whose it is, for a note. */
exit_code picture_turn(ghm_image *image, unsigned orientation, const char *what, const char *label);

/* Read to interleaved 8-bit RGB, turned upright, for looking at pixels; warn about what is lost. Transparency without a
 * background is refused. Released with ghm_image_free(). */
exit_code picture_read(source *s, uint64_t limit_pixels, const color *background, ghm_image *image);

/* For readers: check the limits and set r->image, without samples or with. A message has been printed unless EXIT_OK. */
exit_code picture_describe(picture_reader *r, uint64_t width, uint64_t height, ghm_components components, unsigned bit_depth);
exit_code picture_alloc(picture_reader *r, uint64_t width, uint64_t height, ghm_components components, unsigned bit_depth);

/* For readers: keep metadata, or note that it is lost. */
void picture_keep(picture_reader *r, ghm_metadata_kind kind, const void *data, size_t size);
/* For readers: "not enough memory to read it". */
exit_code picture_fail_memory(const picture_reader *r);

#endif
