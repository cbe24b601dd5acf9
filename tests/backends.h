/* backends.h - every backend there is; ghm_backend_available() tells which this processor has. */
#ifndef GHM_TESTS_BACKENDS_H
#define GHM_TESTS_BACKENDS_H

#include <gingham/gingham.h>

/* Portable C, which is the definition, first. */
static const ghm_backend test_backends[] = { GHM_BACKEND_C,       GHM_BACKEND_BLAS, GHM_BACKEND_AVX2,   GHM_BACKEND_AVXVNNI,
                                             GHM_BACKEND_AVX512,  GHM_BACKEND_NEON, GHM_BACKEND_DOTPROD };
enum { N_TEST_BACKENDS = sizeof test_backends / sizeof *test_backends };

#endif
