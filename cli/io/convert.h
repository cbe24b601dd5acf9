/* convert.h - pictures into the form that someone can use. A new image replaces the one given; on failure that stays. */
#ifndef CLI_IO_CONVERT_H
#define CLI_IO_CONVERT_H

#include <stdbool.h>

#include <gingham/gingham.h>

#include "parse.h"

bool convert_is_grey(const ghm_image *image);
unsigned convert_bit_depth(const ghm_image *image); /* 8 for 0 */

/* Size and kind of an interleaved picture without samples: planes that it has are not NULL, nothing is behind them. */
ghm_image convert_format_only(uint32_t width, uint32_t height, ghm_components components, unsigned bit_depth);

/* All of its alpha is opaque, or it has none. */
bool convert_is_opaque(const ghm_image *image);
/* Forget the alpha; only the view changes. */
void convert_drop_alpha(ghm_image *image);

/* To interleaved samples of these components and bits; nothing is done to what is so already. Grey may become RGB, not
 * the reverse. Where alpha goes, the picture is laid on the background, white if none is given. */
ghm_status convert_image(ghm_image *image, ghm_components components, unsigned bit_depth, const color *background,
                         ghm_diagnostics *diag);

/* Undo a multiplication of colours by alpha, as well as it can be undone. */
void convert_divide_by_alpha(const ghm_image *image);

/* Turn and mirror an interleaved image so that it needs no orientation: 2..8, as Exif numbers them; any other number
 * does nothing. */
ghm_status convert_orientation(unsigned orientation, ghm_image *image, ghm_diagnostics *diag);

#endif
