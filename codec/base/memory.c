#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

void memory_source_init(memory_source *source, const ghm_allocator *allocator, uint64_t limit)
{
    memset(source, 0, sizeof *source);
    if (allocator)
        source->allocator = *allocator;
    source->limit = limit;
}

bool memory_reserve(memory_source *source, uint64_t size)
{
    const uint64_t used = atomic_fetch_add(&source->used, size) + size;
    uint64_t peak = atomic_load(&source->peak);
    if (source->limit && used > source->limit) {
        atomic_fetch_sub(&source->used, size);
        atomic_store(&source->over_limit, true);
        return false;
    }
    while (used > peak && !atomic_compare_exchange_weak(&source->peak, &peak, used))
        ;
    return true;
}

void *memory_allocate(memory_source *source, size_t size)
{
    if (!source)
        return calloc(1, size);
    if (!memory_reserve(source, size))
        return NULL;
    void *block;
    if (source->allocator.allocate) {
        block = source->allocator.allocate(source->allocator.user, size);
        if (block)
            memset(block, 0, size);
    } else {
        block = calloc(1, size);
    }
    if (!block)
        atomic_fetch_sub(&source->used, size);
    return block;
}

void memory_release(memory_source *source, void *block, size_t size)
{
    if (!block)
        return;
    if (source)
        atomic_fetch_sub(&source->used, size);
    if (source && source->allocator.release)
        source->allocator.release(source->allocator.user, block);
    else
        free(block);
}

ghm_status memory_fail(const memory_source *source, size_t bytes, ghm_diagnostics *diag)
{
    if (source && atomic_load(&source->over_limit))
        return ghm_fail(diag, GHM_ERR_LIMIT, "more memory is needed than the limit of %llu bytes",
                        (unsigned long long)source->limit);
    return ghm_fail_memory(diag, bytes);
}
