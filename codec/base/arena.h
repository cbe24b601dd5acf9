/* arena.h - memory handed out in pieces and released all at once. Pieces are zeroed and 64-byte aligned. A failed
 * allocation returns NULL and is remembered, so that a group of requests may be checked once. Not thread safe. */
#ifndef GHM_BASE_ARENA_H
#define GHM_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

typedef struct arena {
    memory_source *source; /* NULL: malloc */
    struct arena_piece *pieces;
    size_t failed_bytes; /* the first request that failed; 0: none */
} arena;

void *arena_alloc(arena *a, size_t count, size_t size);
void arena_free(arena *a); /* and make it ready for use again, with the same source */

/* GHM_OK, or why an allocation failed. */
ghm_status arena_status(const arena *a, ghm_diagnostics *diag);

#endif
