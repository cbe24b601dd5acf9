#define _DEFAULT_SOURCE /* getrusage, RUSAGE_SELF */
#include "peak_memory.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

/* Linux: 5 sets the high-water mark back to what is resident now (proc(5), clear_refs). */
void peak_memory_restart(void)
{
#if defined(__GLIBC__)
    malloc_trim(0); /* what was freed before is not part of what comes */
#endif
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file)
        return;
    fputs("5", file);
    fclose(file);
}

double peak_memory_bytes(void)
{
    char line[128];
    unsigned long kib;
    struct rusage usage;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "VmHWM: %lu kB", &kib) == 1) {
            fclose(file);
            return 1024.0 * (double)kib;
        }
    }
    if (file)
        fclose(file);
    return getrusage(RUSAGE_SELF, &usage) == 0 ? 1024.0 * (double)usage.ru_maxrss : NAN; /* Linux counts in KiB */
}
