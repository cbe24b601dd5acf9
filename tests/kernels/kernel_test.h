/* kernel_test.h - random data, guarded memory and failure for check_kernels. */
#ifndef GHM_KERNEL_TEST_H
#define GHM_KERNEL_TEST_H

#include <stddef.h>
#include <stdint.h>

#include "models/nn/layers.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Print the message and the seed, and exit(1). */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The seed is GHM_TEST_SEED, or the time; printed either way. */
void random_init(void);
/* GHM_TEST_SMALL is set, for emulated machines: try a part of the shapes, drawn by chance. */
bool small_test(void);
/* Uniform in 0 .. n - 1, and in low .. high. */
uint64_t random_below(uint64_t n);
int64_t random_between(int64_t low, int64_t high);
/* Uniform in -1 .. 1. */
float random_float(void);

/* Exits instead of returning NULL. align64: size is a multiple of 64, and may be 0 for NULL. */
void *allocate(size_t size);
void *allocate_align64(size_t size);

/* Memory between two guards, which guarded_check() finds untouched or fails, naming `what`. data is only aligned to two
 * bytes: the kernels promise to work there. */
typedef struct guarded {
    unsigned char *block;
    void *data;
    size_t size;
} guarded;

guarded guarded_new(size_t size);
void guarded_check(const guarded *g, const char *what);
void guarded_free(guarded *g);

/* The backends this CPU can run; the first is the C definition. */
enum { MAX_BACKENDS = 7 };
size_t available_backends(const nn_kernels *backends[MAX_BACKENDS]);
/* The same for the tolerant zone. */
size_t available_float_kernels(const nn_float_kernels *kernels[MAX_BACKENDS]);

/* A layer with its own weights. */
typedef enum weight_style {
    WEIGHTS_INT8,        /* random in -127 .. 127 */
    WEIGHTS_INT8_MAX,    /* all 127 or all -127, output by output */
    WEIGHTS_INT16,       /* random, as large as the bound on their sum allows */
    WEIGHTS_INT16_BOUND, /* exactly at the bound of linear_check(), bias included */
    WEIGHTS_SPARSE,      /* int8 with blocks of 16 outputs x 4 inputs of zeros, few or nearly all of them */
    N_WEIGHT_STYLES
} weight_style;

nn_linear random_linear(size_t c_out, size_t c_in, weight_style style);
void free_linear(nn_linear *layer);
/* Zero blocks of 16 outputs x 4 inputs of (c_out, c_in), each with the same chance. */
void zero_blocks(int16_t *weight, size_t c_out, size_t c_in, uint64_t percent);
nn_depthwise random_depthwise(size_t c);
void free_depthwise(nn_depthwise *layer);

/* Random values, or all the same extreme, or a mixture of the two extremes. */
void random_activations(int16_t *x, size_t n);

/* The parts of check_kernels. */
void check_bounds(void);
void check_linear(void);
void check_depthwise(void);
void check_linear_f32(void);
void check_depthwise_f32(void);
void bench_kernels(void);

#endif
