/* stage_clock.h - which stage the CPU time of one thread goes to, for ghm_statistics. A NULL clock counts nothing and costs a
 * test, so that code names its stages whether or not somebody asked. Stages are rows and bands of work, not loops. */
#ifndef GHM_BASE_STAGE_CLOCK_H
#define GHM_BASE_STAGE_CLOCK_H

#include <gingham/gingham.h>

typedef enum stage { STAGE_NONE, STAGE_ANALYSIS, STAGE_ENTROPY, STAGE_CONTEXT, STAGE_SYNTHESIS, N_STAGES } stage;

typedef struct stage_clock {
    double seconds[N_STAGES];
    double since; /* when the running stage began; of STAGE_NONE, and what it adds up to, nobody asks */
    stage running;
} stage_clock;

/* Time from here on belongs to the stage; STAGE_NONE ends the one that runs. */
void stage_enter(stage_clock *clock, stage next);

/* The sums over the threads' clocks. */
ghm_statistics stage_clocks_sum(const stage_clock *clocks, int n_threads);

#endif
