/* icc.h - is a colour profile sRGB? */
#ifndef CLI_IO_ICC_H
#define CLI_IO_ICC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the profile calls itself sRGB, in the ASCII of version 2 or the UTF-16 of version 4. A guess by name, used
 * only to decide whether losing the profile deserves a warning. */
bool icc_is_srgb(const uint8_t *profile, size_t size);

#endif
