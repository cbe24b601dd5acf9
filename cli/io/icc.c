#include "io/icc.h"

#include <string.h>

static bool contains(const uint8_t *data, size_t size, const char *what, size_t length)
{
    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(data + i, what, length) == 0)
            return true;
    return false;
}

bool icc_is_srgb(const uint8_t *profile, size_t size)
{
    static const char utf16[8] = { 0, 's', 0, 'R', 0, 'G', 0, 'B' };
    return contains(profile, size, "sRGB", 4) || contains(profile, size, utf16, sizeof utf16);
}
