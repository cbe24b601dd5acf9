#define _POSIX_C_SOURCE 200809L
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "message.h"

#define METADATA_BYTES (UINT64_C(64) << 20)
#define BUFFER_BYTES (1u << 16)

uint64_t source_byte_limit(uint64_t limit_pixels)
{
    return limit_pixels > (UINT64_MAX - METADATA_BYTES) / 8 ? UINT64_MAX : 8 * limit_pixels + METADATA_BYTES;
}

static exit_code fail_too_large(const source *s)
{
    return fail(EXIT_LIMIT, s->label, "is larger than the limit of %" PRIu64 " bytes", s->max_bytes);
}

/* ---------------------------------------------------------------------------------------------- opening */

static exit_code open_descriptor(source *s, const char *path)
{
    if (strcmp(path, "-") != 0) {
        s->fd = open(path, O_RDONLY | O_CLOEXEC);
        return s->fd >= 0 ? EXIT_OK : fail(EXIT_READ, path, "cannot be opened: %s", strerror(errno));
    }
    s->label = "standard input";
    if (isatty(STDIN_FILENO))
        return fail(EXIT_USAGE, s->label, "is a terminal; name a file or use a pipe");
    s->fd = STDIN_FILENO;
    return EXIT_OK;
}

exit_code source_open(source *s, const char *path, uint64_t max_bytes)
{
    struct stat st;
    *s = (source){ .label = path, .fd = -1, .max_bytes = max_bytes, .owns_buffer = true };
    const exit_code code = open_descriptor(s, path);
    if (code != EXIT_OK)
        return code;
    /* Standard input may be a file that something else has read the beginning of: that is read like a pipe. */
    s->seekable = fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(s->fd, 0, SEEK_CUR) == 0;
    s->size = s->seekable ? (uint64_t)st.st_size : 0;
    if (s->size > max_bytes)
        return fail_too_large(s);
    s->capacity = BUFFER_BYTES;
    s->buffer = malloc(s->capacity);
    return s->buffer ? EXIT_OK : fail_memory(s->label);
}

void source_open_memory(source *s, const char *label, const uint8_t *data, size_t size)
{
    *s = (source){ .label = label, .fd = -1, .seekable = true, .size = size, .max_bytes = UINT64_MAX,
                   .buffer = (uint8_t *)data, .capacity = size, .filled = size }; /* which is only read */
}

void source_widen(source *s, size_t bytes)
{
    const size_t capacity = s->seekable && s->size < bytes ? (size_t)s->size : bytes;
    uint8_t *buffer = s->owns_buffer && capacity > s->capacity ? realloc(s->buffer, capacity) : NULL;
    if (!buffer)
        return;
    s->buffer = buffer;
    s->capacity = capacity;
}

void source_close(source *s)
{
    if (s->fd >= 0 && s->fd != STDIN_FILENO)
        close(s->fd);
    if (s->owns_buffer)
        free(s->buffer);
    *s = (source){ .fd = -1 };
}

/* ---------------------------------------------------------------------------------------------- reading */

uint64_t source_position(const source *s)
{
    return s->start + s->next;
}

/* One read, of at most n bytes, from where the buffer ends; 0 at the end. */
static exit_code read_some(source *s, void *to, size_t n, size_t *got)
{
    const uint64_t at = s->start + s->filled;
    ssize_t result;
    *got = 0;
    if (s->fd < 0)
        return EXIT_OK;
    do
        result = s->seekable ? pread(s->fd, to, n, (off_t)at) : read(s->fd, to, n);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return fail(EXIT_READ, s->label, "cannot be read: %s", strerror(errno));
    *got = (size_t)result;
    return at + *got > s->max_bytes ? fail_too_large(s) : EXIT_OK;
}

/* More bytes into the buffer, behind those that are still to be read. */
static exit_code refill(source *s, size_t *got)
{
    *got = 0;
    if (s->fd < 0)
        return EXIT_OK;
    s->filled -= s->next;
    memmove(s->buffer, s->buffer + s->next, s->filled);
    s->start += s->next;
    s->next = 0;
    const exit_code code = read_some(s, s->buffer + s->filled, s->capacity - s->filled, got);
    s->filled += *got;
    return code;
}

