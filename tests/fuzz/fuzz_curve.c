/* JSON of rate-distortion curves as 'gingham bdrate' reads it, and the arithmetic on what it held. */
#include <math.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "eval/curve_file.h"
#include "fuzz.h"

/* What any curve may be compared with. */
static const rd_curve other = { 4, { 0.1, 0.3, 0.6, 1.2 }, { 28, 32, 35, 39 } };
static const bd_range ranges[] = { { .given = false }, { true, 29, 37 } };

static void check_result(bd_result bd)
{
    FUZZ_CHECK(isfinite(bd.percent) && bd.percent >= -100);
    FUZZ_CHECK(!bd.defined || (bd.low < bd.high && bd.overlap >= 0 && bd.overlap <= 1));
}

static void compare(const rd_curve *curve, bd_method method, bd_range range)
{
    const bd_result same = bd_rate(curve, curve, method, range);
    check_result(same);
    FUZZ_CHECK(!same.defined || fabs(same.percent) < 1e-6);
    check_result(bd_rate(curve, &other, method, range));
    check_result(bd_rate(&other, curve, method, range));
}

static void check(const cJSON *root, curve_metric metric)
{
    named_curve curve;
    if (curve_parse(root, "fuzz.json", metric, &curve) != EXIT_OK)
        return;
    curve_clean(&curve.curve);
    for (size_t i = 1; i < curve.curve.n; i++)
        FUZZ_CHECK(curve.curve.quality[i] > curve.curve.quality[i - 1]);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        for (bd_method method = BD_PCHIP; method <= BD_AKIMA; method++)
            compare(&curve.curve, method, ranges[i]);
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
