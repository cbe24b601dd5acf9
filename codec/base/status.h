/* status.h - how functions inside the library report failure: a status for the program, one sentence for the person.
 * The first detailed reason is kept; later ones, said on the way up, are dropped. */
#ifndef GHM_BASE_STATUS_H
#define GHM_BASE_STATUS_H

#include <gingham/gingham.h>

#if defined(__GNUC__)
#define GHM_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define GHM_PRINTF(f, a)
#endif

/* Forward any status but GHM_OK to the caller. */
#define GHM_TRY(expr)                         \
    do {                                      \
        const ghm_status try_status_ = (expr); \
        if (try_status_ != GHM_OK)            \
            return try_status_;               \
    } while (0)

/* Note the reason in diag (may be NULL) unless one is there already; returns status, so that `return ghm_fail(...)` reads well. */
ghm_status ghm_fail(ghm_diagnostics *diag, ghm_status status, const char *format, ...) GHM_PRINTF(3, 4);

/* The reason for GHM_ERR_MEMORY is always the same. */
ghm_status ghm_fail_memory(ghm_diagnostics *diag, size_t bytes);

#endif
