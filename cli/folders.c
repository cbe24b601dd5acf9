#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "folders.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "message.h"

#define MAX_OPEN_FOLDERS 16

exit_code make_folders(const char *file)
{
    exit_code code = EXIT_OK;
    char *path = strdup(file);
    if (!path)
        return fail(EXIT_LIMIT, file, "out of memory");
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
