/* suggest.h - "did you mean". */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

/* The one of n_names that the mistyped word (length bytes) most likely stands for, or NULL when none is close. */
const char *suggest_name(const char *word, size_t length, const char *const *names, size_t n_names);

#endif
