#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/y4m.h"
#include "message.h"

#define MAGIC "YUV4MPEG2"
#define MAX_LINE 1024 /* headers have a hundred bytes */
#define MAX_SIDE 65535

/* -------------------------------------------------------------------------------------------------- header */

/* Names after C, but for the depth at their end ("420p10", "mono12"). */
static const struct {
    const char *name;
    y4m_chroma chroma;
    y4m_siting siting;
} colour_spaces[] = {
    { "420jpeg", Y4M_420, Y4M_CENTRE },   { "420mpeg2", Y4M_420, Y4M_LEFT }, { "420paldv", Y4M_420, Y4M_TOPLEFT },
    { "420", Y4M_420, Y4M_CENTRE },       { "422", Y4M_422, Y4M_CENTRE },    { "444", Y4M_444, Y4M_CENTRE },
    { "mono", Y4M_MONO, Y4M_CENTRE },
};

/* "p10" or, for mono, "10". ffmpeg sites the chroma of deep 4:2:0 at the left, as its 8-bit output "420mpeg2". */
static bool parse_depth(const char *text, y4m_format *f)
{
    char *end;
    if (f->chroma != Y4M_MONO && *text++ != 'p')
        return false;
    const unsigned long depth = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || depth < 9 || depth > 16)
        return false;
    f->bit_depth = (unsigned)depth;
    if (f->chroma == Y4M_420)
        f->siting = Y4M_LEFT;
    return true;
}

static bool parse_colour_space(const char *text, y4m_format *f)
{
    for (size_t i = 0; i < sizeof colour_spaces / sizeof *colour_spaces; i++) {
        const size_t length = strlen(colour_spaces[i].name);
        if (strncmp(text, colour_spaces[i].name, length) != 0)
            continue;
        f->chroma = colour_spaces[i].chroma;
        f->siting = colour_spaces[i].siting;
        return !text[length] || parse_depth(text + length, f);
    }
    return false;
}

static bool parse_side(const char *text, uint32_t *side)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);
    *side = value <= MAX_SIDE ? (uint32_t)value : MAX_SIDE + 1;
    return *text >= '0' && *text <= '9' && !*end && value > 0;
}

static void parse_extension(const char *text, y4m_format *f)
{
    if (strcmp(text, "COLORRANGE=FULL") == 0)
        f->range = Y4M_FULL;
    if (strcmp(text, "COLORRANGE=LIMITED") == 0)
        f->range = Y4M_LIMITED;
}

/* One parameter: a letter and its value. Rate, field order and aspect do not change what samples mean. */
static exit_code parse_parameter(const y4m_reader *r, const char *text, y4m_format *f)
{
    switch (*text) {
    case 'W':
    case 'H':
        if (!parse_side(text + 1, *text == 'W' ? &f->width : &f->height))
            return fail(EXIT_BAD_INPUT, r->label, "damaged Y4M: '%s' is no size", text);
        return EXIT_OK;
    case 'C':
        if (!parse_colour_space(text + 1, f))
            return fail(EXIT_BAD_INPUT, r->label,
                        "its samples are %s; those read here are 420jpeg, 420mpeg2, 420paldv, 422, 444 and mono, with "
                        "up to 16 bits (420p10, mono12)",
                        text + 1);
        return EXIT_OK;
    case 'X':
        parse_extension(text + 1, f);
        return EXIT_OK;
    default:
        return EXIT_OK;
    }
}

static exit_code parse_header(y4m_reader *r, char *line)
{
    char *rest = NULL;
    exit_code code = EXIT_OK;
    r->format = (y4m_format){ .chroma = Y4M_420, .bit_depth = 8 };
    if (strncmp(line, MAGIC, strlen(MAGIC)) != 0 || (line[strlen(MAGIC)] != ' ' && line[strlen(MAGIC)]))
        return fail(EXIT_BAD_INPUT, r->label, "is not a Y4M clip");
    for (char *p = strtok_r(line + strlen(MAGIC), " ", &rest); p && code == EXIT_OK; p = strtok_r(NULL, " ", &rest))
        code = parse_parameter(r, p, &r->format);
    if (code == EXIT_OK && (r->format.width == 0 || r->format.height == 0))
        return fail(EXIT_BAD_INPUT, r->label, "damaged Y4M: the header has no width or height");
    return code;
}

static exit_code check_limits(const y4m_reader *r, uint64_t limit_pixels)
{
    const y4m_format *f = &r->format;
    if (f->width > MAX_SIDE || f->height > MAX_SIDE)
        return fail(EXIT_LIMIT, r->label, "has frames of more than %d pixels a side", MAX_SIDE);
    if ((uint64_t)f->width * f->height > limit_pixels)
        return fail(EXIT_LIMIT, r->label,
                    "frames of %" PRIu32 "x%" PRIu32 " are more than %" PRIu64 " pixels; --limit-pixels raises the limit",
                    f->width, f->height, limit_pixels);
    return EXIT_OK;
}

