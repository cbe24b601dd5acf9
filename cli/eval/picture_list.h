/* picture_list.h - the pictures to measure with. */
#ifndef CLI_EVAL_PICTURE_LIST_H
#define CLI_EVAL_PICTURE_LIST_H

#include <stddef.h>

#include "exit_codes.h"

typedef struct listed_picture {
    char *path;
    char *name; /* the path within the folder that was named, with '_' for '/'; unique in the list */
} listed_picture;

typedef struct picture_list {
    size_t n, capacity;
    listed_picture *items;
} picture_list;

/* The files named, and those in the folders named, at any depth, with a suffix of pictures (reader_suffixes); sorted by
 * name. Released with picture_list_free(), also after a failure. */
exit_code picture_list_make(picture_list *list, char **operands, int n_operands);
void picture_list_free(picture_list *list);

#endif
