/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and FLOPs of a training, told beforehand. */
#include <diffmm/peers.h>

#include "base/handle.h"
#include "base/status.h"
#include "base/structs.h"
#include "dataset/seal.h"
#include "options/options.h"
#include "train/plan/epoch_plan.h"
#include "train/plan/flops.h"
#include "train/plan/peak_memory.h"
#include "train/plan/peer_plan.h"

/* Of all in one process, or of peer `rank` of `size`. */
static diffmm_status forecast(diffmm_dataset *dataset, const diffmm_options *options, size_t rank,
                              size_t size, diffmm_forecast *out)
{
    struct diffmm__settings settings;
    struct diffmm__plan plan;
    diffmm_options *copy = NULL;
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    DIFFMM__CALL dataset_call;
    diffmm_status status = diffmm__seal_call(&dataset_call, dataset);
    if (!status)
        status = diffmm__options_copy(dataset->context, options, &copy);
    if (!status)
        status = diffmm__epoch_plan_settings(dataset, copy, &settings);
    if (!status)
        status = diffmm__epoch_plan(dataset, copy, &settings, &plan);
    diffmm_options_destroy(copy);
    if (status)
        return status;
    if (size > 1)
        diffmm__peer_plan(&plan, &dataset->catalog->train, rank, size);
    struct diffmm__cadence mean = diffmm__cadence_mean(&settings);
    diffmm_forecast forecast = {
        .struct_size = sizeof forecast,
        .straight_flops = diffmm__flops_naive(&plan, &mean),
        .peak_bytes = diffmm__peak_memory(&plan, diffmm_context_threads(dataset->context))};
    for (int phase = 0; phase < 4; phase++)
        forecast.flops[phase] = diffmm__flops_of_phase(&plan, &mean, (diffmm_phase)phase, 0.0);
    return diffmm__struct_write(out, &diffmm__layout_forecast, &forecast, "out");
}

diffmm_status diffmm_trainer_forecast(diffmm_dataset *dataset, const diffmm_options *options,
                                      diffmm_forecast *out)
{
    if (!dataset || !out)
        return diffmm__null(!dataset ? "dataset" : "out");
    return forecast(dataset, options, 0, 1, out);
}

diffmm_status diffmm_trainer_forecast_peer(diffmm_dataset *dataset, const diffmm_options *options,
                                           size_t rank, size_t size, diffmm_forecast *out)
{
    if (!dataset || !out)
        return diffmm__null(!dataset ? "dataset" : "out");
    if (size == 0 || size > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "size is %zu; there are 1 to %d peers",
                            size, INT32_MAX);
    if (rank >= size)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "rank is %zu; ranks of %zu peers are below that", rank, size);
    return forecast(dataset, options, rank, size, out);
}