/* Up to the newline, which is dropped. *length is 0 when the file ends before the first byte. */
static exit_code read_line(const y4m_reader *r, char line[MAX_LINE], size_t *length)
{
    int c;
    for (*length = 0; *length < MAX_LINE - 1; line[(*length)++] = (char)c) {
        c = getc(r->file);
        if (c == '\n' || (c == EOF && *length == 0))
            break;
        if (c == EOF)
            return fail(EXIT_BAD_INPUT, r->label, "damaged Y4M: the file ends within a header");
    }
    line[*length] = '\0';
    if (ferror(r->file))
        return fail(EXIT_READ, r->label, "cannot be read: %s", strerror(errno));
    return EXIT_OK;
}

/* -------------------------------------------------------------------------------------------------- opening */

bool y4m_is_clip(const char *path)
{
    struct stat st;
    char start[sizeof MAGIC - 1];
    FILE *file = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
    const bool is_clip = file && fread(start, 1, sizeof start, file) == sizeof start &&
                         memcmp(start, MAGIC, sizeof start) == 0;
    if (file)
        fclose(file);
    return is_clip;
}

static exit_code open_file(y4m_reader *r, const char *path)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    *r = (y4m_reader){ .label = is_stdin ? "standard input" : path };
    if (is_stdin && isatty(STDIN_FILENO))
        return fail(EXIT_USAGE, r->label, "is a terminal; name a file or use a pipe");
    r->file = is_stdin ? stdin : fopen(path, "rb");
    return r->file ? EXIT_OK : fail(EXIT_READ, path, "cannot be opened: %s", strerror(errno));
}

static size_t bytes_per_sample(const y4m_reader *r)
{
    return r->format.bit_depth > 8 ? 2 : 1;
}

exit_code y4m_open(y4m_reader *r, const char *path, uint64_t limit_pixels)
{
    char line[MAX_LINE];
    size_t length;
    exit_code code = open_file(r, path);
    if (code == EXIT_OK)
        code = read_line(r, line, &length);
    if (code == EXIT_OK)
        code = parse_header(r, line);
    if (code == EXIT_OK)
        code = check_limits(r, limit_pixels);
    if (code != EXIT_OK)
        return code;
    r->bytes = malloc(r->format.width * bytes_per_sample(r));
    return r->bytes ? EXIT_OK : fail_memory(r->label);
}

void y4m_close(y4m_reader *r)
{
    if (r->file && r->file != stdin)
        fclose(r->file);
    free(r->bytes);
    *r = (y4m_reader){ .label = NULL };
}

/* -------------------------------------------------------------------------------------------------- frames */

static exit_code read_row(y4m_reader *r, size_t width, uint16_t *row)
{
    const unsigned max = (1u << r->format.bit_depth) - 1;
    const size_t n_bytes = width * bytes_per_sample(r);
    if (fread(r->bytes, 1, n_bytes, r->file) != n_bytes) {
        if (ferror(r->file))
            return fail(EXIT_READ, r->label, "cannot be read: %s", strerror(errno));
        return fail(EXIT_BAD_INPUT, r->label, "damaged Y4M: the file ends within frame %zu", r->n_frames + 1);
    }
    for (size_t x = 0; x < width; x++) {
        row[x] = bytes_per_sample(r) == 1 ? r->bytes[x] : (uint16_t)(r->bytes[2 * x] | r->bytes[2 * x + 1] << 8);
        if (row[x] > max)
            return fail(EXIT_BAD_INPUT, r->label, "damaged Y4M: a sample of frame %zu is above %u", r->n_frames + 1,
                        max);
    }
    return EXIT_OK;
}

exit_code y4m_read_frame(y4m_reader *r, y4m_frame *frame, bool *end)
{
    char line[MAX_LINE];
    size_t length;
    exit_code code = read_line(r, line, &length);
    *end = code == EXIT_OK && length == 0 && feof(r->file);
    if (code != EXIT_OK || *end)
        return code;
    if (strncmp(line, "FRAME", 5) != 0 || (line[5] && line[5] != ' '))
        return fail(EXIT_BAD_INPUT, r->label, "damaged Y4M: no frame begins after frame %zu", r->n_frames);
    for (size_t i = 0; i < y4m_n_planes(&r->format); i++) {
        const size_t width = y4m_plane_width(&r->format, i);
        for (size_t y = 0; y < y4m_plane_height(&r->format, i) && code == EXIT_OK; y++)
            code = read_row(r, width, frame->planes[i] + y * width);
    }
    if (code == EXIT_OK)
        r->n_frames++;
    return code;
}
