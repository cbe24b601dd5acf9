/* picture_file.h - a picture from a path, as the measuring commands need it. */
#ifndef CLI_IO_PICTURE_FILE_H
#define CLI_IO_PICTURE_FILE_H

#include <stdint.h>

#include <gingham/gingham.h>

#include "exit_codes.h"

/* Any format that the readers know; translucent pixels are refused. path: "-" is standard input. The image is released
 * with ghm_image_free(). A message has been printed unless EXIT_OK. */
exit_code picture_file_read(const char *path, uint64_t limit_pixels, ghm_image *image);

/* Whole or not at all, in the format that the suffix names; writer_by_suffix() has found one. */
exit_code picture_file_write(const char *path, const ghm_image *image);

#endif
