/* inspect.h - what a stream in a file or pipe says about itself. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include <gingham/gingham.h>

#include "source.h"

/* Read the stream to its end, a piece at a time; *size: its bytes. What is wrong with it, the inspector's other functions
 * say. A message has been printed unless EXIT_OK. The inspector is closed by the caller in any case. */
exit_code inspect(source *s, ghm_inspector **inspector, uint64_t *size);

#endif
