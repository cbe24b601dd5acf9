/* threads.h - a parallel for whose result does not depend on the number of threads. */
#ifndef GHM_BASE_THREADS_H
#define GHM_BASE_THREADS_H

#include <stddef.h>

typedef struct thread_pool thread_pool;

/* A pool of n_threads workers, the caller included (n_threads >= 1). NULL when out of memory or threads. */
thread_pool *thread_pool_open(int n_threads);
void thread_pool_close(thread_pool *pool);
int thread_pool_size(const thread_pool *pool);

/* Run task(user, i, worker) for i = 0 .. n - 1, each exactly once, and return when all are done. `worker` is
 * 0 .. size - 1 and tells which per-worker memory the call may use. Tasks are handed out in rising order. */
void thread_pool_run(thread_pool *pool, size_t n, void (*task)(void *user, size_t i, int worker), void *user);

/* CPUs this process may use: affinity mask and cgroup quota, at least 1. */
int threads_available(void);

#endif
