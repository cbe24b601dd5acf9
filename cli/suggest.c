#include "suggest.h"

#include <string.h>

#define MAX_LENGTH 31
#define MAX_EDITS 2

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein distance of a and b, both at most MAX_LENGTH long, one row of the table at a time. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t row[MAX_LENGTH + 1];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t above = row[j];
            row[j] = min_size(min_size(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

const char *suggest_name(const char *word, size_t length, const char *const *names, size_t n_names)
{
    const char *best = NULL;
    size_t best_distance = MAX_EDITS + 1;
    for (size_t i = 0; i < n_names && length > 0 && length <= MAX_LENGTH; i++) {
        const size_t name_length = strlen(names[i]);
        const int is_prefix = length >= 2 && strncmp(names[i], word, length) == 0;
        const size_t distance = is_prefix ? 1 : edit_distance(word, length, names[i], name_length);
        /* A word of two letters is two edits from everything. */
        if (distance < best_distance && distance < min_size(length, name_length)) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}
