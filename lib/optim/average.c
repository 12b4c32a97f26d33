/* SPDX-License-Identifier: BSD-2-Clause */
/* The exponentially weighted mean of the values x_1 .. x_t that a parameter has had (Polyak and
 * Juditsky 1992 average with equal weights; the bias is removed as in Kingma and Ba 2015, section 3):
 *
 *     a_t = sum over s <= t of decay^(t - s) x_s / sum over s <= t of decay^(t - s),
 *
 * which is, step by step,
 *
 *     a_t = a_(t-1) + (1 - decay) / (1 - decay^t) (x_t - a_(t-1)).
 *
 * The first factor is 1, so that nothing of a_0 remains. */
#include "optim/average.h"

#include <math.h>
#include <string.h>

#include "base/numbers.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"

struct average {
    float factor;
    const float *parameter;
    float *average;
};

static void average_range(void *argument, size_t begin, size_t end)
{
    const struct average *a = argument;
    if (a->factor == 1.0f) { /* nothing of the average is read: it may not be set yet */
        memcpy(a->average + begin, a->parameter + begin, (end - begin) * sizeof *a->average);
        return;
    }
    for (size_t i = begin; i < end; i++)
        a->average[i] += a->factor * (a->parameter[i] - a->average[i]);
}

void diffmm__average_step(const diffmm_context *context, double decay, uint64_t step, size_t count,
                          const float *parameter, float *average)
{
    double rest = 1.0 - pow(decay, (double)step);
    struct average a = {
        .factor = (float)((1.0 - decay) / rest), .parameter = parameter, .average = average};
    diffmm__parallel_ranges(context, count, 16384, average_range, &a);
}

diffmm_status diffmm_average_step(double decay, uint64_t step, size_t count, const float *parameter,
                                  float *average)
{
    if (!diffmm__within(decay, 0.0, 1.0))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "decay is not within [0, 1)");
    if (step == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "step is 0; the first step is 1");
    if (count > 0 && (!parameter || !average))
        return diffmm__null(!parameter ? "parameter" : "average");
    diffmm_status status =
        diffmm__size_check_array("count", count, "columns", 1, sizeof *parameter);
    if (!status)
        diffmm__average_step(NULL, decay, step, count, parameter, average);
    return status;
}