exit_code source_peek(source *s, size_t n, const uint8_t **data, size_t *size)
{
    exit_code code = EXIT_OK;
    for (size_t got = 1; code == EXIT_OK && got > 0 && s->filled - s->next < n;)
        code = refill(s, &got);
    *data = s->buffer + s->next;
    *size = s->filled - s->next < n ? s->filled - s->next : n;
    return code;
}

exit_code source_next(source *s, const uint8_t **data, size_t *size)
{
    size_t got;
    const exit_code code = s->next < s->filled ? EXIT_OK : refill(s, &got);
    *data = s->buffer + s->next;
    *size = s->filled - s->next;
    s->next = s->filled;
    return code;
}

/* What the buffer does not hold goes to its place directly when there is much of it. */
static exit_code read_past_buffer(source *s, uint8_t *to, size_t n, size_t *got)
{
    s->start += s->filled;
    s->filled = s->next = 0;
    const exit_code code = read_some(s, to, n, got);
    s->start += *got;
    return code;
}

exit_code source_read(source *s, void *to, size_t n, size_t *size)
{
    exit_code code = EXIT_OK;
    *size = 0;
    for (size_t got = 1; code == EXIT_OK && got > 0 && *size < n;) {
        const size_t left = n - *size, here = s->filled - s->next;
        uint8_t *place = (uint8_t *)to + *size;
        if (here > 0) {
            got = here < left ? here : left;
            memcpy(place, s->buffer + s->next, got);
            s->next += got;
            *size += got;
        } else if (s->fd >= 0 && left >= s->capacity) {
            code = read_past_buffer(s, place, left, &got);
            *size += got;
        } else {
            code = refill(s, &got);
        }
    }
    return code;
}

exit_code source_drain(source *s)
{
    const uint8_t *data;
    size_t size = s->seekable ? 0 : 1;
    exit_code code = EXIT_OK;
    while (code == EXIT_OK && size > 0)
        code = source_next(s, &data, &size);
    return code;
}

void source_seek(source *s, uint64_t position)
{
    if (position >= s->start && position - s->start <= s->filled) {
        s->next = (size_t)(position - s->start);
    } else if (s->fd < 0) {
        s->next = s->filled; /* behind the end there is nothing either */
    } else {
        s->start = position;
        s->filled = s->next = 0;
    }
}

/* ---------------------------------------------------------------------------------------------- all of it */

static exit_code grow(source *s)
{
    const uint64_t rest = s->seekable && s->size > s->capacity ? s->size + 1 : 0; /* one more, to see the end */
    const size_t wanted = rest > 0 && rest < SIZE_MAX ? (size_t)rest : s->capacity <= SIZE_MAX / 2 ? 2 * s->capacity : 0;
    uint8_t *buffer = wanted ? realloc(s->buffer, wanted) : NULL;
    if (!buffer)
        return fail_memory(s->label);
    s->buffer = buffer;
    s->capacity = wanted;
    return EXIT_OK;
}

exit_code source_load(source *s)
{
    exit_code code = EXIT_OK;
    for (size_t got = 1; code == EXIT_OK && s->fd >= 0 && got > 0;) {
        if (s->filled - s->next == s->capacity)
            code = grow(s);
        if (code == EXIT_OK)
            code = refill(s, &got);
    }
    if (code != EXIT_OK || s->fd < 0)
        return code;
    if (s->fd != STDIN_FILENO)
        close(s->fd);
    s->fd = -1;
    s->seekable = true;
    s->size = s->filled;
    s->start = 0;
    return EXIT_OK;
}

exit_code source_hold(source *s)
{
    return s->seekable ? EXIT_OK : source_load(s);
}

exit_code source_hash(source *s, uint64_t *hash)
{
    const uint8_t *data;
    size_t size = 1;
    exit_code code = source_hold(s);
    XXH3_state_t *state = code == EXIT_OK ? XXH3_createState() : NULL;
    if (!state)
        return code == EXIT_OK ? fail_memory(s->label) : code;
    XXH3_64bits_reset(state);
    while (code == EXIT_OK && size > 0) {
        code = source_next(s, &data, &size);
        if (code == EXIT_OK)
            XXH3_64bits_update(state, data, size);
    }
    *hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    source_seek(s, 0);
    return code;
}
