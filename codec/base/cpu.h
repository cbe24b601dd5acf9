/* cpu.h - what the CPU can do. */
#ifndef GHM_BASE_CPU_H
#define GHM_BASE_CPU_H
#include <stdbool.h>
bool cpu_has_avx2(void);
#endif
