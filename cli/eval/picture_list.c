#define _POSIX_C_SOURCE 200809L
#include "eval/picture_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "message.h"

/* Deeper folders are links that lead in circles, more likely than pictures. */
#define MAX_DEPTH 32

static bool has_picture_suffix(const char *name)
{
    static const char *const suffixes[] = { ".png", ".jpg", ".jpeg", ".ppm", ".pgm", ".pnm" };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof suffixes / sizeof *suffixes; i++)
        if (strcasecmp(dot, suffixes[i]) == 0)
            return true;
    return false;
}

/* root_length: how much of the path is not part of the name. */
static exit_code add_file(picture_list *list, const char *path, size_t root_length)
{
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 64;
        listed_picture *items = realloc(list->items, capacity * sizeof *items);
        if (!items)
            return fail(EXIT_LIMIT, path, "out of memory");
        list->items = items;
        list->capacity = capacity;
    }
    listed_picture *item = &list->items[list->n];
    item->path = strdup(path);
    item->name = strdup(path + root_length);
    list->n++;
    if (!item->path || !item->name)
        return fail(EXIT_LIMIT, path, "out of memory");
    for (char *c = item->name; *c; c++)
        if (*c == '/')
            *c = '_';
    return EXIT_OK;
}

static exit_code add_folder(picture_list *list, const char *folder, size_t root_length, int depth);

static exit_code add_entry(picture_list *list, const char *folder, const char *entry, size_t root_length, int depth)
{
    char path[4096];
    struct stat st;
    if (entry[0] == '.')
        return EXIT_OK;
    if (snprintf(path, sizeof path, "%s/%s", folder, entry) >= (int)sizeof path)
        return fail(EXIT_LIMIT, folder, "holds a name that is too long");
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return depth < MAX_DEPTH ? add_folder(list, path, root_length, depth + 1) : EXIT_OK;
    return has_picture_suffix(entry) ? add_file(list, path, root_length) : EXIT_OK;
}

static exit_code add_folder(picture_list *list, const char *folder, size_t root_length, int depth)
{
    exit_code code = EXIT_OK;
    DIR *dir = opendir(folder);
    if (!dir)
        return fail(EXIT_READ, folder, "cannot be opened: %s", strerror(errno));
    const struct dirent *entry;
    while (code == EXIT_OK && (entry = readdir(dir)) != NULL)
        code = add_entry(list, folder, entry->d_name, root_length, depth);
    closedir(dir);
    return code;
}

static exit_code add_operand(picture_list *list, const char *operand)
{
    struct stat st;
    if (stat(operand, &st) != 0)
        return fail(EXIT_READ, operand, "cannot be opened: %s", strerror(errno));
    const char *slash = strrchr(operand, '/');
    if (!S_ISDIR(st.st_mode))
        return add_file(list, operand, slash ? (size_t)(slash - operand) + 1 : 0);
    const size_t n_before = list->n;
    const exit_code code = add_folder(list, operand, strlen(operand) + 1, 0);
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
