#include "trellis_paths.h"

/* What follows from the state j < TRELLIS_HALF, as masks. */
typedef struct masks {
    int16_t quantizer[TRELLIS_HALF], odd_to_zero[TRELLIS_HALF];
} masks;

static void make_masks(masks *m)
{
    for (unsigned j = 0; j < TRELLIS_HALF; j++) {
        m->quantizer[j] = (int16_t)-(int)trellis_quantizer(j);
        m->odd_to_zero[j] = (int16_t)-(int)trellis_parity_to_zero(j);
    }
}

static void extend_by_one(const masks *m, int16_t path[DQ_N_STATES], const trellis_costs cost, uint8_t *restrict from)
{
    const int16_t even = cost[0][0], even_of_other = (int16_t)(cost[0][0] ^ cost[1][0]);
    const int16_t odd = cost[0][1], odd_of_other = (int16_t)(cost[0][1] ^ cost[1][1]);
    int16_t next[2][TRELLIS_HALF];

    for (unsigned j = 0; j < TRELLIS_HALF; j++) {
        const int16_t by_even = (int16_t)(even ^ (even_of_other & m->quantizer[j]));
        const int16_t by_odd = (int16_t)(odd ^ (odd_of_other & m->quantizer[j]));
        const int16_t swap = (int16_t)((by_even ^ by_odd) & m->odd_to_zero[j]);
        const int16_t to_zero = (int16_t)(by_even ^ swap), to_one = (int16_t)(by_odd ^ swap); /* from j; from j + HALF vice versa */
        const int16_t a0 = (int16_t)(path[j] + to_zero), b0 = (int16_t)(path[j + TRELLIS_HALF] + to_one);
        const int16_t a1 = (int16_t)(path[j] + to_one), b1 = (int16_t)(path[j + TRELLIS_HALF] + to_zero);
        next[0][j] = b0 < a0 ? b0 : a0;
        next[1][j] = b1 < a1 ? b1 : a1;
        from[j] = (uint8_t)((b0 < a0) | (b1 < a1) << 1);
    }
    for (unsigned j = 0; j < TRELLIS_HALF; j++) {
        path[2 * j] = next[0][j];
        path[2 * j + 1] = next[1][j];
    }
}

static void rebase(int16_t path[DQ_N_STATES])
{
    int16_t least = INT16_MAX;
    for (unsigned state = 0; state < DQ_N_STATES; state++)
        least = path[state] < least ? path[state] : least;
    for (unsigned state = 0; state < DQ_N_STATES; state++)
        path[state] = (int16_t)(path[state] - least);
}

static void extend_c(int16_t path[DQ_N_STATES], const trellis_costs *cost, trellis_origins *from, size_t n)
{
    masks m;
    make_masks(&m);
    for (size_t i = 0; i < n; i++) {
        if (i % TRELLIS_EXTENSIONS == 0)
            rebase(path);
        extend_by_one(&m, path, cost[i], from[i]);
    }
    rebase(path);
}

static bool always(void) { return true; }

#if defined(GHM_HAVE_X86)
#include "base/cpu.h"
trellis_extend_function trellis_extend_avx2, trellis_extend_avx512;
#endif

const trellis_variant trellis_variants[] = {
#if defined(GHM_HAVE_X86)
    { "avx512", trellis_extend_avx512, cpu_has_avx512_vnni },
    { "avx2", trellis_extend_avx2, cpu_has_avx2 },
#endif
    { "c", extend_c, always },
};

const size_t trellis_n_variants = sizeof trellis_variants / sizeof *trellis_variants;
