#define _POSIX_C_SOURCE 200809L
#include "io/writer.h"

#include <string.h>
#include <strings.h>

#include "io/convert.h"
#include "io/icc.h"
#include "message.h"

static const writer *const writers[] = { &png_writer, &ppm_writer, &pam_writer, &jpeg_writer };
#define N_WRITERS (sizeof writers / sizeof *writers)

const writer *writer_by_name(const char *name)
{
    for (size_t i = 0; i < N_WRITERS; i++)
        if (strcasecmp(name, writers[i]->name) == 0)
            return writers[i];
    return NULL;
}

const writer *writer_by_suffix(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; dot && i < N_WRITERS; i++)
        for (size_t j = 0; writers[i]->suffixes[j]; j++)
            if (strcasecmp(dot, writers[i]->suffixes[j]) == 0)
                return writers[i];
    return NULL;
}

/* ---------------------------------------------------------------------------------------------- what does not fit */

static exit_code fit_samples(const writer *format, ghm_image *image, const color *background, const char *label)
{
    const unsigned depth = convert_bit_depth(image), most = format->max_bit_depth;
    ghm_components components = ghm_image_components(image);
    ghm_diagnostics diag = { "" };
    if (image->planes[3] && !format->has_alpha && convert_is_opaque(image))
        convert_drop_alpha(image);
    if (image->planes[3] && !format->has_alpha) {
        if (!background->given)
            return fail(EXIT_BAD_INPUT, label, "the picture has alpha, which %s cannot hold; --background #rrggbb puts a "
                        "colour behind it, png and pam hold it", format->name);
        components = GHM_RGB;
    } else {
        components = ghm_image_components(image);
    }
    if (depth > most)
        warn(label, "%u-bit samples are rounded to %u bits for %s", depth, most, format->name);
    return fail_status(convert_image(image, components, depth < most ? depth : most, background, &diag), label, &diag);
}

/* An sRGB profile, or one of grey, is what a file without a profile is taken for. */
static metadata_set without_srgb(metadata_set kinds, const ghm_metadata *metadata)
{
    const ghm_buffer *icc = &metadata->kinds[GHM_METADATA_ICC];
    return icc->size > 0 && icc_is_srgb(icc->data, icc->size) ? kinds & ~METADATA_OF(GHM_METADATA_ICC) : kinds;
}

static exit_code fit_metadata(const writer *format, ghm_image *image, const ghm_metadata *metadata, const char *label)
{
    const metadata_set lost = metadata_kinds(metadata) & ~format->holds(metadata);
    const metadata_set missed = without_srgb(lost, metadata);
    const unsigned orientation = lost & METADATA_OF(GHM_METADATA_EXIF) ? metadata_orientation(metadata) : 0;
    ghm_diagnostics diag = { "" };
    char list[METADATA_LIST_BYTES];
    if (missed)
        warn(label, "%s cannot hold this metadata: %s%s", format->name, metadata_list(missed, list),
             orientation > 1 ? "; the orientation is applied to the pixels" : "");
    return fail_status(convert_orientation(orientation, image, &diag), label, &diag);
}

exit_code picture_write_as_is(const writer *format, const ghm_image *image, const write_settings *settings, output *out)
{
    void *state;
    if (!format->by_rows)
        return format->write(image, settings, out);
    exit_code code = format->by_rows->begin(image, settings, out, &state);
    if (code != EXIT_OK)
        return code;
    code = format->by_rows->rows(state, image, out);
    const exit_code end = format->by_rows->end(state, code == EXIT_OK, out);
    return code == EXIT_OK ? end : code;
}

bool picture_fits(const writer *format, const ghm_image *picture, const ghm_metadata *metadata)
{
    const metadata_set lost = metadata_kinds(metadata) & ~format->holds(metadata);
    return format->by_rows && (format->has_alpha || !picture->planes[3]) &&
           convert_bit_depth(picture) <= format->max_bit_depth &&
           !((lost & METADATA_OF(GHM_METADATA_EXIF)) && metadata_orientation(metadata) > 1);
}

exit_code picture_write(const writer *format, ghm_image *image, const write_settings *settings, output *out)
{
    exit_code code = fit_samples(format, image, &settings->background, out->label);
    if (code == EXIT_OK && settings->metadata)
        code = fit_metadata(format, image, settings->metadata, out->label);
    return code == EXIT_OK ? picture_write_as_is(format, image, settings, out) : code;
}
