#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };

typedef struct arena_piece {
    struct arena_piece *next;
} arena_piece;

void *arena_alloc(arena *a, size_t count, size_t size)
{
    const size_t limit = SIZE_MAX - 2 * ALIGN;
    const size_t bytes = size && count > limit / size ? limit : count * size;
    const size_t padded = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    /* The first ALIGN bytes hold the link. */
    arena_piece *piece = bytes == limit ? NULL : aligned_alloc(ALIGN, ALIGN + padded);
    if (!piece) {
        if (!a->failed_bytes)
            a->failed_bytes = bytes ? bytes : 1;
        return NULL;
    }
    piece->next = a->pieces;
    a->pieces = piece;
    a->bytes += padded;
    return memset((char *)piece + ALIGN, 0, padded);
}

void arena_free(arena *a)
{
    while (a->pieces) {
        arena_piece *next = a->pieces->next;
        free(a->pieces);
        a->pieces = next;
    }
    *a = (arena){ 0 };
}
