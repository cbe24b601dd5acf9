/* blas.h - OpenBLAS, loaded when a backend asks for it and not before: who decodes with other kernels should not pay for
 * its relocations (3 ms a process), nor need it installed. */
#ifndef GHM_NN_BLAS_H
#define GHM_NN_BLAS_H

/* cblas_dgemm() as declared by cblas.h with 32-bit integers; enums are passed as int. */
typedef void blas_dgemm(int order, int trans_a, int trans_b, int m, int n, int k, double alpha, const double *a, int lda,
                        const double *b, int ldb, double beta, double *c, int ldc);
enum { BLAS_ROW_MAJOR = 101, BLAS_NO_TRANS = 111, BLAS_TRANS = 112 };

/* NULL when the library is not there. It stays loaded, set to one thread: it would start threads of its own under ours.
 * Safe to call from any thread. */
blas_dgemm *blas_load_dgemm(void);

#endif
