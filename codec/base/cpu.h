/* cpu.h - what the CPU can do. */
#ifndef GHM_BASE_CPU_H
#define GHM_BASE_CPU_H
#include <stdbool.h>
/* AVX2 and FMA. */
bool cpu_has_avx2(void);
/* AVX2, FMA and AVX-VNNI: the dot products of AVX-512 VNNI in registers of 256 bits, without AVX-512. */
bool cpu_has_avx_vnni(void);
/* AVX-512 F, BW, DQ, VL and VNNI, and an operating system that keeps their registers. */
bool cpu_has_avx512_vnni(void);
/* Dot products of AArch64 (FEAT_DotProd). NEON itself is part of every AArch64. */
bool cpu_has_dotprod(void);
#endif
