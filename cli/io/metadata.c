#include "io/metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[GHM_N_METADATA_KINDS] = { "ICC", "Exif", "XMP", "IPTC", "CICP", "gamma" };
/* For --strip. The last two are how colours are meant, in few bytes that give nothing away: they go with icc. */
static const struct {
    const char *name;
    metadata_set kinds;
} strippable[] = {
    { "all", METADATA_ALL },
    { "icc", METADATA_OF(GHM_METADATA_ICC) | METADATA_OF(GHM_METADATA_CICP) | METADATA_OF(GHM_METADATA_GAMMA) },
    { "exif", METADATA_OF(GHM_METADATA_EXIF) },
    { "xmp", METADATA_OF(GHM_METADATA_XMP) },
    { "iptc", METADATA_OF(GHM_METADATA_IPTC) },
};

const char *metadata_name(ghm_metadata_kind kind)
{
    return names[kind];
}

metadata_set metadata_kinds(const ghm_metadata *metadata)
{
    metadata_set kinds = 0;
    for (unsigned kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        if (metadata->kinds[kind].size > 0)
            kinds |= METADATA_OF(kind);
    return kinds;
}

const char *metadata_list(metadata_set kinds, char text[METADATA_LIST_BYTES])
{
    size_t length = 0;
    text[0] = '\0';
    for (unsigned kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        if (kinds & METADATA_OF(kind))
            length += (size_t)snprintf(text + length, METADATA_LIST_BYTES - length, "%s%s", length ? ", " : "", names[kind]);
    return text;
}

bool metadata_append(ghm_metadata *metadata, ghm_metadata_kind kind, const void *data, size_t size)
{
    ghm_buffer *buffer = &metadata->kinds[kind];
    if (size == 0 || size > GHM_MAX_METADATA_BYTES - buffer->size)
        return false;
    uint8_t *grown = realloc(buffer->data, buffer->size + size);
    if (!grown)
        return false;
    memcpy(grown + buffer->size, data, size);
    *buffer = (ghm_buffer){ grown, buffer->size + size };
    return true;
}

bool metadata_add(ghm_metadata *metadata, ghm_metadata_kind kind, const void *data, size_t size)
{
    return metadata->kinds[kind].size == 0 && metadata_append(metadata, kind, data, size);
}

void metadata_remove(ghm_metadata *metadata, metadata_set kinds)
{
    for (unsigned kind = 0; kind < GHM_N_METADATA_KINDS; kind++)
        if (kinds & METADATA_OF(kind))
            ghm_buffer_free(&metadata->kinds[kind]);
}

/* PNG's numbers: big endian, 1/100000. */
static double fraction(const uint8_t *p)
{
    return ((double)p[0] * 16777216 + p[1] * 65536 + p[2] * 256 + p[3]) / 100000;
}

static bool gamma_is_srgb(const ghm_buffer *b)
{
    /* The gamma that PNG gives for sRGB; white, red, green and blue of ITU-R BT.709. */
    static const double srgb[9] = { 1 / 2.2, 0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06 };
    for (size_t i = 0; i < b->size / 4 && i < 9; i++) {
        const double difference = fraction(b->data + 4 * i) - srgb[i];
        if (difference > 0.01 || difference < -0.01)
            return false;
    }
    return true;
}

void metadata_remove_srgb(ghm_metadata *metadata)
{
    static const uint8_t srgb[4] = { 1, 13, 0, 1 };
    const ghm_buffer *cicp = &metadata->kinds[GHM_METADATA_CICP], *gamma = &metadata->kinds[GHM_METADATA_GAMMA];
    if (cicp->size == sizeof srgb && memcmp(cicp->data, srgb, sizeof srgb) == 0)
        metadata_remove(metadata, METADATA_OF(GHM_METADATA_CICP));
    if (gamma->size > 0 && gamma_is_srgb(gamma))
        metadata_remove(metadata, METADATA_OF(GHM_METADATA_GAMMA));
}

unsigned metadata_orientation(const ghm_metadata *metadata)
{
    const ghm_buffer *exif = &metadata->kinds[GHM_METADATA_EXIF];
    return exif->size ? ghm_exif_orientation(exif->data, exif->size) : 0;
}

static metadata_set strippable_set(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof strippable / sizeof *strippable; i++)
        if (strlen(strippable[i].name) == length && memcmp(strippable[i].name, name, length) == 0)
            return strippable[i].kinds;
    return 0;
}

const char *parse_metadata_set(const char *value, void *field)
{
    metadata_set kinds = 0;
    for (const char *name = value;; name++) {
        const size_t length = strcspn(name, ",");
        const metadata_set some = strippable_set(name, length);
        if (!some)
            return "all, or icc, exif, xmp, iptc separated by commas";
        kinds |= some;
        name += length;
        if (!*name)
            break;
    }
    *(metadata_set *)field = kinds;
    return NULL;
}
