#define _POSIX_C_SOURCE 200809L
#include "stage_clock.h"

#include <time.h>

/* The CPU time of this thread, so that what else the machine does is not in it. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void stage_enter(stage_clock *clock, stage next)
{
    if (!clock)
        return;
    const double time = now();
    clock->seconds[clock->running] += time - clock->since;
    clock->since = time;
    clock->running = next;
}

ghm_statistics stage_clocks_sum(const stage_clock *clocks, int n_threads)
{
    ghm_statistics sum = { 0 };
    for (int i = 0; i < n_threads; i++) {
        sum.analysis_seconds += clocks[i].seconds[STAGE_ANALYSIS];
        sum.entropy_seconds += clocks[i].seconds[STAGE_ENTROPY];
        sum.context_seconds += clocks[i].seconds[STAGE_CONTEXT];
        sum.synthesis_seconds += clocks[i].seconds[STAGE_SYNTHESIS];
    }
    return sum;
}
