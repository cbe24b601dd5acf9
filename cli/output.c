#define _XOPEN_SOURCE 700 /* realpath */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"

#define MAX_OUTPUTS 256 /* as many as there may be threads */
#define MAX_TEMPORARY_NAMES 1000
#define TEMPORARY_NAME_BYTES 64

/* -------------------------------------------------------------------------------------------------- signals */

/* The files to remove when a signal ends the process. Changed under the lock and while signals are blocked. */
static _Atomic(char *) pending_temporaries[MAX_OUTPUTS];
static pthread_mutex_t pending_lock = PTHREAD_MUTEX_INITIALIZER;

static _Atomic(atomic_int *) stop_flag; /* output_defer_signals() */

static const int fatal_signals[] = { SIGHUP, SIGINT, SIGTERM, SIGXCPU };

/* Only async-signal-safe calls. Raising again with the default action ends the process with the status that the caller
 * expects of this signal. */
static void on_fatal_signal(int signal_number)
{
    atomic_int *stop = stop_flag;
    if (stop && atomic_exchange(stop, 1) == 0)
        return;
    for (size_t i = 0; i < MAX_OUTPUTS; i++) {
        const char *name = pending_temporaries[i];
        if (name)
            unlink(name);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void output_catch_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes becomes a write error too */
    for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++) {
        struct sigaction action, old;
        memset(&action, 0, sizeof action);
        action.sa_handler = on_fatal_signal;
        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        /* nohup and shells without job control start us with signals ignored: leave those so. */
        if (sigaction(fatal_signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(fatal_signals[i], &action, NULL);
    }
}

static void block_fatal_signals(sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++)
        sigaddset(&set, fatal_signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, old);
}

void output_defer_signals(atomic_int *stop)
{
    stop_flag = stop;
}

void output_block_signals(void)
{
    sigset_t old;
    block_fatal_signals(&old);
}

/* The place of a name in the list; of NULL, a free place. MAX_OUTPUTS: none. */
static size_t find_pending(const char *name)
{
    size_t i = 0;
    while (i < MAX_OUTPUTS && pending_temporaries[i] != name)
        i++;
    return i;
}

/* Put to in the place of from; NULL is a free place. */
static void change_pending(const char *from, char *to)
{
    pthread_mutex_lock(&pending_lock);
    const size_t i = find_pending(from);
    if (i < MAX_OUTPUTS)
        pending_temporaries[i] = to;
    pthread_mutex_unlock(&pending_lock);
}

/* -------------------------------------------------------------------------------------------------- opening */

/* Another name of what stdout leads to, such as /dev/stdout: a second opening of it would write over what the first has
 * written. Devices are as good as different: none keeps what it is given. */
static bool leads_to_stdout(const char *path)
{
    struct stat a, b;
    return stat(path, &a) == 0 && fstat(STDOUT_FILENO, &b) == 0 && !S_ISCHR(a.st_mode) && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

bool output_is_stdout(const char *path)
{
    return strcmp(path, "-") == 0 || leads_to_stdout(path);
}

static exit_code fail_exists(const char *path)
{
    return fail(EXIT_SKIPPED, path, "exists already; not overwritten");
}

bool output_exists(const char *path)
{
    struct stat st;
    return !output_is_stdout(path) && lstat(path, &st) == 0;
}

exit_code output_check_absent(const char *path)
{
    return output_exists(path) ? fail_exists(path) : EXIT_OK;
}

exit_code output_check_differs(const char *path, const char *input_path)
{
    struct stat a, b;
    if (strcmp(path, "-") == 0 || strcmp(input_path, "-") == 0 || stat(path, &a) != 0 || stat(input_path, &b) != 0)
        return EXIT_OK;
    if (S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return fail(EXIT_USAGE, path, "is the input as well; choose another output");
    return EXIT_OK;
}

exit_code output_check_names(const char *path, const char *input_path, bool no_overwrite)
{
    const exit_code code = output_check_differs(path, input_path);
    return code == EXIT_OK && no_overwrite ? output_check_absent(path) : code;
}

static exit_code fail_write(const output *out, int error)
{
    /* The reader of a pipe has gone: it knows, and nobody else needs a message. */
    if (error == EPIPE)
        return EXIT_WRITE;
    return fail(error == ENOMEM ? EXIT_LIMIT : EXIT_WRITE, out->label, "cannot be written: %s", strerror(error));
}

static exit_code refuse_terminal(const output *out)
{
    return fail(EXIT_USAGE, out->label, "is a terminal; binary data goes to a file or a pipe");
}

static exit_code open_stdout(output *out)
{
    out->label = "standard output";
    if (isatty(STDOUT_FILENO))
        return refuse_terminal(out);
    out->file = stdout;
    return EXIT_OK;
}

static exit_code open_device(output *out, const char *path)
{
    out->file = fopen(path, "wb");
    if (!out->file)
        return fail_write(out, errno);
    if (isatty(fileno(out->file))) {
        output_abandon(out);
        return refuse_terminal(out);
    }
    return EXIT_OK;
}

/* Create out->temporary beside out->target, whose permissions it takes over when that exists. The name does not build
 * on the target's: that may be as long as the file system allows. */
static int create_temporary(output *out, const struct stat *existing)
{
    const char *slash = strrchr(out->target, '/');
    const size_t directory = slash ? (size_t)(slash - out->target) + 1 : 0;
    out->temporary = malloc(directory + TEMPORARY_NAME_BYTES);
    if (!out->temporary)
        return -1;
    memcpy(out->temporary, out->target, directory);

    int fd = -1;
    sigset_t old;
    block_fatal_signals(&old);
    for (int i = 0; i < MAX_TEMPORARY_NAMES && fd < 0; i++) {
        snprintf(out->temporary + directory, TEMPORARY_NAME_BYTES, ".gingham-%ld-%d.tmp", (long)getpid(), i);
        fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    const int error = errno;
    if (fd >= 0) {
        change_pending(NULL, out->temporary);
        if (existing && fchmod(fd, existing->st_mode & 0777) != 0)
            warn(out->label, "its permissions could not be kept: %s", strerror(errno));
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (fd < 0) {
        free(out->temporary); /* of a file that is not ours */
        out->temporary = NULL;
    }
    errno = error;
    return fd;
}

static exit_code open_regular(output *out, const char *path, const struct stat *existing)
{
    /* A rename would replace what the user protected. */
    if (existing && access(path, W_OK) != 0)
        return fail_write(out, errno);
    out->target = existing ? realpath(path, NULL) : strdup(path);
    const int fd = out->target ? create_temporary(out, existing) : -1;
    if (fd >= 0)
        out->file = fdopen(fd, "wb");
    if (out->file)
        return EXIT_OK;
    const int error = errno;
    if (fd >= 0)
        close(fd);
    output_abandon(out);
    return fail_write(out, error);
}

exit_code output_open(output *out, const char *path, bool no_overwrite)
{
    *out = (output){ .label = path, .no_overwrite = no_overwrite };
    if (output_is_stdout(path))
        return open_stdout(out);
    struct stat st;
    const bool exists = stat(path, &st) == 0;
    if (exists && no_overwrite)
        return fail_exists(path);
    if (exists && S_ISDIR(st.st_mode))
        return fail_write(out, EISDIR);
    if (exists && !S_ISREG(st.st_mode))
        return open_device(out, path);
    return open_regular(out, path, exists ? &st : NULL);
}

/* -------------------------------------------------------------------------------------------------- writing */

exit_code output_write(output *out, const void *data, size_t size)
{
    return fwrite(data, 1, size, out->file) == size ? EXIT_OK : fail_write(out, errno);
}

/* Close the file; with durable, what was written is on the disk after success. Returns an errno, 0 for success. A write that
 * failed earlier may have dropped what was buffered, so that flushing succeeds; why it failed is no longer known. */
static int close_file(output *out, bool durable)
{
    int error = ferror(out->file) ? EIO : 0;
    if (!error && fflush(out->file) != 0)
        error = errno;
    if (!error && durable && fsync(fileno(out->file)) != 0)
        error = errno;
    if (out->file != stdout && fclose(out->file) != 0 && !error)
        error = errno;
    out->file = NULL;
    return error;
}

/* Give the temporary file its name. link() is the call that never replaces a file; where a file system has no links,
 * the check made when the output was opened has to do. */
static exit_code publish(output *out)
{
    if (out->no_overwrite) {
        if (link(out->temporary, out->target) == 0) {
            unlink(out->temporary);
            return EXIT_OK;
        }
        if (errno == EEXIST)
            return fail_exists(out->label);
    }
    return rename(out->temporary, out->target) == 0 ? EXIT_OK : fail_write(out, errno);
}

static void forget_temporary(output *out)
{
    if (out->temporary)
        change_pending(out->temporary, NULL);
    free(out->temporary);
    free(out->target);
    out->temporary = out->target = NULL;
}

exit_code output_commit(output *out)
{
    const int error = close_file(out, out->temporary != NULL);
    exit_code code = error ? fail_write(out, error) : EXIT_OK;
    if (code == EXIT_OK && out->temporary)
        code = publish(out);
    if (code != EXIT_OK && out->temporary)
        unlink(out->temporary);
    forget_temporary(out);
    return code;
}

void output_abandon(output *out)
{
    if (out->file && out->file != stdout)
        fclose(out->file);
    out->file = NULL;
    if (out->temporary)
        unlink(out->temporary);
    forget_temporary(out);
}

exit_code output_close(output *out, exit_code code)
{
    if (code == EXIT_OK)
        return output_commit(out);
    output_abandon(out);
    return code;
}

exit_code output_finish_stdout(exit_code code)
{
    const bool failed_before = ferror(stdout) != 0;
    const bool failed = fflush(stdout) != 0 || failed_before;
    if (!failed || code != EXIT_OK)
        return code;
    return fail_write(&(output){ .label = "standard output" }, errno);
}
