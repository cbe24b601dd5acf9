#include "inspect.h"

#include "io/reader.h"
#include "message.h"

#define MAGIC_BYTES 4 /* BITSTREAM.md 1. */

bool is_stream(const uint8_t *data, size_t size)
{
    ghm_stream_info info;
    const ghm_status status = ghm_stream_get_info(data, size < MAGIC_BYTES ? size : MAGIC_BYTES, &info, NULL);
    return status == GHM_OK || status == GHM_ERR_TRUNCATED;
}

exit_code check_stream(source *s)
{
    const uint8_t *data;
    size_t size;
    const exit_code code = source_peek(s, SOURCE_PEEK_BYTES, &data, &size);
    if (code != EXIT_OK || is_stream(data, size))
        return code;
    const reader *foreign = reader_find(data, size);
    return foreign ? fail(EXIT_BAD_INPUT, s->label, "is a %s picture, not a Gingham stream", foreign->name)
                   : fail(EXIT_BAD_INPUT, s->label, "is not a Gingham stream");
}

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
