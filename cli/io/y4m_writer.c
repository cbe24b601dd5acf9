#include <inttypes.h>
#include <stdlib.h>

#include "io/y4m.h"
#include "message.h"

/* The name after C. */
static void name_colour_space(const y4m_format *f, char name[16])
{
    static const char *const sitings[] = { [Y4M_CENTRE] = "420jpeg", [Y4M_LEFT] = "420mpeg2", [Y4M_TOPLEFT] = "420paldv" };
    static const char *const names[] = { [Y4M_MONO] = "mono", [Y4M_420] = "420", [Y4M_422] = "422", [Y4M_444] = "444" };
    if (f->bit_depth > 8)
        snprintf(name, 16, "%s%s%u", names[f->chroma], f->chroma == Y4M_MONO ? "" : "p", f->bit_depth);
    else
        snprintf(name, 16, "%s", f->chroma == Y4M_420 ? sitings[f->siting] : names[f->chroma]);
}

exit_code y4m_write_header(output *out, const y4m_format *f)
{
    static const char *const ranges[] = { "", " XCOLORRANGE=LIMITED", " XCOLORRANGE=FULL" };
    char name[16], line[160];
    name_colour_space(f, name);
    const int length = snprintf(line, sizeof line, "YUV4MPEG2 W%" PRIu32 " H%" PRIu32 " F25:1 Ip A1:1 C%s%s\n", f->width,
                                f->height, name, ranges[f->range]);
    return output_write(out, line, (size_t)length);
}

static exit_code write_row(output *out, const y4m_format *f, const uint16_t *row, size_t width, uint8_t *bytes)
{
    if (f->bit_depth == 8) {
        for (size_t x = 0; x < width; x++)
            bytes[x] = (uint8_t)row[x];
        return output_write(out, bytes, width);
    }
    for (size_t x = 0; x < width; x++) {
        bytes[2 * x] = (uint8_t)row[x];
        bytes[2 * x + 1] = (uint8_t)(row[x] >> 8);
    }
    return output_write(out, bytes, 2 * width);
}

exit_code y4m_write_frame(output *out, const y4m_format *f, const y4m_frame *frame)
{
    uint8_t *bytes = malloc(2 * (size_t)f->width);
    if (!bytes)
        return fail_memory(out->label);
    exit_code code = output_write(out, "FRAME\n", 6);
    for (size_t i = 0; i < y4m_n_planes(f); i++) {
        const size_t width = y4m_plane_width(f, i);
        for (size_t y = 0; y < y4m_plane_height(f, i) && code == EXIT_OK; y++)
            code = write_row(out, f, frame->planes[i] + y * width, width, bytes);
    }
    free(bytes);
    return code;
}
