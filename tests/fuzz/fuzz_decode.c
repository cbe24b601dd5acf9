/* Whole streams: parser, chunks, header, then the decoder. Once as they are, once with right CRCs. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void unpack_metadata(const uint8_t *data, size_t size)
{
    ghm_metadata metadata = { 0 };
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_stream_get_metadata(data, size, &metadata, &diag);
    FUZZ_CHECK((status == GHM_OK) == (diag.text[0] == '\0'));
    for (size_t kind = 0; kind < GHM_N_METADATA_KINDS; kind++) {
        const ghm_buffer *found = &metadata.kinds[kind];
        FUZZ_CHECK((found->size > 0) == (found->data != NULL) && (status == GHM_OK || !found->data));
        FUZZ_CHECK(found->size <= 2000 * size);
    }
    ghm_metadata_free(&metadata);
}

/* An origin can be put into any complete stream that has none, and is then there; the rest stays as it was. */
static void check_origin(const uint8_t *data, size_t size, const ghm_stream_info *info)
{
    const ghm_origin given = { .input_hash = UINT64_C(0x123456789abcdef0), .options_hash = size };
    ghm_origin found = { 0 };
    ghm_stream_info after;
    ghm_buffer stream = { fuzz_copy(data, size), size };
    const bool had_one = ghm_stream_get_origin(data, size, &found);
    const ghm_status status = ghm_stream_add_origin(&stream, &given, NULL);
    FUZZ_CHECK(status == (!info->complete ? GHM_ERR_TRUNCATED : had_one ? GHM_ERR_ARGUMENT : GHM_OK));
    if (status == GHM_OK) {
        FUZZ_CHECK(ghm_stream_get_origin(stream.data, stream.size, &found));
        FUZZ_CHECK(found.input_hash == given.input_hash && found.options_hash == given.options_hash);
        FUZZ_CHECK(ghm_stream_get_info(stream.data, stream.size, &after, NULL) == GHM_OK && after.complete);
        FUZZ_CHECK(stream.size == size + 22);
    }
    ghm_buffer_free(&stream);
}

static void decode(const uint8_t *data, size_t size)
{
    ghm_stream_info info;
    ghm_decode_settings settings;
    ghm_diagnostics diag = { "" };
    ghm_image out = { 0 };

    const ghm_status parsed = ghm_stream_get_info(data, size, &info, NULL);
    ghm_decode_settings_default(&settings);
    settings.threads = 1;
    settings.max_pixels = 128 * 128;
    settings.ignore_picture_hash = size % 2;
    const ghm_status status = ghm_decode_image(fuzz_model(GHM_BACKEND_AUTO), &settings, data, size, &out, &diag);
    FUZZ_CHECK((status == GHM_OK) == (out.owned != NULL));
    FUZZ_CHECK((status == GHM_OK) == (diag.text[0] == '\0'));
    if (status == GHM_OK)
        FUZZ_CHECK(parsed == GHM_OK && info.complete && info.width == out.width && info.height == out.height &&
                   info.components == ghm_image_components(&out) && info.bit_depth == out.bit_depth);
    ghm_image_free(&out);
    unpack_metadata(data, size);
    if (parsed == GHM_OK)
        check_origin(data, size, &info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy(data, size);
    decode(copy, size);
    fuzz_seal_stream(copy, size);
    if (memcmp(copy, data, size) != 0)
        decode(copy, size);
    free(copy);
    return 0;
}
