/* kernels.c - see kernels.h. */
#include "models/nn/kernels.h"

#include "base/cpu.h"
#include "models/nn/blas.h"

/* Tables of this build for the exact zone, best first, each with what the CPU must have. AUTO takes the first that runs;
 * C always does, and beats dgemm where no other does: compilers make its dot products from 16-bit multiply-adds (x86-64
 * baseline on Zen 5, 320 -> 176: C 12 GMAC/s, OpenBLAS held to SSE 9). */
typedef struct candidate {
    ghm_backend backend;
    const nn_kernels *kernels;
    const nn_float_kernels *float_kernels;
    bool (*runs)(void);
} candidate;

static bool always(void)
{
    return true;
}

static bool blas_is_there(void)
{
    return blas_load_dgemm() != NULL;
}

static const candidate candidates[] = {
#if defined(GHM_HAVE_X86)
    { GHM_BACKEND_AVX512, &nn_kernels_avx512, &nn_float_kernels_avx512, cpu_has_avx512_vnni },
    { GHM_BACKEND_AVXVNNI, &nn_kernels_avxvnni, NULL, cpu_has_avx_vnni },
    { GHM_BACKEND_AVX2, &nn_kernels_avx2, &nn_float_kernels_avx2, cpu_has_avx2 },
#endif
#if defined(GHM_HAVE_ARM64)
    { GHM_BACKEND_DOTPROD, &nn_kernels_dotprod, NULL, cpu_has_dotprod },
    { GHM_BACKEND_NEON, &nn_kernels_neon, &nn_float_kernels_neon, always },
#endif
    { GHM_BACKEND_C, &nn_kernels_c, &nn_float_kernels_c, always },
    { GHM_BACKEND_BLAS, &nn_kernels_blas, NULL, blas_is_there },
};

enum { N_CANDIDATES = sizeof candidates / sizeof *candidates };

/* Others are not asked whether they run: to ask for BLAS is to load it. */
static bool is_meant(const candidate *c, ghm_backend backend)
{
    return (backend == GHM_BACKEND_AUTO || backend == c->backend) && c->runs();
}

const nn_kernels *nn_kernels_get(ghm_backend backend)
{
    for (size_t i = 0; i < N_CANDIDATES; i++)
        if (is_meant(&candidates[i], backend))
            return candidates[i].kernels;
    return NULL;
}

ghm_backend nn_kernels_backend(const nn_kernels *kernels)
{
    size_t i = 0;
    while (candidates[i].kernels != kernels)
        i++;
    return candidates[i].backend;
}

const nn_float_kernels *nn_float_kernels_get(ghm_backend backend)
{
    for (size_t i = 0; i < N_CANDIDATES; i++)
        if (candidates[i].float_kernels && is_meant(&candidates[i], backend))
            return candidates[i].float_kernels;
    return NULL;
}
