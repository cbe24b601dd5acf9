#include "inspect.h"

#include "message.h"

exit_code inspect(source *s, ghm_inspector **inspector, uint64_t *size)
{
    const uint8_t *data;
    ghm_diagnostics diag = { "" };
    ghm_status status = ghm_inspector_open(inspector, &diag);
    exit_code code = fail_status(status, s->label, &diag);
    *size = 0;
    for (size_t n = 1; code == EXIT_OK && status == GHM_OK && n > 0;) {
        code = source_next(s, &data, &n);
        if (code == EXIT_OK)
            status = ghm_inspector_push(*inspector, data, n, NULL);
        *size += n;
    }
    return code;
}
