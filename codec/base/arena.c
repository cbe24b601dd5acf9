#include "arena.h"

#include <stdint.h>

enum { ALIGN = 64 };

/* Before each piece, in the room that aligning it leaves. */
typedef struct arena_piece {
    struct arena_piece *next;
    void *block;
    size_t block_bytes;
} arena_piece;

_Static_assert(sizeof(arena_piece) <= ALIGN, "a piece's record must fit before it");

void *arena_alloc(arena *a, size_t count, size_t size)
{
    const size_t limit = SIZE_MAX - 3 * ALIGN;
    const size_t bytes = size && count > limit / size ? limit : count * size;
    const size_t padded = (bytes + ALIGN - 1) / ALIGN * ALIGN, block_bytes = padded + 2 * ALIGN;
    char *block = bytes == limit ? NULL : memory_allocate(a->source, block_bytes);
    if (!block) {
        if (!a->failed_bytes)
            a->failed_bytes = bytes ? bytes : 1;
        return NULL;
    }
    char *p = block + ALIGN + (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    arena_piece *piece = (arena_piece *)(void *)(p - ALIGN);
    *piece = (arena_piece){ a->pieces, block, block_bytes };
    a->pieces = piece;
    return p;
}

void arena_free(arena *a)
{
    while (a->pieces) {
        const arena_piece piece = *a->pieces;
        memory_release(a->source, piece.block, piece.block_bytes);
        a->pieces = piece.next;
    }
    *a = (arena){ .source = a->source };
}

ghm_status arena_status(const arena *a, ghm_diagnostics *diag)
{
    return a->failed_bytes ? memory_fail(a->source, a->failed_bytes, diag) : GHM_OK;
}
