/* handover.h - the pictures that codecs are given and give back: PPM, PNG, or Y4M of one frame. */
#ifndef CLI_EVAL_HANDOVER_H
#define CLI_EVAL_HANDOVER_H

#include <gingham/gingham.h>

#include "exit_codes.h"

/* The form is in the name's end: ".ppm", ".png", or of Y4M, which is BT.601 at full range, ".444.y4m", ".420.y4m",
 * ".444p10.y4m", ".420p10.y4m". The image is 8-bit RGB. A message has been printed unless EXIT_OK. */
exit_code handover_write(const char *path, const ghm_image *image);
exit_code handover_read(const char *path, ghm_image *image);

#endif
