/* cpu.h - what the CPU can do. */
#ifndef GHM_BASE_CPU_H
#define GHM_BASE_CPU_H
#include <stdbool.h>
/* AVX2 and FMA. */
bool cpu_has_avx2(void);
/* AVX-512 F, BW, DQ, VL and VNNI, and an operating system that keeps their registers. */
bool cpu_has_avx512_vnni(void);
#endif
