/* files.h - reading whole files in cmocka tests; include after cmocka.h. */
#ifndef GHM_TESTS_FILES_H
#define GHM_TESTS_FILES_H

#include <stdio.h>
#include <stdlib.h>

/* folder/name as a block from malloc(); fails the test when that is not possible. */
static inline uint8_t *read_test_file(const char *folder, const char *name, size_t *size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        fail_msg("cannot read %s", path);
    *size = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = malloc(*size);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *size, f), *size);
    fclose(f);
    return data;
}

#endif
