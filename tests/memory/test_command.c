/* The command with its n-th allocation failing, alone and with all later ones: test_command SCRATCH_FOLDER PICTURES WEIGHTS.
 * Each run is a process of its own. It must end by itself with the exit code for memory, or do its work in spite of the failure,
 * leave no file behind unless it succeeded, and free what it allocated. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocation.h"
#include "exit_codes.h"
#include "gingham_main.h"

enum { MAX_ARGUMENTS = 16, NOT_REACHED = 64, LEAKED = 65 };

static const char *scratch, *pictures, *weights;
static int n_bad;

/* {s}, {p} and {w} at the beginning of an argument stand for the scratch folder, the pictures and the weights. */
static char *expand(const char *argument)
{
    const char *prefix = "";
    if (argument[0] == '{') {
        prefix = argument[1] == 's' ? scratch : argument[1] == 'p' ? pictures : weights;
        argument += 3;
    }
    const size_t size = strlen(prefix) + strlen(argument) + 1;
    char *text = malloc(size);
    if (!text)
        abort();
    snprintf(text, size, "%s%s", prefix, argument);
    return text;
}

static int split(const char *line, char **argv)
{
    char copy[1024];
    int n = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word && n + 1 < MAX_ARGUMENTS; word = strtok(NULL, " "))
        argv[n++] = expand(word);
    argv[n] = NULL;
    return n;
}

/* In a child: the command's exit code, or NOT_REACHED, or LEAKED. */
static _Noreturn void run_child(int argc, char **argv, long n, bool all_later)
{
    const int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(EXIT_GENERIC);
    const size_t live = allocation_live();
    allocation_fail(n, all_later);
    const int code = gingham_main(argc, argv);
    const bool reached = allocation_count() > n;
    allocation_fail(-1, false);
    _exit(!reached ? NOT_REACHED : allocation_live() > live ? LEAKED : code);
}

static int run(int argc, char **argv, long n, bool all_later)
{
    int status;
    const pid_t child = fork();
    if (child == 0)
        run_child(argc, argv, n, all_later);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Remove what a run left in out/; how many files there were. */
static int clean(void)
{
    char folder[1024], path[2048];
    int n = 0;
    snprintf(folder, sizeof folder, "%s/out", scratch);
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        n += unlink(path) == 0;
    }
    if (d)
        closedir(d);
    return n;
}

/* Weights that cannot be opened for want of memory are still weights that cannot be opened, and of a batch some files fail. */
static bool is_for_memory(int code, bool opens_weights, bool is_batch)
{
    return code == EXIT_LIMIT || (opens_weights && code == EXIT_WEIGHTS) || (is_batch && code == EXIT_FILES);
}

/* Every step-th allocation of the command. */
static void fail_each(const char *line, int step)
{
    char *argv[MAX_ARGUMENTS];
    const int argc = split(line, argv);
    const bool opens_weights = strstr(line, "{w}"), is_batch = strstr(line, "--out-dir");
    long n = 0;
    for (int all_later = 0; all_later < 2; all_later++)
        for (n = 0;; n += step) {
            const int code = run(argc, argv, n, all_later);
            const int files = clean();
            if (code == NOT_REACHED)
                break;
            const bool memory = is_for_memory(code, opens_weights, is_batch);
            if ((code != EXIT_OK && !memory) || (memory && files > 0)) {
                printf("%s: allocation %ld%s: exit code %d%s, %d files left\n", line, n, all_later ? " and later" : "", code,
                       code == LEAKED ? " (leak)" : "", files);
                n_bad++;
            }
        }
    printf("%s: %ld allocations\n", line, n);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return EXIT_USAGE;
    scratch = argv[1];
    pictures = argv[2];
    weights = argv[3];
    setvbuf(stdout, NULL, _IONBF, 0); /* nothing is left in the buffer for children to print again */

    /* Steps of primes where there are many allocations in the library, which test_library.c tests one by one. */
    fail_each("gingham encode {p}/rgb.png -o {s}/out/a.ghm --model {w} -j 1", 7);
    fail_each("gingham encode {p}/progressive-orientation6.jpg -o {s}/out/a.ghm --model {w} -j 2", 31);
    fail_each("gingham encode {p}/rgb-17x13.ppm -o {s}/out/a.ghm --model {w} -j 1", 31);
    fail_each("gingham decode {s}/in.ghm -o {s}/out/a.png --model {w} -j 1", 7);
    fail_each("gingham decode {s}/in.ghm -o {s}/out/a.jpg --model {w} -j 1", 31);
    fail_each("gingham decode {s}/built_in.ghm -o {s}/out/a.ppm -j 1", 31);
    fail_each("gingham encode --out-dir {s}/batch {p}/rgb.png {p}/grey.png --model {w} -j 1", 17);
    fail_each("gingham decode --out-dir {s}/batch {s}/in.ghm {s}/in2.ghm --model {w} -j 1", 17);
    fail_each("gingham info {s}/in.ghm", 1);
    fail_each("gingham info {s}/built_in.ghm", 31);
    fail_each("gingham model list", 31);
    fail_each("gingham model info {w}", 13);
    fail_each("gingham compare {p}/rgb.png {p}/rgb16.png", 1);
    fail_each("gingham bdrate {p}/../curves/published/jpeg.json {p}/../curves/published/vtm.json", 1);
    return n_bad > 0;
}
