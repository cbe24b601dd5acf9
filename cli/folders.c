#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "folders.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "message.h"

#define MAX_OPEN_FOLDERS 16

/* Deeper folders are links that lead in circles, more likely than pictures. */
#define MAX_DEPTH 32

/* -------------------------------------------------------------------------------------------------- names */

static bool ends_with_slash(const char *folder)
{
    const size_t length = strlen(folder);
    return length > 0 && folder[length - 1] == '/';
}

char *join_path(const char *folder, const char *name)
{
    const bool alone = !folder || name[0] == '/';
    const size_t size = (alone ? 0 : strlen(folder) + 1) + strlen(name) + 1;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s%s", alone ? "" : folder, alone || ends_with_slash(folder) ? "" : "/", name);
    return path;
}

/* -------------------------------------------------------------------------------------------------- making */

exit_code make_folders(const char *file)
{
    exit_code code = EXIT_OK;
    char *path = strdup(file);
    if (!path)
        return fail_memory(file);
    for (char *c = path + 1; code == EXIT_OK && *c; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            code = fail(EXIT_WRITE, path, "cannot be made: %s", strerror(errno));
        *c = '/';
    }
    free(path);
    return code;
}

char *make_temporary_folder(const char *command_name)
{
    static const char format[] = "%s/gingham-%s.XXXXXX";
    const char *parent = getenv("TMPDIR");
    if (!parent || !*parent)
        parent = "/tmp";
    const size_t size = sizeof format + strlen(parent) + strlen(command_name);
    char *folder = malloc(size);
    if (folder) {
        snprintf(folder, size, format, parent, command_name);
        if (mkdtemp(folder))
            return folder;
    }
    fail(EXIT_WRITE, parent, "no folder can be made there: %s", strerror(errno));
    free(folder);
    return NULL;
}

/* -------------------------------------------------------------------------------------------------- searching */

typedef struct walk {
    const char *const *suffixes;
    folder_visitor *add;
    void *user;
    size_t root_length; /* how much of a path is not part of the name */
} walk;

static bool has_suffix(const char *name, const char *const *suffixes)
{
    const char *dot = strrchr(name, '.');
    for (; dot && *suffixes; suffixes++)
        if (strcasecmp(dot, *suffixes) == 0)
            return true;
    return false;
}

static exit_code walk_into(const walk *w, const char *folder, int depth);

static exit_code visit_entry(const walk *w, const char *folder, const char *entry, int depth)
{
    exit_code code = EXIT_OK;
    struct stat st;
    if (entry[0] == '.')
        return EXIT_OK;
    char *path = join_path(folder, entry);
    if (!path)
        return fail_memory(folder);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        code = depth < MAX_DEPTH ? walk_into(w, path, depth + 1) : EXIT_OK;
    else if (has_suffix(entry, w->suffixes))
        code = w->add(w->user, path, path + w->root_length);
    free(path);
    return code;
}

static exit_code walk_into(const walk *w, const char *folder, int depth)
{
    exit_code code = EXIT_OK;
    DIR *dir = opendir(folder);
    if (!dir)
        return fail(EXIT_READ, folder, "cannot be opened: %s", strerror(errno));
    const struct dirent *entry;
    while (code == EXIT_OK && (entry = readdir(dir)) != NULL)
        code = visit_entry(w, folder, entry->d_name, depth);
    closedir(dir);
    return code;
}

exit_code walk_folder(const char *folder, const char *const *suffixes, folder_visitor *add, void *user)
{
    const walk w = { suffixes, add, user, strlen(folder) + (ends_with_slash(folder) ? 0 : 1) };
    return walk_into(&w, folder, 0);
}

/* -------------------------------------------------------------------------------------------------- removing */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *position)
{
    (void)st;
    (void)type;
    (void)position;
    remove(path);
    return 0;
}

void remove_folder(const char *folder)
{
    nftw(folder, remove_entry, MAX_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}
