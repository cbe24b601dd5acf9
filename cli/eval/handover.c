#include "eval/handover.h"

#include <string.h>

#include "eval/ycbcr.h"
#include "io/picture_file.h"
#include "message.h"

static const struct {
    const char *suffix;
    y4m_chroma chroma;
    unsigned bit_depth;
} forms[] = {
    { ".444.y4m", Y4M_444, 8 },
    { ".420.y4m", Y4M_420, 8 },
    { ".444p10.y4m", Y4M_444, 10 },
    { ".420p10.y4m", Y4M_420, 10 },
};

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* The Y4M form that the name says; false for a name that says none. */
static bool find_form(const char *path, y4m_format *format)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!ends_with(path, forms[i].suffix))
            continue;
        *format = (y4m_format){ .chroma = forms[i].chroma, .bit_depth = forms[i].bit_depth, .range = Y4M_FULL };
        return true;
    }
    return false;
}

static exit_code write_clip(const char *path, const y4m_format *format, const y4m_frame *frame)
{
    output out;
    exit_code code = output_open(&out, path, false);
    if (code != EXIT_OK)
        return code;
    code = y4m_write_header(&out, format);
    if (code == EXIT_OK)
        code = y4m_write_frame(&out, format, frame);
    return output_close(&out, code);
}

exit_code handover_write(const char *path, const ghm_image *image)
{
    y4m_format format;
    y4m_frame frame;
    if (!find_form(path, &format))
        return picture_file_write(path, image);
    format.width = image->width;
    format.height = image->height;
    if (!y4m_frame_alloc(&format, &frame))
        return fail_memory(path);
    const exit_code code =
        ycbcr_from_rgb(image, &format, &frame) ? write_clip(path, &format, &frame) : fail_memory(path);
    y4m_frame_free(&frame);
    return code;
}

/* The reader's frame becomes the image. Siting is what the encoder was given, whatever its decoder writes. */
static exit_code convert_frame(y4m_reader *reader, const y4m_format *form, ghm_image *image)
{
    const y4m_format *f = &reader->format;
    const y4m_format format = { f->width, f->height, form->chroma, Y4M_CENTRE,
                                f->range == Y4M_RANGE_NOT_SAID ? form->range : f->range, form->bit_depth };
    ghm_diagnostics diag = { "" };
    y4m_frame frame;
    bool end;
    if (f->chroma != form->chroma || f->bit_depth != form->bit_depth)
        return fail(EXIT_GENERIC, reader->label, "the decoder gave %s of %u bits", y4m_chroma_name(f), f->bit_depth);
    if (!y4m_frame_alloc(&format, &frame))
        return fail_memory(reader->label);
    exit_code code = y4m_read_frame(reader, &frame, &end);
    if (code == EXIT_OK && end)
        code = fail(EXIT_GENERIC, reader->label, "has no frames");
    if (code == EXIT_OK)
        code = fail_status(ghm_image_alloc(f->width, f->height, image, &diag), reader->label, &diag);
    if (code == EXIT_OK && !ycbcr_to_rgb(&frame, &format, image)) {
        ghm_image_free(image);
        code = fail_memory(reader->label);
    }
    y4m_frame_free(&frame);
    return code;
}

exit_code handover_read(const char *path, ghm_image *image)
{
    y4m_format form;
    y4m_reader reader;
    if (!find_form(path, &form))
        return picture_file_read(path, UINT64_MAX, image);
    exit_code code = y4m_open(&reader, path, UINT64_MAX);
    if (code == EXIT_OK)
        code = convert_frame(&reader, &form, image);
    y4m_close(&reader);
    return code;
}
