#include "io/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inspect.h"
#include "io/convert.h"
#include "io/icc.h"
#include "io/metadata.h"
#include "message.h"

#define SLAB_BYTES (1u << 20)
#define PROBE_BYTES 64
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

const char *const reader_suffixes[] = {
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".pbm", ".pgm", ".ppm", ".pnm", ".pam",
#ifdef GHM_HAVE_WEBP
    ".webp",
#endif
#ifdef GHM_HAVE_TIFF
    ".tif", ".tiff",
#endif
    NULL
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

exit_code picture_fail_memory(const picture_reader *r)
{
    return fail_memory(r->source->label);
}

/* ---------------------------------------------------------------------------------------------- for readers */

static exit_code check_size(const picture_reader *r, uint64_t width, uint64_t height)
{
    const uint64_t limit = r->settings.limit_pixels;
    if (width == 0 || height == 0)
        return fail(EXIT_BAD_INPUT, r->source->label, "has no pixels");
    if (width > MAX_SIDE || height > MAX_SIDE)
        return fail(EXIT_LIMIT, r->source->label, "%" PRIu64 "x%" PRIu64 " is more than %d pixels a side", width, height,
                    MAX_SIDE);
    if (width * height > limit)
        return fail(EXIT_LIMIT, r->source->label,
                    "%" PRIu64 "x%" PRIu64 " is more than %" PRIu64 " pixels; --limit-pixels raises the limit", width,
                    height, limit);
    return EXIT_OK;
}

exit_code picture_describe(picture_reader *r, uint64_t width, uint64_t height, ghm_components components, unsigned bit_depth)
{
    const exit_code code = check_size(r, width, height);
    if (code == EXIT_OK)
        r->image = convert_format_only((uint32_t)width, (uint32_t)height, components, bit_depth);
    return code;
}

/* Rows for `image`, as many as it is high. */
static exit_code allocate_samples(const picture_reader *r, ghm_image *image)
{
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_image_alloc_as(image->width, image->height, ghm_image_components(image),
                                                 convert_bit_depth(image), image, &diag);
    return fail_status(status, r->source->label, &diag);
}

exit_code picture_alloc(picture_reader *r, uint64_t width, uint64_t height, ghm_components components, unsigned bit_depth)
{
    const exit_code code = picture_describe(r, width, height, components, bit_depth);
    return code == EXIT_OK ? allocate_samples(r, &r->image) : code;
}

void picture_keep(picture_reader *r, ghm_metadata_kind kind, const void *data, size_t size)
{
    if (!metadata_add(&r->metadata, kind, data, size))
        r->losses |= LOSS_METADATA;
}

/* ---------------------------------------------------------------------------------------------- opening */

static void warn_about_losses(const picture_reader *r)
{
    const char *label = r->source->label;
    if (r->losses & LOSS_COMMENTS)
        note(label, "comments are not kept");
    if (r->losses & LOSS_PICTURES)
        warn(label, "only the first of several pictures is read");
    if (r->losses & LOSS_CMYK)
        warn(label, "CMYK is converted to RGB without its profile; colours may shift");
    if (r->losses & LOSS_METADATA)
        warn(label, "some metadata is not kept: it is damaged, incomplete, double or too long");
    if (r->losses & LOSS_DEPTH)
        warn(label, "samples of more than 8 bits are rounded, as they lie in an unusual way");
    if (r->losses & LOSS_TIFF_EXIF)
        warn(label, "Exif of TIFF files, camera and place among it, is not kept");
    if (r->losses & LOSS_PROFILE)
        warn(label, "its colours are converted without the profile, which is not kept; they may shift");
    if (r->losses & LOSS_LONG_XMP)
        warn(label, "of XMP only the main part is kept, as it is longer than a JPEG segment");
}

static exit_code find_format(picture_reader *r)
{
    const uint8_t *data;
    size_t size;
    const exit_code code = source_peek(r->source, PROBE_BYTES, &data, &size);
    if (code != EXIT_OK)
        return code;
    if (size == 0)
        return fail(EXIT_BAD_INPUT, r->source->label, "is empty");
    r->format = reader_find(data, size);
    if (!r->format && size > 1 && is_stream(data, size))
        return fail(EXIT_BAD_INPUT, r->source->label, "is a Gingham stream already; 'gingham decode' makes a picture of it");
    if (!r->format)
        return fail(EXIT_BAD_INPUT, r->source->label, "is not a picture that can be read here: %s", reader_names());
    return r->format->seeks ? source_hold(r->source) : EXIT_OK;
}

static void close_format(picture_reader *r)
{
    if (r->state)
        r->format->close(r);
    r->state = NULL;
}

/* Behind the last row. */
static exit_code finish_format(picture_reader *r)
{
    exit_code code = r->state ? r->format->finish(r) : EXIT_OK;
    close_format(r);
    if (code == EXIT_OK)
        code = source_drain(r->source);
    if (code == EXIT_OK)
        warn_about_losses(r);
    return code;
}

static exit_code read_all_rows(picture_reader *r)
{
    ghm_image all = r->image;
    exit_code code = EXIT_OK;
    if (r->state) {
        code = allocate_samples(r, &all);
        if (code != EXIT_OK)
            return code;
        r->image = all;
        code = r->format->read_rows(r, &all);
    }
    return code == EXIT_OK ? finish_format(r) : code;
}

/* RGB, or grey where a grey picture is laid on a grey background. */
static ghm_components components_on(const ghm_image *image, const color *background)
{
    const uint8_t *c = background->rgb;
    return convert_is_grey(image) && c[0] == c[1] && c[1] == c[2] ? GHM_GREY : GHM_RGB;
}

static exit_code lay_on_background(picture_reader *r, ghm_image *image)
{
    const color *background = &r->settings.background;
    ghm_diagnostics diag = { "" };
    const ghm_status status =
        convert_image(image, components_on(image, background), convert_bit_depth(image), background, &diag);
    return fail_status(status, r->source->label, &diag);
}

static exit_code settle_alpha(picture_reader *r)
{
    if (convert_is_opaque(&r->image))
        convert_drop_alpha(&r->image);
    return r->image.planes[3] && r->settings.background.given ? lay_on_background(r, &r->image) : EXIT_OK;
}

exit_code picture_turn(ghm_image *image, unsigned orientation, const char *what, const char *label)
{
    ghm_diagnostics diag = { "" };
    const ghm_status status = convert_orientation(orientation, image, &diag);
    if (status == GHM_OK && orientation >= 2 && orientation <= 8)
        note(label, "the %s orientation %u is applied to the pixels", what, orientation);
    return fail_status(status, label, &diag);
}

/* Of stripped metadata; 0: none. */
static unsigned stripped_orientation(const picture_reader *r)
{
    return r->settings.strip & METADATA_OF(GHM_METADATA_EXIF) ? metadata_orientation(&r->metadata) : 0;
}

/* Whether all samples have to be seen before the first can be handed out: to know if alpha is opaque, to turn them, or to
 * get at metadata behind them. Colours on a background are RGB whatever alpha comes to, unless grey may stay grey. */
static bool needs_all_rows(const picture_reader *r)
{
    const bool on_background = r->settings.background.given &&
                               (!convert_is_grey(&r->image) || components_on(&r->image, &r->settings.background) == GHM_GREY);
    return r->settings.whole || r->image.owned || r->metadata_follow || r->orientation > 1 ||
           stripped_orientation(r) > 1 || (r->image.planes[3] && !on_background);
}

static exit_code settle_whole(picture_reader *r)
{
    exit_code code = read_all_rows(r);
    if (code == EXIT_OK)
        code = picture_turn(&r->image, r->orientation, r->format->name, r->source->label);
    if (code == EXIT_OK)
        code = settle_alpha(r);
    if (code == EXIT_OK)
        code = picture_turn(&r->image, stripped_orientation(r), "Exif", r->source->label);
    return code;
}

/* The size of what is handed out, and memory for some rows of it. */
static exit_code prepare_slab(picture_reader *r)
{
    const size_t row = (size_t)r->image.width * r->image.pixel_stride;
    r->slab = r->image;
    r->slab.height = row < SLAB_BYTES ? (uint32_t)(SLAB_BYTES / row) : 1;
    if (r->slab.height > r->image.height)
        r->slab.height = r->image.height;
    if (r->image.planes[3])
        r->image = convert_format_only(r->image.width, r->image.height, components_on(&r->image, &r->settings.background),
                                       convert_bit_depth(&r->image));
    return allocate_samples(r, &r->slab);
}

exit_code picture_open(picture_reader *r, source *s, const picture_settings *settings)
{
    *r = (picture_reader){ .source = s, .settings = *settings };
    exit_code code = find_format(r);
    if (code == EXIT_OK)
        code = r->format->open(r);
    if (code == EXIT_OK)
        code = needs_all_rows(r) ? settle_whole(r) : prepare_slab(r);
    metadata_remove_srgb(&r->metadata);
    metadata_remove(&r->metadata, r->settings.strip);
    return code;
}

void picture_close(picture_reader *r)
{
    close_format(r);
    ghm_image_free(&r->image);
    ghm_image_free(&r->slab);
    ghm_image_free(&r->laid);
    ghm_metadata_free(&r->metadata);
}

/* ---------------------------------------------------------------------------------------------- rows */

exit_code picture_next_rows(picture_reader *r, ghm_image *rows)
{
    if (r->image.owned) {
        *rows = r->image;
        r->row = r->image.height;
        return EXIT_OK;
    }
    const uint32_t left = r->image.height - r->row;
    *rows = r->slab;
    rows->owned = NULL;
    rows->height = left < r->slab.height ? left : r->slab.height;
    exit_code code = r->format->read_rows(r, rows);
    if (code == EXIT_OK && rows->planes[3])
        code = lay_on_background(r, rows);
    ghm_image_free(&r->laid);
    r->laid = rows->owned ? *rows : (ghm_image){ 0 };
    r->row += rows->height;
    return code == EXIT_OK && r->row == r->image.height ? finish_format(r) : code;
}

/* ---------------------------------------------------------------------------------------------- for looking at */

/* Colours that look different without what is dropped; the rest of metadata is of no use to one who wants pixels. */
static void warn_about_colours(const picture_reader *r)
{
    const ghm_buffer *icc = &r->metadata.kinds[GHM_METADATA_ICC];
    const char *label = r->source->label;
    if (icc->size > 0 && !icc_is_srgb(icc->data, icc->size))
        warn(label, "the ICC profile is not applied");
    if (r->metadata.kinds[GHM_METADATA_CICP].size > 0 || r->metadata.kinds[GHM_METADATA_GAMMA].size > 0)
        warn(label, "the colour space is taken for sRGB");
    if (convert_bit_depth(&r->image) > 8)
        warn(label, "%u-bit samples are rounded to 8 bits", convert_bit_depth(&r->image));
}

static exit_code make_rgb8(picture_reader *r)
{
    ghm_diagnostics diag = { "" };
    if (r->image.planes[3])
        return fail(EXIT_BAD_INPUT, r->source->label,
                    "has transparent pixels, which this cannot show; lay it on a background first");
    const ghm_status status = convert_image(&r->image, GHM_RGB, 8, &r->settings.background, &diag);
    return fail_status(status, r->source->label, &diag);
}

static exit_code read_rgb8(picture_reader *r, source *s, const picture_settings *settings)
{
    exit_code code = picture_open(r, s, settings);
    if (code != EXIT_OK)
        return code;
    warn_about_colours(r);
    code = make_rgb8(r);
    return code == EXIT_OK ? picture_turn(&r->image, metadata_orientation(&r->metadata), "Exif", s->label) : code;
}

exit_code picture_read(source *s, uint64_t limit_pixels, const color *background, ghm_image *image)
{
    const picture_settings settings = { .limit_pixels = limit_pixels, .background = *background, .whole = true };
    picture_reader r;
    const exit_code code = read_rgb8(&r, s, &settings);
    if (code == EXIT_OK) {
        *image = r.image;
        r.image = (ghm_image){ 0 };
    }
    picture_close(&r);
    return code;
}
