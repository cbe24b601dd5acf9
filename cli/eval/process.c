#define _DEFAULT_SOURCE /* wait4 */
#include "eval/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message.h"
#include "progress.h"

extern char **environ;

static double timeval_seconds(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* Returns an errno, 0 for success. main() ignores SIGPIPE; the command gets it as it expects it. */
static int spawn(const char *const *argv, const char *log_path, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    int error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    if (!error)
        error = posix_spawnp(pid, argv[0], &files, &attributes, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static bool wait_for(pid_t pid, int *status, struct rusage *usage)
{
    pid_t waited;
    do
        waited = wait4(pid, status, 0, usage);
    while (waited < 0 && errno == EINTR);
    return waited == pid;
}

process_end process_run(const char *const *argv, const char *log_path, process_usage *usage)
{
    pid_t pid;
    int status;
    struct rusage r;
    const double start = clock_seconds();
    const int error = spawn(argv, log_path, &pid);
    if (error)
        return error == ENOENT ? PROCESS_NOT_FOUND : PROCESS_FAILED;
    const bool ended = wait_for(pid, &status, &r);
    usage->seconds = clock_seconds() - start;
    if (!ended)
        return PROCESS_FAILED;
    usage->cpu_seconds = timeval_seconds(r.ru_utime) + timeval_seconds(r.ru_stime);
    usage->peak_bytes = (uint64_t)r.ru_maxrss * 1024; /* Linux counts in KiB */
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? PROCESS_DONE : PROCESS_FAILED;
}

/* The child: never returns. */
static void work_and_exit(process_work *work, const void *task, void *result, size_t size, int fd)
{
    const exit_code code = work(task, result);
    if (code == EXIT_OK && write(fd, result, size) != (ssize_t)size)
        _exit(EXIT_GENERIC);
    _exit((int)code);
}

/* At most one pipe buffer, so that all of it comes at once. Signals that are caught do not end the waiting. */
static bool read_result(int fd, void *result, size_t size)
{
    ssize_t n;
    do
        n = read(fd, result, size);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)size;
}

exit_code process_fork(process_work *work, const void *task, void *result, size_t size)
{
    int fds[2], status;
    struct rusage usage;
    if (pipe(fds) != 0)
        return fail(EXIT_GENERIC, NULL, "no pipe: %s", strerror(errno));
    const pid_t pid = fork();
    if (pid == 0)
        work_and_exit(work, task, result, size, fds[1]);
    close(fds[1]);
    const bool complete = pid > 0 && read_result(fds[0], result, size);
    close(fds[0]);
    if (pid < 0 || !wait_for(pid, &status, &usage))
        return fail(EXIT_GENERIC, NULL, "no new process: %s", strerror(errno));
    if (!WIFEXITED(status))
        return EXIT_GENERIC; /* ended by a signal, as this process is about to be */
    if (WEXITSTATUS(status) != EXIT_OK)
        return (exit_code)WEXITSTATUS(status);
    return complete ? EXIT_OK : EXIT_GENERIC;
}
