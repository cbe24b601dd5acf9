#define _POSIX_C_SOURCE 200809L
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"

#define METADATA_BYTES (UINT64_C(64) << 20)
#define FIRST_CAPACITY (1u << 16)

uint64_t input_byte_limit(uint64_t limit_pixels)
{
    return limit_pixels > (UINT64_MAX - METADATA_BYTES) / 8 ? UINT64_MAX : 8 * limit_pixels + METADATA_BYTES;
}

static exit_code fail_too_large(const input *in, uint64_t max_bytes)
{
    return fail(EXIT_LIMIT, in->label, "is larger than the limit of %" PRIu64 " bytes", max_bytes);
}

static exit_code grow(input *in, size_t *capacity)
{
    const size_t wanted = *capacity <= SIZE_MAX / 2 ? 2 * *capacity : 0;
    uint8_t *data = wanted ? realloc(in->data, wanted) : NULL;
    if (!data)
        return fail(EXIT_LIMIT, in->label, "not enough memory to read it");
    in->data = data;
    *capacity = wanted;
    return EXIT_OK;
}

/* capacity is a first guess; more is fetched while the descriptor gives more. */
static exit_code read_all(int fd, size_t capacity, uint64_t max_bytes, input *in)
{
    in->data = malloc(capacity);
    if (!in->data)
        return fail(EXIT_LIMIT, in->label, "not enough memory to read it");
    for (;;) {
        if (in->size == capacity) {
            const exit_code code = grow(in, &capacity);
            if (code != EXIT_OK)
                return code;
        }
        const ssize_t n = read(fd, in->data + in->size, capacity - in->size);
        if (n == 0)
            return EXIT_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(EXIT_READ, in->label, "cannot be read: %s", strerror(errno));
        in->size += (size_t)n;
        if (in->size > max_bytes)
            return fail_too_large(in, max_bytes);
    }
}

static exit_code read_descriptor(int fd, uint64_t max_bytes, input *in)
{
    struct stat st;
    size_t capacity = FIRST_CAPACITY;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        if ((uint64_t)st.st_size > max_bytes || (uint64_t)st.st_size >= SIZE_MAX)
            return fail_too_large(in, max_bytes);
        capacity = (size_t)st.st_size + 1; /* one more, so that the end is seen without growing */
    }
    return read_all(fd, capacity, max_bytes, in);
}

static exit_code open_and_read(const char *path, uint64_t max_bytes, input *in)
{
    if (strcmp(path, "-") == 0) {
        in->label = "standard input";
        if (isatty(STDIN_FILENO))
            return fail(EXIT_USAGE, in->label, "is a terminal; name a file or use a pipe");
        return read_descriptor(STDIN_FILENO, max_bytes, in);
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(EXIT_READ, path, "cannot be opened: %s", strerror(errno));
    const exit_code code = read_descriptor(fd, max_bytes, in);
    close(fd);
    return code;
}

exit_code input_read(const char *path, uint64_t max_bytes, input *in)
{
    *in = (input){ .label = path };
    const exit_code code = open_and_read(path, max_bytes, in);
    if (code != EXIT_OK)
        input_free(in);
    return code;
}

void input_free(input *in)
{
    free(in->data);
    in->data = NULL;
    in->size = 0;
}
