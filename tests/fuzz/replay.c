/* replay.c - runs a fuzz target over files and folders of files, so that what a campaign once found stays tested where there
 * is no libFuzzer: replay_TARGET FILE_OR_FOLDER... */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static size_t n_files;

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) {
        perror(path);
        return 1;
    }
    const size_t size = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = fuzz_copy(NULL, 0);
    if (size) {
        data = realloc(data, size);
        FUZZ_CHECK(data && fread(data, 1, size, f) == size);
    }
    fclose(f);
    printf("%s\n", path); /* before the run, so that the last line names what crashed */
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    n_files++;
    return 0;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay(const char *path)
{
    struct dirent **entries;
    const int n = scandir(path, &entries, not_hidden, alphasort);
    int failed = 0;
    if (n < 0)
        return replay_file(path);
    for (int i = 0; i < n; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        failed |= replay_file(name);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    printf("%zu files\n", n_files);
    return failed || n_files == 0;
}
