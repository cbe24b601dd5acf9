#include "input.h"

#include <stdlib.h>

#include "source.h"

exit_code input_read(const char *path, uint64_t max_bytes, input *in)
{
    source s;
    exit_code code = source_open(&s, path, max_bytes);
    if (code == EXIT_OK)
        code = source_load(&s);
    *in = (input){ .label = s.label };
    if (code == EXIT_OK) {
        in->data = s.buffer;
        in->size = s.filled;
        s.owns_buffer = false;
    }
    source_close(&s);
    return code;
}

void input_free(input *in)
{
    free(in->data);
    in->data = NULL;
    in->size = 0;
}
