#include "io/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/convert.h"
#include "io/icc.h"
#include "io/metadata.h"
#include "message.h"

#define MAX_SIDE 65535 /* of ghm_image */

static const reader *const readers[] = {
    &png_reader, &jpeg_reader, &pnm_reader,
#ifdef GHM_HAVE_WEBP
    &webp_reader,
#endif
#ifdef GHM_HAVE_TIFF
    &tiff_reader,
#endif
};

const reader *reader_find(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (readers[i]->probe(data, size))
            return readers[i];
    return NULL;
}

const char *reader_names(void)
{
    return "PNG, JPEG"
#ifdef GHM_HAVE_WEBP
           ", WebP"
#endif
#ifdef GHM_HAVE_TIFF
           ", TIFF"
#endif
           " or PNM";
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

exit_code picture_alloc(const picture_source *source, uint64_t width, uint64_t height, ghm_components components,
                        unsigned bit_depth, ghm_image *image)
{
    ghm_diagnostics diag = { "" };
    const exit_code code = picture_check(source, width, height);
    if (code != EXIT_OK)
        return code;
    return fail_status(ghm_image_alloc_as((uint32_t)width, (uint32_t)height, components, bit_depth, image, &diag),
                       source->label, &diag);
}

void picture_keep(picture *p, ghm_metadata_kind kind, const void *data, size_t size)
{
    if (!metadata_add(&p->metadata, kind, data, size))
        p->losses |= LOSS_METADATA;
}

void picture_free(picture *p)
{
    ghm_image_free(&p->image);
    ghm_metadata_free(&p->metadata);
}

static void warn_about_losses(const picture_source *source, unsigned losses)
{
    if (losses & LOSS_COMMENTS)
        note(source->label, "comments are not kept");
    if (losses & LOSS_PICTURES)
        warn(source->label, "only the first of several pictures is read");
    if (losses & LOSS_CMYK)
        warn(source->label, "CMYK is converted to RGB without its profile; colours may shift");
    if (losses & LOSS_METADATA)
        warn(source->label, "some metadata is not kept: it is damaged, double or too long");
    if (losses & LOSS_DEPTH)
        warn(source->label, "samples of more than 8 bits are rounded, as they lie in an unusual way");
    if (losses & LOSS_TIFF_EXIF)
        warn(source->label, "the Exif of TIFF files is not kept");
    if (losses & LOSS_LONG_XMP)
        warn(source->label, "of XMP only the main part is kept, as it is longer than a JPEG segment");
}

static exit_code read_file(const picture_source *source, picture *out)
{
    if (source->size == 0)
        return fail(EXIT_BAD_INPUT, source->label, "is empty");
    const reader *r = reader_find(source->data, source->size);
    if (!r)
        return fail(EXIT_BAD_INPUT, source->label, "is not a picture that can be read here: %s", reader_names());
    const exit_code code = r->read(source, out);
    if (code == EXIT_OK)
        metadata_remove_srgb(&out->metadata);
    return code;
}

/* RGB, or grey where a grey picture is laid on a grey background. */
static ghm_components components_on(const ghm_image *image, const color *background)
{
    const uint8_t *c = background->rgb;
    return convert_is_grey(image) && c[0] == c[1] && c[1] == c[2] ? GHM_GREY : GHM_RGB;
}

static exit_code settle_alpha(const picture_source *source, ghm_image *image)
{
    ghm_diagnostics diag = { "" };
    if (convert_is_opaque(image))
        convert_drop_alpha(image);
    if (!image->planes[3] || !source->background.given)
        return EXIT_OK;
    const ghm_status status = convert_image(image, components_on(image, &source->background), convert_bit_depth(image),
                                            &source->background, &diag);
    return fail_status(status, source->label, &diag);
}

exit_code picture_read_whole(const picture_source *source, picture *out)
{
    *out = (picture){ .losses = 0 };
    exit_code code = read_file(source, out);
    if (code == EXIT_OK)
        code = settle_alpha(source, &out->image);
    if (code == EXIT_OK)
        warn_about_losses(source, out->losses);
    else
        picture_free(out);
    return code;
}

exit_code picture_strip(picture *p, metadata_set kinds, const char *label)
{
    const unsigned orientation = kinds & METADATA_OF(GHM_METADATA_EXIF) ? metadata_orientation(&p->metadata) : 0;
    ghm_diagnostics diag = { "" };
    metadata_remove(&p->metadata, kinds);
    if (orientation <= 1)
        return EXIT_OK;
    const ghm_status status = convert_orientation(orientation, &p->image, &diag);
    if (status == GHM_OK)
        note(label, "Exif orientation %u is applied to the pixels", orientation);
    return fail_status(status, label, &diag);
}

/* Colours that look different without what is dropped; the rest of metadata is of no use to one who wants pixels. */
static void warn_about_colours(const picture_source *source, const picture *p)
{
    const ghm_buffer *icc = &p->metadata.kinds[GHM_METADATA_ICC];
    if (icc->size > 0 && !icc_is_srgb(icc->data, icc->size))
        warn(source->label, "the ICC profile is not applied");
    if (p->metadata.kinds[GHM_METADATA_CICP].size > 0 || p->metadata.kinds[GHM_METADATA_GAMMA].size > 0)
        warn(source->label, "the colour space is taken for sRGB");
    if (convert_bit_depth(&p->image) > 8)
        warn(source->label, "%u-bit samples are rounded to 8 bits", convert_bit_depth(&p->image));
}

static exit_code make_rgb8(const picture_source *source, picture *p)
{
    ghm_diagnostics diag = { "" };
    if (p->image.planes[3])
        return fail(EXIT_BAD_INPUT, source->label,
                    "has transparent pixels, which this cannot show; lay it on a background first");
    const ghm_status status = convert_image(&p->image, GHM_RGB, 8, &source->background, &diag);
    return fail_status(status, source->label, &diag);
}

exit_code picture_read(const picture_source *source, ghm_image *image)
{
    picture p;
    exit_code code = picture_read_whole(source, &p);
    if (code != EXIT_OK)
        return code;
    warn_about_colours(source, &p);
    code = make_rgb8(source, &p);
    if (code == EXIT_OK)
        code = picture_strip(&p, METADATA_ALL, source->label);
    if (code == EXIT_OK) {
        *image = p.image;
        p.image = (ghm_image){ 0 };
    }
    picture_free(&p);
    return code;
}
