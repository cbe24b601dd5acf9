/* orientation.h - the one Exif field that changes what a viewer sees. */
#ifndef CLI_IO_ORIENTATION_H
#define CLI_IO_ORIENTATION_H

#include <gingham/gingham.h>

/* The orientation in a TIFF block as Exif stores it: 1..8, or 0 when there is none or the block is damaged. */
unsigned orientation_find(const uint8_t *tiff, size_t size);

/* Turn and mirror an interleaved RGB image so that it needs no orientation; 2..8 replaces the image. Any other number
 * does nothing. */
ghm_status orientation_apply(unsigned orientation, ghm_image *image, ghm_diagnostics *diag);

#endif
