/* check_kernels.c - every kernel this CPU can run against its definition, on random data and awkward sizes.
 *
 *     check_kernels           exit 0 when all agree, 1 at the first difference; GHM_TEST_SEED repeats a run
 *     check_kernels --bench   multiply-adds a second instead */
#include <stdio.h>
#include <string.h>

#include "kernel_test.h"
#include "models/nn/kernels.h"

static const struct {
    const char *name;
    void (*check)(void);
} checks[] = {
    {"bounds", check_bounds},         {"linear", check_linear},
    {"depthwise", check_depthwise},   {"linear_f32", check_linear_f32},
    {"depthwise_f32", check_depthwise_f32},
};

/* Tables are complete, AUTO is one of the backends, and numbers that name none give none. */
static void check_tables(void)
{
    const nn_kernels *backends[MAX_BACKENDS];
    const size_t n_backends = available_backends(backends);
    bool auto_found = false;
    printf("backends:");
    for (size_t b = 0; b < n_backends; b++) {
        const nn_kernels *const k = backends[b];
        if (!k->packed_bytes || !k->pack || !k->scratch_bytes || !k->linear || !k->depthwise)
            fail("the table of %s has a hole", k->name);
        auto_found |= k == nn_kernels_get(GHM_BACKEND_AUTO);
        if (nn_kernels_get(nn_kernels_backend(k)) != k)
            fail("nn_kernels_backend of %s", k->name);
        printf(" %s", k->name);
    }
    printf("\n");
    if (!auto_found || backends[0] != &nn_kernels_c || nn_kernels_get((ghm_backend)99))
        fail("nn_kernels_get");
}

int main(int argc, char **argv)
{
    random_init();
    if (argc == 2 && strcmp(argv[1], "--bench") == 0) {
        bench_kernels();
        return 0;
    }
    if (argc != 1) {
        fprintf(stderr, "usage: check_kernels [--bench]\n");
        return 2;
    }
    check_tables();
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        checks[i].check();
        printf("ok %s\n", checks[i].name);
    }
    return 0;
}
