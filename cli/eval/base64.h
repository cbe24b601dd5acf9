/* base64.h - bytes as text (RFC 4648). */
#ifndef CLI_EVAL_BASE64_H
#define CLI_EVAL_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* "data:TYPE;base64,..." to be freed; NULL when memory runs out. */
char *base64_uri(const char *type, const uint8_t *data, size_t size);

#endif
