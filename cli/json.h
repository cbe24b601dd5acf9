/* json.h - writes one JSON object on one line. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json_object {
    FILE *file;
    bool has_members;
} json_object;

json_object json_begin(FILE *file);
void json_end(json_object *object);

/* An object as a member: nothing is added to the outer one until json_close() of the inner. */
json_object json_open(json_object *outer, const char *key);
void json_close(json_object *inner);

/* Text is UTF-8; bytes that are not become U+FFFD, so that a file name in another encoding still gives valid JSON. */
void json_string(json_object *object, const char *key, const char *text);
void json_integer(json_object *object, const char *key, uint64_t value);
/* Infinities and NaN, which JSON lacks, become null. */
void json_real(json_object *object, const char *key, double value);
void json_null(json_object *object, const char *key);
void json_bool(json_object *object, const char *key, bool value);
void json_reals(json_object *object, const char *key, const double *values, size_t n);
void json_strings(json_object *object, const char *key, const char *const *texts, size_t n);
/* As a string of 16 hexadecimal digits: JSON readers lose bits of 64-bit numbers. */
void json_id(json_object *object, const char *key, uint64_t id);

#endif
