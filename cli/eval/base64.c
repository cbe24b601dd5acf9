#include "eval/base64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to three bytes give four characters; missing ones count as zero and end in '='. */
static void put_group(char *out, const uint8_t *data, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < n ? data[i] : 0u);
    for (size_t i = 0; i < 4; i++)
        out[i] = i <= n ? digits[bits >> (18 - 6 * i) & 63] : '=';
}

char *base64_uri(const char *type, const uint8_t *data, size_t size)
{
    const size_t head = strlen("data:;base64,") + strlen(type), n_groups = (size + 2) / 3;
    char *uri = malloc(head + 4 * n_groups + 1);
    if (!uri)
        return NULL;
    snprintf(uri, head + 1, "data:%s;base64,", type);
    for (size_t i = 0; i < n_groups; i++)
        put_group(uri + head + 4 * i, data + 3 * i, size - 3 * i < 3 ? size - 3 * i : 3);
    uri[head + 4 * n_groups] = '\0';
    return uri;
}
