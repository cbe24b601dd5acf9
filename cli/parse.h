/* parse.h - option values. Strict: the whole text has to be the value. Each is an option_parser (options.h). */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* A row for tables of options (options.h); field: the offset of a uint64_t. The default is 2^28. */
#define LIMIT_PIXELS_OPTION_ROW(field) \
    { "limit-pixels", 0, 0, "N", "268435456", parse_pixels, field, "refuse larger pictures; takes k, M and G" }

typedef struct color {
    bool given;
    uint8_t rgb[3];
} color;

/* One of count parts of a batch; count 0: all of it. */
typedef struct shard {
    uint32_t index, count;
} shard;

/* For parsers of whole numbers from low to high, which fit into an int: no sign, no space, no other base. */
bool parse_integer(const char *text, uint64_t low, uint64_t high, int *number);

const char *parse_switch(const char *value, void *field);       /* bool */
const char *parse_count(const char *value, void *field);        /* int: how often the switch was given */
const char *parse_text(const char *value, void *field);         /* const char * */
const char *parse_quality(const char *value, void *field);      /* double, 0..100 */
const char *parse_threads(const char *value, void *field);      /* int; 0: all */
const char *parse_effort(const char *value, void *field);       /* int, 1..GHM_MAX_EFFORT */
const char *parse_backend(const char *value, void *field);      /* ghm_backend */
const char *parse_profile(const char *value, void *field);      /* const char *, of the library */
const char *parse_color(const char *value, void *field);        /* color */
const char *parse_pixels(const char *value, void *field);       /* uint64_t, with k, M or G */
const char *parse_shard(const char *value, void *field);        /* shard: "i/n", 0 <= i < n */
const char *parse_memory(const char *value, void *field);       /* uint64_t bytes, with k, M or G (of 1024) */
const char *parse_scale(const char *value, void *field);        /* unsigned: 2 for 1/2, ... */
const char *parse_region(const char *value, void *field);       /* ghm_region: "x,y,w,h" */
const char *parse_jpeg_quality(const char *value, void *field); /* int, 1..100 */

/* A count of bytes or pixels from JSON, whose numbers may be anything: 0 for one that no count can be. */
uint64_t parse_count_in_json(double value);

#endif
