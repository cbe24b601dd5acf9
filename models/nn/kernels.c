/* kernels.c - see kernels.h. */
#include "models/nn/kernels.h"

#include "base/cpu.h"

/* AUTO without AVX2 is plain C: compilers make its dot products from 16-bit multiply-adds, which beat the dgemm of the
 * machines that are left (x86-64 baseline on Zen 5, 320 -> 176: C 12 GMAC/s, OpenBLAS held to SSE 9). */
const nn_kernels *nn_kernels_get(ghm_backend backend)
{
    const nn_kernels *avx2 = NULL, *avx512 = NULL;
#if defined(GHM_HAVE_X86)
    avx2 = cpu_has_avx2() ? &nn_kernels_avx2 : NULL;
    avx512 = cpu_has_avx512_vnni() ? &nn_kernels_avx512 : NULL;
#endif
    switch (backend) {
    case GHM_BACKEND_AUTO: return avx512 ? avx512 : avx2 ? avx2 : &nn_kernels_c;
    case GHM_BACKEND_C: return &nn_kernels_c;
    case GHM_BACKEND_BLAS: return &nn_kernels_blas;
    case GHM_BACKEND_AVX2: return avx2;
    case GHM_BACKEND_AVX512: return avx512;
    default: return NULL;
    }
}

const nn_float_kernels *nn_float_kernels_get(ghm_backend backend)
{
    const nn_float_kernels *avx2 = NULL, *avx512 = NULL;
#if defined(GHM_HAVE_X86)
    avx2 = cpu_has_avx2() ? &nn_float_kernels_avx2 : NULL;
    avx512 = cpu_has_avx512_vnni() ? &nn_float_kernels_avx512 : NULL;
#endif
    switch (backend) {
    case GHM_BACKEND_AUTO: return avx512 ? avx512 : avx2 ? avx2 : &nn_float_kernels_blas;
    case GHM_BACKEND_BLAS: return &nn_float_kernels_blas;
    case GHM_BACKEND_AVX2: return avx2;
    case GHM_BACKEND_AVX512: return avx512;
    default: return NULL;
    }
}
