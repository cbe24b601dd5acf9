#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec_test.h"

ghm_model *model;

int open_model(void **state)
{
    (void)state;
    return ghm_model_open_profile("fast", GHM_BACKEND_AUTO, &model, NULL) == GHM_OK ? 0 : -1;
}

int close_model(void **state)
{
    (void)state;
    ghm_model_close(&model);
    return 0;
}

ghm_buffer encode_with(const ghm_image *image, const ghm_encode_settings *settings)
{
    ghm_buffer out = { 0 };
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_encode_image(model, settings, image, &out, &diag);
    if (status != GHM_OK)
        fail_msg("encode: %s: %s", ghm_status_string(status), diag.text);
    return out;
}

ghm_buffer encode_at(const ghm_image *image, double quality)
{
    ghm_encode_settings settings;
    ghm_encode_settings_default(&settings);
    settings.quality = quality;
    return encode_with(image, &settings);
}

ghm_image decode_with(ghm_buffer stream, const ghm_decode_settings *settings, ghm_status expected)
{
    ghm_image out = { 0 };
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_decode_image(model, settings, stream.data, stream.size, &out, &diag);
    if (status != expected)
        fail_msg("decode: %s instead of %s: %s", ghm_status_string(status), ghm_status_string(expected), diag.text);
    assert_true((status == GHM_OK) == (diag.text[0] == '\0'));
    return out;
}

ghm_image decode_sound(ghm_buffer stream)
{
    return decode_with(stream, NULL, GHM_OK);
}
