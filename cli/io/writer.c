#define _POSIX_C_SOURCE 200809L
#include "io/writer.h"

#include <string.h>
#include <strings.h>

static const writer *const writers[] = { &png_writer, &ppm_writer, &jpeg_writer };
#define N_WRITERS (sizeof writers / sizeof *writers)

const writer *writer_by_name(const char *name)
{
    for (size_t i = 0; i < N_WRITERS; i++)
        if (strcasecmp(name, writers[i]->name) == 0)
            return writers[i];
    return NULL;
}

const writer *writer_by_suffix(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; dot && i < N_WRITERS; i++)
        for (size_t j = 0; writers[i]->suffixes[j]; j++)
            if (strcasecmp(dot, writers[i]->suffixes[j]) == 0)
                return writers[i];
    return NULL;
}
