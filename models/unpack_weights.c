/* unpack_weights.c - build tool: unpack_weights NAME WEIGHTS.ghmw OUT writes what the library embeds as profile NAME. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "models/weights.h"

static bool read_all(const char *path, bytes_writer *to)
{
    uint8_t piece[1 << 16];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        bytes_put(to, piece, n);
    const bool complete = !ferror(f) && !to->failed;
    fclose(f);
    return complete;
}

static bool write_all(const char *path, const bytes_writer *from)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    const bool written = fwrite(from->data, 1, from->size, f) == from->size;
    return fclose(f) == 0 && written;
}

/* Weights say their name themselves, in reports for example: it has to be the one that users choose them by. */
static bool is_named(const bytes_writer *file, const char *name)
{
    char stored[WEIGHTS_NAME_BYTES + 1] = "";
    memcpy(stored, file->data + WEIGHTS_HEADER_BYTES, WEIGHTS_NAME_BYTES);
    return strcmp(stored, name) == 0;
}

static const char *unpack(char **argv, bytes_writer *file, bytes_writer *unpacked, ghm_diagnostics *diag)
{
    const char *name = argv[1], *from = argv[2], *to = argv[3];
    if (!read_all(from, file))
        return "cannot be read";
    if (model_unpack(file->data, file->size, unpacked, diag) != GHM_OK)
        return diag->text;
    if (!is_named(file, name))
        return "has another name inside";
    return write_all(to, unpacked) ? NULL : "is fine, but the output cannot be written";
}

int main(int argc, char **argv)
{
    bytes_writer file = { 0 }, unpacked = { 0 };
    ghm_diagnostics diag = { 0 };
    if (argc != 4) {
        fprintf(stderr, "usage: unpack_weights NAME WEIGHTS.ghmw OUT\n");
        return 2;
    }
    const char *problem = unpack(argv, &file, &unpacked, &diag);
    if (problem)
        fprintf(stderr, "unpack_weights: %s: %s\n", argv[2], problem);
    free(file.data);
    free(unpacked.data);
    return problem ? 1 : 0;
}
