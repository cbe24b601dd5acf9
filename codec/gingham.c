/* gingham.c - what the library says of itself, and buffers. */
#include <gingham/gingham.h>

#include <stdlib.h>

#include "base/threads.h"

#define STRINGIFY2(x) #x
#define STRINGIFY(x) STRINGIFY2(x)

const char *ghm_version(void)
{
    return STRINGIFY(GHM_VERSION_MAJOR) "." STRINGIFY(GHM_VERSION_MINOR) "." STRINGIFY(GHM_VERSION_PATCH);
}

int ghm_abi_version(void)
{
    return GHM_ABI_VERSION;
}

int ghm_available_threads(void)
{
    return threads_available();
}

void ghm_buffer_free(ghm_buffer *buffer)
{
    free(buffer->data);
    *buffer = (ghm_buffer){ 0 };
}
