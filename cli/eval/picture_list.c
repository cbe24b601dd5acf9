#define _POSIX_C_SOURCE 200809L
#include "eval/picture_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "folders.h"
#include "io/reader.h"
#include "message.h"

static exit_code add_file(void *user, const char *path, const char *name)
{
    picture_list *list = user;
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 64;
        listed_picture *items = realloc(list->items, capacity * sizeof *items);
        if (!items)
            return fail_memory(path);
        list->items = items;
        list->capacity = capacity;
    }
    listed_picture *item = &list->items[list->n];
    item->path = strdup(path);
    item->name = strdup(name);
    list->n++;
    if (!item->path || !item->name)
        return fail_memory(path);
    for (char *c = item->name; *c; c++)
        if (*c == '/')
            *c = '_';
    return EXIT_OK;
}

static exit_code add_operand(picture_list *list, const char *operand)
{
    struct stat st;
    if (stat(operand, &st) != 0)
        return fail(EXIT_READ, operand, "cannot be opened: %s", strerror(errno));
    const char *slash = strrchr(operand, '/');
    if (!S_ISDIR(st.st_mode))
        return add_file(list, operand, slash ? slash + 1 : operand);
    const size_t n_before = list->n;
    const exit_code code = walk_folder(operand, reader_suffixes, add_file, list);
    if (code == EXIT_FILES) /* means of other pictures than those asked for are of no use */
        return EXIT_READ;
    if (code == EXIT_OK && list->n == n_before)
        return fail(EXIT_BAD_INPUT, operand, "holds no pictures");
    return code;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const listed_picture *)a)->name, ((const listed_picture *)b)->name);
}

exit_code picture_list_make(picture_list *list, char **operands, int n_operands)
{
    exit_code code = EXIT_OK;
    *list = (picture_list){ .n = 0 };
    for (int i = 0; i < n_operands && code == EXIT_OK; i++)
        code = add_operand(list, operands[i]);
    if (code != EXIT_OK)
        return code;
    qsort(list->items, list->n, sizeof *list->items, compare_names);
    for (size_t i = 1; i < list->n; i++)
        if (strcmp(list->items[i].name, list->items[i - 1].name) == 0)
            return fail(EXIT_USAGE, list->items[i].path, "has the same name as %s; name the folder above them",
                        list->items[i - 1].path);
    return EXIT_OK;
}

void picture_list_free(picture_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->items[i].path);
        free(list->items[i].name);
    }
    free(list->items);
    *list = (picture_list){ .n = 0 };
}
