/* JSON of rate-distortion curves as 'gingham bdrate' reads it, and the arithmetic on what it held. */
#include <math.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "eval/curve_file.h"
#include "fuzz.h"

static void check(const cJSON *root, curve_metric metric)
{
    named_curve curve;
    if (curve_parse(root, "fuzz.json", metric, &curve) != EXIT_OK)
        return;
    curve_clean(&curve.curve);
    for (size_t i = 1; i < curve.curve.n; i++)
        FUZZ_CHECK(curve.curve.quality[i] > curve.curve.quality[i - 1]);
    const bd_result bd = bd_rate(&curve.curve, &curve.curve, BD_PCHIP, (bd_range){ .given = false });
    FUZZ_CHECK(!bd.defined || fabs(bd.percent) < 1e-6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy(data, size);
    cJSON *root = cJSON_ParseWithLength((const char *)copy, size);
    check(root, CURVE_PSNR);
    check(root, CURVE_MS_SSIM);
    cJSON_Delete(root);
    free(copy);
    return 0;
}
