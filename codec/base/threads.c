#define _GNU_SOURCE
#include "threads.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct worker {
    thread_pool *pool;
    int index;
    pthread_t thread;
} worker;

struct thread_pool {
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    void (*task)(void *, size_t, int);
    void *user;
    size_t next, n, unfinished;
    bool quit;
    int size, n_started;
    worker *workers; /* size - 1 of them; the caller is worker 0 */
};

/* Take tasks until none is left. Called and left with the mutex held. */
static void drain(thread_pool *pool, int index)
{
    while (pool->next < pool->n) {
        const size_t i = pool->next++;
        pthread_mutex_unlock(&pool->mutex);
        pool->task(pool->user, i, index);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->unfinished == 0)
            pthread_cond_broadcast(&pool->done);
    }
}

static void *worker_main(void *arg)
{
    worker *w = arg;
    thread_pool *pool = w->pool;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->quit) {
        drain(pool, w->index);
        if (!pool->quit)
            pthread_cond_wait(&pool->wake, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

thread_pool *thread_pool_open(int n_threads)
{
    thread_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->size = n_threads;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->workers = calloc((size_t)n_threads, sizeof *pool->workers);
    while (pool->workers && pool->n_started < n_threads - 1) {
        worker *w = &pool->workers[pool->n_started];
        w->pool = pool;
        w->index = pool->n_started + 1;
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
            break;
        pool->n_started++;
    }
    if (!pool->workers || pool->n_started < n_threads - 1) {
        thread_pool_close(pool);
        return NULL;
    }
    return pool;
}

void thread_pool_close(thread_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->quit = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->n_started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool);
}

int thread_pool_size(const thread_pool *pool) { return pool->size; }

void thread_pool_run(thread_pool *pool, size_t n, void (*task)(void *, size_t, int), void *user)
{
    if (n == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->task = task;
    pool->user = user;
    pool->next = 0;
    pool->n = pool->unfinished = n;
    if (pool->n_started > 0 && n > 1)
        pthread_cond_broadcast(&pool->wake);
    drain(pool, 0);
    while (pool->unfinished > 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

static int rounded_up(long long quota, long long period)
{
    return quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

static long long read_number(const char *folder, const char *name)
{
    char path[PATH_MAX];
    long long v = 0;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return 0;
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%lld", &v) != 1)
        v = 0;
    if (f)
        fclose(f);
    return v;
}

/* CPUs that one cgroup allows; 0 when it has no quota. */
static int quota_of(const char *folder, bool v2)
{
    char path[PATH_MAX];
    long long quota, period;
    if (!v2)
        return rounded_up(read_number(folder, "cpu.cfs_quota_us"), read_number(folder, "cpu.cfs_period_us"));
    if (snprintf(path, sizeof path, "%s/cpu.max", folder) >= (int)sizeof path)
        return 0;
    FILE *f = fopen(path, "r");
    const int n = f && fscanf(f, "%lld %lld", &quota, &period) == 2 ? rounded_up(quota, period) : 0; /* or "max" */
    if (f)
        fclose(f);
    return n;
}

/* The smallest quota from a cgroup up to the root, below which each of them counts. A container may see its own as the root. */
static int smallest_quota(const char *root, const char *group, bool v2)
{
    char folder[PATH_MAX];
    int least = 0;
    if (snprintf(folder, sizeof folder, "%s%s", root, group) >= (int)sizeof folder)
        return 0;
    for (;;) {
        const int n = quota_of(folder, v2);
        if (n > 0 && (least == 0 || n < least))
            least = n;
        if (strlen(folder) <= strlen(root))
            return least;
        *strrchr(folder, '/') = '\0';
    }
}

/* CPUs that this process's cgroup may use, v2 ("0::/group") or v1 ("4:cpu,cpuacct:/group"); 0 when there is no quota. */
static int cgroup_cpus(void)
{
    char line[PATH_MAX + 64];
    int least = 0;
    FILE *f = fopen("/proc/self/cgroup", "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(++controllers, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        const bool v2 = *controllers == '\0';
        if (!v2 && strcmp(controllers, "cpu") != 0 && strcmp(controllers, "cpu,cpuacct") != 0)
            continue;
        const int n = smallest_quota(v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu", group, v2);
        if (n > 0 && (least == 0 || n < least))
            least = n;
    }
    if (f)
        fclose(f);
    return least;
}

int threads_available(void)
{
    cpu_set_t set;
    int n = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = CPU_COUNT(&set);
    else /* more CPUs than the set has room for */
        n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    const int quota = cgroup_cpus();
    if (quota > 0 && quota < n)
        n = quota;
    return n < 1 ? 1 : n;
}
