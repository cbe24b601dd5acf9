#include "status.h"

#include <stdarg.h>
#include <stdio.h>

ghm_status ghm_fail(ghm_diagnostics *diag, ghm_status status, const char *format, ...)
{
    if (diag && diag->text[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(diag->text, sizeof diag->text, format, args);
        va_end(args);
    }
    return status;
}

ghm_status ghm_fail_memory(ghm_diagnostics *diag, size_t bytes)
{
    return ghm_fail(diag, GHM_ERR_MEMORY, "out of memory: %zu bytes could not be allocated", bytes);
}

const char *ghm_status_string(ghm_status status)
{
    switch (status) {
    case GHM_OK:                 return "done";
    case GHM_ERR_ARGUMENT:       return "wrong argument";
    case GHM_ERR_MEMORY:         return "out of memory";
    case GHM_ERR_CANCELLED:      return "cancelled by the caller";
    case GHM_ERR_TRUNCATED:      return "the stream ends early";
    case GHM_ERR_BITSTREAM:      return "damaged or foreign stream";
    case GHM_ERR_UNSUPPORTED:    return "the stream needs a newer version";
    case GHM_ERR_CHECKSUM:       return "a checksum does not match";
    case GHM_ERR_MODEL:          return "damaged or foreign weight file";
    case GHM_ERR_MODEL_MISMATCH: return "the stream was made with other weights";
    case GHM_ERR_LIMIT:          return "a limit is exceeded";
    }
    return "unknown status";
}
