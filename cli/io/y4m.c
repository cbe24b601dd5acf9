/* y4m.c - what readers and writers of clips have in common. */
#include "io/y4m.h"

#include <stdlib.h>

size_t y4m_n_planes(const y4m_format *format)
{
    return format->chroma == Y4M_MONO ? 1 : 3;
}

size_t y4m_plane_width(const y4m_format *format, size_t plane)
{
    const bool halved = plane > 0 && format->chroma != Y4M_444;
    return halved ? ((size_t)format->width + 1) / 2 : format->width;
}

size_t y4m_plane_height(const y4m_format *format, size_t plane)
{
    const bool halved = plane > 0 && format->chroma == Y4M_420;
    return halved ? ((size_t)format->height + 1) / 2 : format->height;
}

const char *y4m_chroma_name(const y4m_format *format)
{
    static const char *const sitings[] = {
        [Y4M_CENTRE] = "4:2:0", [Y4M_LEFT] = "4:2:0 with left chroma", [Y4M_TOPLEFT] = "4:2:0 with PAL-DV chroma"
    };
    static const char *const names[] = { [Y4M_MONO] = "grey", [Y4M_422] = "4:2:2", [Y4M_444] = "4:4:4" };
    return format->chroma == Y4M_420 ? sitings[format->siting] : names[format->chroma];
}

bool y4m_frame_alloc(const y4m_format *format, y4m_frame *frame)
{
    bool ok = true;
    *frame = (y4m_frame){ { NULL } };
    for (size_t i = 0; i < y4m_n_planes(format); i++) {
        frame->planes[i] = calloc(y4m_plane_width(format, i) * y4m_plane_height(format, i), sizeof(uint16_t));
        ok = ok && frame->planes[i];
    }
    if (!ok)
        y4m_frame_free(frame);
    return ok;
}

void y4m_frame_free(y4m_frame *frame)
{
    for (size_t i = 0; i < Y4M_MAX_PLANES; i++)
        free(frame->planes[i]);
    *frame = (y4m_frame){ { NULL } };
}
