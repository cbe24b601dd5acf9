#include "io/picture_file.h"

#include "io/reader.h"
#include "io/writer.h"
#include "message.h"

exit_code picture_file_read(const char *path, uint64_t limit_pixels, ghm_image *image)
{
    static const color none = { .given = false };
    source s;
    exit_code code = source_open(&s, path, source_byte_limit(limit_pixels));
    if (code == EXIT_OK)
        code = picture_read(&s, limit_pixels, &none, image);
    source_close(&s);
    return code;
}

exit_code picture_file_write(const char *path, const ghm_image *image)
{
    const write_settings settings = { .jpeg_quality = 95 };
    const writer *format = writer_by_suffix(path);
    output out;
    const exit_code code = output_open(&out, path, false);
    if (code != EXIT_OK)
        return code;
    return output_close(&out, picture_write_as_is(format, image, &settings, &out));
}
