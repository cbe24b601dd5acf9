#include "json.h"

#include <inttypes.h>
#include <math.h>

json_object json_begin(FILE *file)
{
    putc('{', file);
    return (json_object){ .file = file };
}

void json_end(json_object *object)
{
    fputs("}\n", object->file);
}

/* Bytes of the well-formed UTF-8 sequence at s (Unicode 15, table 3-7), or 0. The terminating zero ends a sequence. */
static int utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    const int length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    const unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (int i = 2; i < length; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return length;
}

static void put_quoted(FILE *file, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    putc('"', file);
    while (*s) {
        const int length = utf8_length(s);
        if (length == 0)
            fputs("\\ufffd", file);
        else if (*s == '"' || *s == '\\')
            fprintf(file, "\\%c", *s);
        else if (*s < 0x20)
            fprintf(file, "\\u%04x", *s);
        else
            fwrite(s, 1, (size_t)length, file);
        s += length ? length : 1;
    }
    putc('"', file);
}

static void put_key(json_object *object, const char *key)
{
    if (object->has_members)
        fputs(", ", object->file);
    object->has_members = true;
    put_quoted(object->file, key);
    fputs(": ", object->file);
}

void json_string(json_object *object, const char *key, const char *text)
{
    put_key(object, key);
    put_quoted(object->file, text);
}

void json_integer(json_object *object, const char *key, uint64_t value)
{
    put_key(object, key);
    fprintf(object->file, "%" PRIu64, value);
}

static void put_real(FILE *file, double value)
{
    if (isfinite(value))
        fprintf(file, "%.9g", value);
    else
        fputs("null", file);
}

void json_real(json_object *object, const char *key, double value)
{
    put_key(object, key);
    put_real(object->file, value);
}

void json_reals(json_object *object, const char *key, const double *values, size_t n)
{
    put_key(object, key);
    putc('[', object->file);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", object->file);
        put_real(object->file, values[i]);
    }
    putc(']', object->file);
}

void json_strings(json_object *object, const char *key, const char *const *texts, size_t n)
{
    put_key(object, key);
    putc('[', object->file);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", object->file);
        put_quoted(object->file, texts[i]);
    }
    putc(']', object->file);
}

json_object json_open(json_object *outer, const char *key)
{
    put_key(outer, key);
    return json_begin(outer->file);
}

void json_close(json_object *inner)
{
    putc('}', inner->file);
}

void json_null(json_object *object, const char *key)
{
    put_key(object, key);
    fputs("null", object->file);
}

void json_bool(json_object *object, const char *key, bool value)
{
    put_key(object, key);
    fputs(value ? "true" : "false", object->file);
}

void json_id(json_object *object, const char *key, uint64_t id)
{
    put_key(object, key);
    fprintf(object->file, "\"%016" PRIx64 "\"", id);
}
