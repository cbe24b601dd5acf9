#include "parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gingham/gingham.h>

#define MAX_THREADS 256

/* Digits only: no sign, no space, no other base. Leaves *end at the first byte after them. */
static bool parse_digits(const char *text, uint64_t *number, const char **end)
{
    const size_t n_digits = strspn(text, "0123456789");
    *end = text + n_digits;
    errno = 0;
    *number = strtoull(text, NULL, 10);
    return n_digits > 0 && errno == 0;
}

bool parse_integer(const char *text, uint64_t low, uint64_t high, int *number)
{
    uint64_t n;
    const char *end;
    if (!parse_digits(text, &n, &end) || *end || n < low || n > high)
        return false;
    *number = (int)n;
    return true;
}

const char *parse_switch(const char *value, void *field)
{
    *(bool *)field = value != NULL;
    return NULL;
}

const char *parse_count(const char *value, void *field)
{
    (void)value;
    *(int *)field += 1;
    return NULL;
}

const char *parse_text(const char *value, void *field)
{
    *(const char **)field = value;
    return *value ? NULL : "a name";
}

const char *parse_quality(const char *value, void *field)
{
    static const char expected[] = "a number from 0 to 100";
    /* strtod() alone would take spaces, hexadecimal, "inf" and "nan". */
    if (strspn(value, "0123456789.eE+-") != strlen(value))
        return expected;
    char *end;
    const double quality = strtod(value, &end);
    if (end == value || *end || !(quality >= 0 && quality <= 100))
        return expected;
    *(double *)field = quality;
    return NULL;
}

const char *parse_threads(const char *value, void *field)
{
    if (strcmp(value, "all") == 0) {
        *(int *)field = 0;
        return NULL;
    }
    return parse_integer(value, 0, MAX_THREADS, field) ? NULL : "a number from 1 to 256, 0 or all";
}

const char *parse_effort(const char *value, void *field)
{
    return parse_integer(value, 1, GHM_MAX_EFFORT, field) ? NULL : "a whole number from 1 to 9";
}

static void append(char *text, size_t size, const char *before, const char *name)
{
    const size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s", before, name);
}

/* "a backend of this machine (auto, c, blas, avx2)" */
static const char *expected_backends(void)
{
    static char expected[256];
    const char *name;
    snprintf(expected, sizeof expected, "a backend of this machine");
    for (int i = 0; (name = ghm_backend_name((ghm_backend)i)) != NULL; i++)
        if (ghm_backend_available((ghm_backend)i))
            append(expected, sizeof expected, i == 0 ? " (" : ", ", name);
    append(expected, sizeof expected, ")", "");
    return expected;
}

const char *parse_backend(const char *value, void *field)
{
    const char *name;
    for (int i = 0; (name = ghm_backend_name((ghm_backend)i)) != NULL; i++) {
        if (strcmp(value, name) == 0) {
            *(ghm_backend *)field = (ghm_backend)i;
            return NULL;
        }
    }
    return expected_backends();
}

/* "a built-in profile (fast, standard, best)" */
static const char *expected_profiles(void)
{
    static char expected[256];
    ghm_profile_info info;
    snprintf(expected, sizeof expected, "a built-in profile");
    for (size_t i = 0; ghm_profile_get_info(i, &info); i++)
        append(expected, sizeof expected, i == 0 ? " (" : ", ", info.name);
    append(expected, sizeof expected, ")", "");
    return expected;
}

const char *parse_profile(const char *value, void *field)
{
    ghm_profile_info info;
    for (size_t i = 0; ghm_profile_get_info(i, &info); i++) {
        if (strcmp(value, info.name) == 0) {
            *(const char **)field = info.name;
            return NULL;
        }
    }
    return expected_profiles();
}

const char *parse_color(const char *value, void *field)
{
    const char *digits = value[0] == '#' ? value + 1 : value;
    if (strlen(digits) != 6 || strspn(digits, "0123456789abcdefABCDEF") != 6)
        return "a colour of six hexadecimal digits such as #ffffff";
    const unsigned long rgb = strtoul(digits, NULL, 16);
    *(color *)field = (color){ true, { (uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8 & 255), (uint8_t)(rgb & 255) } };
    return NULL;
}

/* A number with k, M or G for `base`, its square and its cube. */
static bool parse_amount(const char *value, uint64_t base, uint64_t *amount)
{
    uint64_t number, unit = 1;
    const char *end;
    if (!parse_digits(value, &number, &end))
        return false;
    if (*end) {
        unit = *end == 'k' ? base : *end == 'M' ? base * base : *end == 'G' ? base * base * base : 0;
        end++;
    }
    if (*end || unit == 0 || number == 0 || number > UINT64_MAX / unit)
        return false;
    *amount = number * unit;
    return true;
}

const char *parse_pixels(const char *value, void *field)
{
    return parse_amount(value, 1000, field) ? NULL : "a number of pixels such as 50000000 or 50M";
}

const char *parse_memory(const char *value, void *field)
{
    return parse_amount(value, 1024, field) ? NULL : "a number of bytes such as 500M or 2G";
}

const char *parse_scale(const char *value, void *field)
{
    static const char *const scales[] = { "1/1", "1/2", "1/4", "1/8", "1/16" };
    for (unsigned i = 0; i < sizeof scales / sizeof *scales; i++)
        if (strcmp(value, scales[i]) == 0) {
            *(unsigned *)field = 1u << i;
            return NULL;
        }
    return "1/2, 1/4, 1/8 or 1/16";
}

const char *parse_region(const char *value, void *field)
{
    uint32_t numbers[4];
    for (size_t i = 0; i < 4; i++, value++) {
        uint64_t number;
        if (!parse_digits(value, &number, &value) || number > UINT32_MAX || *value != (i < 3 ? ',' : '\0') ||
            (i >= 2 && number == 0))
            return "x,y,width,height in pixels such as 100,50,640,480";
        numbers[i] = (uint32_t)number;
    }
    *(ghm_region *)field = (ghm_region){ numbers[0], numbers[1], numbers[2], numbers[3] };
    return NULL;
}

const char *parse_shard(const char *value, void *field)
{
    static const char expected[] = "a part such as 0/8, counted from 0 to 7";
    uint64_t index, count;
    const char *end;
    if (!parse_digits(value, &index, &end) || *end != '/' || !parse_digits(end + 1, &count, &end) || *end)
        return expected;
    if (index >= count || count > UINT32_MAX)
        return expected;
    *(shard *)field = (shard){ (uint32_t)index, (uint32_t)count };
    return NULL;
}

const char *parse_jpeg_quality(const char *value, void *field)
{
    return parse_integer(value, 1, 100, field) ? NULL : "a whole number from 1 to 100";
}

uint64_t parse_count_in_json(double value)
{
    return value >= 0 && value <= 0x1p53 ? (uint64_t)value : 0;
}
