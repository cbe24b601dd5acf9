/* inspect.h - what a stream in a file or pipe says about itself. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include <stdbool.h>

#include <gingham/gingham.h>

#include "source.h"

/* Whether a file of these first bytes, as many as there are, may be a stream, if a damaged one. */
bool is_stream(const uint8_t *data, size_t size);

/* EXIT_BAD_INPUT with a message when the source is something else. */
exit_code check_stream(source *s);

/* Read the stream to its end, a piece at a time; *size: its bytes. What is wrong with it, the inspector's other functions
 * say. A message has been printed unless EXIT_OK. The inspector is closed by the caller in any case. */
exit_code inspect(source *s, ghm_inspector **inspector, uint64_t *size);

#endif
