/* metadata.h - what picture files carry beside samples, on its way between them and streams. */
#ifndef CLI_IO_METADATA_H
#define CLI_IO_METADATA_H

#include <stdbool.h>

#include <gingham/gingham.h>

/* Sets of kinds, 1 << ghm_metadata_kind each. */
typedef unsigned metadata_set;
#define METADATA_OF(kind) (1u << (kind))
#define METADATA_ALL ((1u << GHM_N_METADATA_KINDS) - 1)

/* "ICC", "Exif", "XMP", ... */
const char *metadata_name(ghm_metadata_kind kind);

/* The kinds that are there. */
metadata_set metadata_kinds(const ghm_metadata *metadata);
/* "ICC, Exif": the names of a set. */
#define METADATA_LIST_BYTES 64
const char *metadata_list(metadata_set kinds, char text[METADATA_LIST_BYTES]);

/* Keep a copy of the first of its kind, unless it is empty or longer than a stream may carry: false then, or without
 * memory. Joined to what is there already: metadata_append(). */
bool metadata_add(ghm_metadata *metadata, ghm_metadata_kind kind, const void *data, size_t size);
bool metadata_append(ghm_metadata *metadata, ghm_metadata_kind kind, const void *data, size_t size);
void metadata_remove(ghm_metadata *metadata, metadata_set kinds);

/* Remove what says no more than "sRGB": a CICP of 1/13/0 and full range; a gamma and chromaticities near sRGB's. */
void metadata_remove_srgb(ghm_metadata *metadata);

/* The orientation in Exif, 0 when there is none. */
unsigned metadata_orientation(const ghm_metadata *metadata);

/* An option_parser (options.h) of a metadata_set: "all", or icc, exif, xmp, iptc separated by commas. */
const char *parse_metadata_set(const char *value, void *field);

#endif
