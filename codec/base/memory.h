/* memory.h - where working memory comes from: malloc or the caller's allocator, within a limit. One source serves one
 * decoder or encoder; its threads may take from it at the same time. A NULL source is malloc without a limit. */
#ifndef GHM_BASE_MEMORY_H
#define GHM_BASE_MEMORY_H

#include <gingham/gingham.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Sizes are products of 32-bit sides, planes and bytes; only those of 64 bits hold them all. */
_Static_assert(SIZE_MAX >= UINT64_MAX, "this library is for 64-bit machines");

typedef struct memory_source {
    ghm_allocator allocator;
    uint64_t limit;             /* bytes held at a time; 0: no limit */
    _Atomic uint64_t used, peak;
    atomic_bool over_limit;     /* a request was refused for the limit's sake */
} memory_source;

/* allocator may be NULL. */
void memory_source_init(memory_source *source, const ghm_allocator *allocator, uint64_t limit);

/* Count bytes that are allocated elsewhere; false when that would exceed the limit. */
bool memory_reserve(memory_source *source, uint64_t size);

/* Zeroed, aligned as malloc's; NULL on failure. Large blocks from malloc are not touched. */
void *memory_allocate(memory_source *source, size_t size);
/* size: as it was asked for. A NULL block is fine. */
void memory_release(memory_source *source, void *block, size_t size);

/* GHM_ERR_LIMIT or GHM_ERR_MEMORY, whichever kept `bytes` from being allocated. */
ghm_status memory_fail(const memory_source *source, size_t bytes, ghm_diagnostics *diag);

#endif
