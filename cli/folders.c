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

/* All folders on the way are open; more may be too many for a process. */
#define MAX_DEPTH 256

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
    bool incomplete;    /* a folder could not be read */
} walk;

/* A folder on the way. */
typedef struct level {
    const struct level *above;
    dev_t device;
    ino_t inode;
    int depth;
} level;

static bool has_suffix(const char *name, const char *const *suffixes)
{
    const char *dot = strrchr(name, '.');
    for (; dot && *suffixes; suffixes++)
        if (strcasecmp(dot, *suffixes) == 0)
            return true;
    return false;
}

static bool is_on_the_way(const level *above, const struct stat *st)
{
    while (above && !(above->device == st->st_dev && above->inode == st->st_ino))
        above = above->above;
    return above != NULL;
}

static exit_code walk_into(walk *w, const char *folder, const struct stat *st, const level *above);

static exit_code visit(walk *w, const char *path, const level *above)
{
    struct stat st;
    const bool exists = stat(path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode))
        return walk_into(w, path, &st, above);
    if (!has_suffix(path, w->suffixes))
        return EXIT_OK;
    if (!exists || S_ISREG(st.st_mode))
        return w->add(w->user, path, path + w->root_length);
    warn(path, "is no regular file; left out"); /* reading it might never end */
    return EXIT_OK;
}

static exit_code visit_entry(walk *w, const char *folder, const char *entry, const level *above)
{
    char *path = entry[0] == '.' ? NULL : join_path(folder, entry);
    if (!path)
        return entry[0] == '.' ? EXIT_OK : fail_memory(folder);
    const exit_code code = visit(w, path, above);
    free(path);
    return code;
}

/* errno says why reading ended, 0 at the end of the folder. */
static exit_code visit_entries(walk *w, const char *folder, DIR *dir, const level *here)
{
    exit_code code = EXIT_OK;
    const struct dirent *entry;
    for (errno = 0; code == EXIT_OK && (entry = readdir(dir)) != NULL; errno = 0)
        code = visit_entry(w, folder, entry->d_name, here);
    return code;
}

static exit_code pass_over(walk *w, const char *folder, const char *reason)
{
    fail(EXIT_READ, folder, "cannot be searched: %s", reason);
    w->incomplete = true;
    return EXIT_OK;
}

static exit_code walk_into(walk *w, const char *folder, const struct stat *st, const level *above)
{
    const level here = { above, st->st_dev, st->st_ino, above ? above->depth + 1 : 0 };
    if (is_on_the_way(above, st)) {
        warn(folder, "is a link to a folder above it; not entered");
        return EXIT_OK;
    }
    if (here.depth > MAX_DEPTH)
        return pass_over(w, folder, "it lies too many folders deep");
    DIR *dir = opendir(folder);
    if (!dir)
        return pass_over(w, folder, strerror(errno));
    exit_code code = visit_entries(w, folder, dir, &here);
    if (code == EXIT_OK && errno != 0)
        code = pass_over(w, folder, strerror(errno));
    closedir(dir);
    return code;
}

exit_code walk_folder(const char *folder, const char *const *suffixes, folder_visitor *add, void *user)
{
    walk w = { suffixes, add, user, strlen(folder) + (ends_with_slash(folder) ? 0 : 1), false };
    struct stat st;
    const exit_code code = stat(folder, &st) == 0 ? walk_into(&w, folder, &st, NULL) : pass_over(&w, folder, strerror(errno));
    return code == EXIT_OK && w.incomplete ? EXIT_FILES : code;
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
