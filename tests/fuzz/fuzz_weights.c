/* Weight files: as they are, then with a right hash. What opens and is small must also code a picture and give it back, on
 * another backend as well: the file's numbers then went through every network. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { SIDE = 20 };
static const double small_kmac = 400;

static ghm_model *open_model(const uint8_t *data, size_t size, ghm_backend backend)
{
    ghm_model *model = NULL;
    ghm_diagnostics diag = { "" };
    const ghm_status status = ghm_model_open(data, size, backend, &model, &diag);
    FUZZ_CHECK(status == GHM_OK || status == GHM_ERR_MODEL);
    FUZZ_CHECK((status == GHM_OK) == (model != NULL));
    FUZZ_CHECK((status == GHM_OK) == (diag.text[0] == '\0'));
    return model;
}

static void code(const ghm_model *encoder, const ghm_model *decoder)
{
    uint8_t samples[3 * SIDE * SIDE];
    ghm_encode_settings encode_settings;
    ghm_decode_settings decode_settings;
    ghm_buffer stream = { 0 };
    ghm_image out = { 0 };
    const ghm_image image = { .width = SIDE, .height = SIDE, .planes = { samples, samples + 1, samples + 2 },
                              .row_stride = 3 * SIDE, .pixel_stride = 3 };
    for (size_t i = 0; i < sizeof samples; i++)
        samples[i] = (uint8_t)(i * i / 64);
    ghm_encode_settings_default(&encode_settings);
    ghm_decode_settings_default(&decode_settings);
    encode_settings.threads = decode_settings.threads = 1;
    FUZZ_CHECK(ghm_encode_image(encoder, &encode_settings, &image, &stream, NULL) == GHM_OK);
    FUZZ_CHECK(ghm_decode_image(decoder, &decode_settings, stream.data, stream.size, &out, NULL) == GHM_OK);
    ghm_buffer_free(&stream);
    ghm_image_free(&out);
}

static void check(const uint8_t *data, size_t size)
{
    ghm_model_info info;
    ghm_model *model = open_model(data, size, GHM_BACKEND_AUTO);
    if (!model)
        return;
    ghm_model_get_info(model, &info);
    if (info.decoder_kmac < small_kmac && info.encoder_kmac < small_kmac) {
        ghm_model *reference = open_model(data, size, GHM_BACKEND_C);
        FUZZ_CHECK(reference);
        code(model, reference);
        ghm_model_close(&reference);
    }
    ghm_model_close(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy(data, size);
    check(copy, size);
    fuzz_seal_weights(copy, size);
    if (memcmp(copy, data, size) != 0)
        check(copy, size);
    free(copy);
    return 0;
}
