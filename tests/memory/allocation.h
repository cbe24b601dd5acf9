/* allocation.h - every allocation of our own code, counted, and made to fail on demand. By the linker's --wrap, so that it works
 * with every compiler and under the sanitizers; allocations inside libc, libpng, zlib and the like are not seen, but for those
 * named in CMakeLists.txt. Starting a thread counts as an allocation. */
#ifndef GHM_TESTS_ALLOCATION_H
#define GHM_TESTS_ALLOCATION_H

#include <stdbool.h>
#include <stddef.h>

/* From now on: count from 0, and fail number n, with all that follow if asked to. n < 0: none. */
void allocation_fail(long n, bool and_all_later);

/* How many there were since. */
long allocation_count(void);

/* Blocks not yet freed. */
size_t allocation_live(void);

#endif
