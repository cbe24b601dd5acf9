/* Y4M clips, which 'gingham compare' reads frame by frame from a file: here a file in memory. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "io/y4m.h"
#include "message.h"

enum { MAX_FRAMES = 5 };

static void check_range(const y4m_format *format, const y4m_frame *frame)
{
    for (size_t p = 0; p < y4m_n_planes(format); p++)
        for (size_t i = 0; i < y4m_plane_width(format, p) * y4m_plane_height(format, p); i++)
            FUZZ_CHECK(frame->planes[p][i] >> format->bit_depth == 0);
}

static void read_frames(y4m_reader *reader)
{
    y4m_frame frame;
    bool end = false;
    FUZZ_CHECK(reader->format.bit_depth >= 8 && reader->format.bit_depth <= 16);
    FUZZ_CHECK(y4m_frame_alloc(&reader->format, &frame));
    for (int i = 0; i < MAX_FRAMES && !end; i++) {
        if (y4m_read_frame(reader, &frame, &end) != EXIT_OK)
            break;
        if (!end)
            check_range(&reader->format, &frame);
    }
    y4m_frame_free(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    char path[64];
    y4m_reader reader;
    message_set_level(MESSAGE_NOTES);
    if (file < 0)
        file = memfd_create("fuzz", 0);
    FUZZ_CHECK(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    (void)y4m_is_clip(path);
    const exit_code code = y4m_open(&reader, path, 1 << 12);
    FUZZ_CHECK(code == EXIT_OK || code == EXIT_BAD_INPUT || code == EXIT_LIMIT);
    if (code == EXIT_OK)
        read_frames(&reader);
    y4m_close(&reader);
    return 0;
}
