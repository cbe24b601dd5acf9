#include "io/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/orientation.h"
#include "message.h"

#define MAX_SIDE 65535 /* of ghm_image */

static const reader *const readers[] = { &png_reader, &jpeg_reader, &pnm_reader };

const reader *reader_find(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (readers[i]->probe(data, size))
            return readers[i];
    return NULL;
}

exit_code picture_check(const picture_source *source, uint64_t width, uint64_t height)
{
    if (width == 0 || height == 0)
        return fail(EXIT_BAD_INPUT, source->label, "has no pixels");
    if (width > MAX_SIDE || height > MAX_SIDE)
        return fail(EXIT_LIMIT, source->label, "%" PRIu64 "x%" PRIu64 " is more than %d pixels a side", width, height,
                    MAX_SIDE);
    if (width * height > source->limit_pixels)
        return fail(EXIT_LIMIT, source->label,
                    "%" PRIu64 "x%" PRIu64 " is more than %" PRIu64 " pixels; --limit-pixels raises the limit", width,
                    height, source->limit_pixels);
    return EXIT_OK;
}

exit_code picture_alloc(const picture_source *source, uint64_t width, uint64_t height, ghm_image *image)
{
    ghm_diagnostics diag = { "" };
    const exit_code code = picture_check(source, width, height);
    if (code != EXIT_OK)
        return code;
    return fail_status(ghm_image_alloc((uint32_t)width, (uint32_t)height, image, &diag), source->label, &diag);
}

static void warn_about_losses(const picture_source *source, const picture *p)
{
    static const struct {
        metadata_kind kind;
        const char *name;
    } kinds[] = {
        { METADATA_ICC, "ICC profile" }, { METADATA_GAMMA, "gamma" }, { METADATA_PRIMARIES, "colour primaries" },
        { METADATA_EXIF, "Exif" },       { METADATA_XMP, "XMP" },     { METADATA_IPTC, "IPTC" }
    };
    char list[128] = "";
    size_t length = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (p->metadata & kinds[i].kind)
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", length ? ", " : "", kinds[i].name);
    if (length > 0)
        warn(source->label, "metadata is not kept: %s", list);
    if (p->metadata & METADATA_COMMENTS)
        note(source->label, "comments are not kept");
    if (p->metadata & METADATA_ANIMATION)
        warn(source->label, "only the first of several pictures is read");
    if (p->deep)
        warn(source->label, "16-bit samples are rounded to 8 bits");
}

static exit_code turn_upright(const picture_source *source, picture *p)
{
    if (p->orientation <= 1)
        return EXIT_OK;
    ghm_diagnostics diag = { "" };
    const ghm_status status = orientation_apply(p->orientation, &p->image, &diag);
    if (status == GHM_OK)
        note(source->label, "Exif orientation %u is applied to the pixels", p->orientation);
    return fail_status(status, source->label, &diag);
}

exit_code picture_read(const picture_source *source, ghm_image *image)
{
    if (source->size == 0)
        return fail(EXIT_BAD_INPUT, source->label, "is empty");
    const reader *r = reader_find(source->data, source->size);
    if (!r)
        return fail(EXIT_BAD_INPUT, source->label, "is not a picture that can be read here: PNG, JPEG, PPM or PGM");
    picture p;
    memset(&p, 0, sizeof p);
    exit_code code = r->read(source, &p);
    if (code != EXIT_OK)
        return code;
    warn_about_losses(source, &p);
    code = turn_upright(source, &p);
    if (code == EXIT_OK)
        *image = p.image;
    else
        ghm_image_free(&p.image);
    return code;
}
