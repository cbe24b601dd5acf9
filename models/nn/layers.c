/* layers.c - the promises about weights on which the exact-zone kernels rely. */
#include "models/nn/layers.h"

#include "base/fixed.h"

/* Largest magnitude of an activation. */
static const int64_t x_max = -(int64_t)INT16_MIN;

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

static bool accumulator_fits(int32_t bias, int64_t sum_of_weights)
{
    return magnitude(bias) + x_max * sum_of_weights <= FIXED_ACC_MAX;
}

bool linear_check(const nn_linear *layer)
{
    for (size_t oc = 0; oc < layer->c_out; oc++) {
        int64_t sum = 0;
        if (layer->multiplier[oc] < 0)
            return false;
        for (size_t ic = 0; ic < layer->c_in; ic++) {
            const int16_t weight = layer->weight[oc * layer->c_in + ic];
            if (weight == INT16_MIN)
                return false;
            sum += magnitude(weight);
        }
        if (!accumulator_fits(layer->bias[oc], sum))
            return false;
    }
    return true;
}

bool depthwise_check(const nn_depthwise *layer)
{
    for (size_t ch = 0; ch < layer->c; ch++) {
        int64_t sum = 0;
        if (layer->multiplier[ch] < 0)
            return false;
        for (size_t tap = 0; tap < 9; tap++)
            sum += magnitude(layer->weight[tap * layer->c + ch]);
        if (!accumulator_fits(layer->bias[ch], sum))
            return false;
    }
    return true;
}
