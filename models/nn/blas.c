/* blas.c - see blas.h. */
#include "models/nn/blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static blas_dgemm *dgemm;

/* A function pointer out of dlsym()'s object pointer, which C has no cast for. */
static void find(void *library, const char *name, void *function)
{
    void *const symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol);
}

static void load(void)
{
    void *const library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    void (*set_num_threads)(int) = NULL;
    if (!library)
        return;
    find(library, "openblas_set_num_threads", &set_num_threads);
    if (set_num_threads) {
        set_num_threads(1);
        find(library, "cblas_dgemm", &dgemm);
    }
}

blas_dgemm *blas_load_dgemm(void)
{
    pthread_once(&once, load);
    return dgemm;
}
