/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and FLOPs of a training, told beforehand. */
#include <diffmm/trainer.h>

#include "base/handle.h"
#include "base/status.h"
#include "base/structs.h"
#include "dataset/seal.h"
#include "options/options.h"
#include "train/plan/epoch_plan.h"
#include "train/plan/flops.h"
#include "train/plan/peak_memory.h"

diffmm_status diffmm_trainer_forecast(diffmm_dataset *dataset, const diffmm_options *options,
                                      diffmm_forecast *out)
{
    if (!dataset || !out)
        return diffmm__null(!dataset ? "dataset" : "out");
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
    struct diffmm__cadence mean = diffmm__cadence_mean(&settings);
    diffmm_forecast forecast = {
        .struct_size = sizeof forecast,
        .straight_flops = diffmm__flops_naive(&plan, &mean),
        .peak_bytes = diffmm__peak_memory(&plan, diffmm_context_threads(dataset->context))};
    for (int phase = 0; phase < 4; phase++)
        forecast.flops[phase] = diffmm__flops_of_phase(&plan, &mean, (diffmm_phase)phase, 0.0);
    return diffmm__struct_write(out, &diffmm__layout_forecast, &forecast, "out");
}
