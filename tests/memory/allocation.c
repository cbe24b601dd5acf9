#define _XOPEN_SOURCE 700
#include "allocation.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *p);
char *__real_realpath(const char *path, char *resolved);
void *__real_XXH3_createState(void);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *p);
char *__wrap_strdup(const char *text);
char *__wrap_realpath(const char *path, char *resolved);
void *__wrap_XXH3_createState(void);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);

enum { TABLE_SIZE = 1 << 16 }; /* more than there are live blocks at any time */

/* Blocks that are live, by address: others' blocks may be freed here too, and must not count. */
static void *table[TABLE_SIZE];
static size_t n_live;
static long count, first_failure = -1;
static bool all_later;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t slot_of(const void *p)
{
    size_t i = (size_t)((uintptr_t)p >> 4) * 2654435761u % TABLE_SIZE;
    while (table[i] && table[i] != p)
        i = (i + 1) % TABLE_SIZE;
    return i;
}

/* Knuth's deletion from open addressing: what follows moves up where it may. */
static void forget(const void *p)
{
    size_t hole = slot_of(p);
    if (!table[hole])
        return;
    n_live--;
    table[hole] = NULL;
    for (size_t i = (hole + 1) % TABLE_SIZE; table[i]; i = (i + 1) % TABLE_SIZE) {
        void *moved = table[i];
        table[i] = NULL;
        table[slot_of(moved)] = moved;
    }
}

static bool fails(void)
{
    pthread_mutex_lock(&lock);
    const long n = count++;
    const bool failing = first_failure >= 0 && (n == first_failure || (all_later && n > first_failure));
    pthread_mutex_unlock(&lock);
    if (failing)
        errno = ENOMEM;
    return failing;
}

static void *keep(void *p)
{
    pthread_mutex_lock(&lock);
    if (p && n_live < TABLE_SIZE / 2) {
        table[slot_of(p)] = p;
        n_live++;
    }
    pthread_mutex_unlock(&lock);
    return p;
}

static void drop(void *p)
{
    pthread_mutex_lock(&lock);
    if (p)
        forget(p);
    pthread_mutex_unlock(&lock);
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : keep(__real_malloc(size)); }
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : keep(__real_calloc(n, size)); }
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : keep(__real_aligned_alloc(alignment, size));
}
void *__wrap_XXH3_createState(void) { return fails() ? NULL : __real_XXH3_createState(); }
char *__wrap_realpath(const char *path, char *resolved) { return fails() ? NULL : __real_realpath(path, resolved); }

void *__wrap_realloc(void *p, size_t size)
{
    if (fails())
        return NULL;
    drop(p);
    void *moved = __real_realloc(p, size);
    keep(moved ? moved : p);
    return moved;
}

void __wrap_free(void *p)
{
    drop(p);
    __real_free(p);
}

char *__wrap_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, attr, start, arg);
}

void allocation_fail(long n, bool and_all_later)
{
    pthread_mutex_lock(&lock);
    count = 0;
    first_failure = n;
    all_later = and_all_later;
    pthread_mutex_unlock(&lock);
}

long allocation_count(void)
{
    pthread_mutex_lock(&lock);
    const long n = count;
    pthread_mutex_unlock(&lock);
    return n;
}

size_t allocation_live(void)
{
    pthread_mutex_lock(&lock);
    const size_t n = n_live;
    pthread_mutex_unlock(&lock);
    return n;
}
