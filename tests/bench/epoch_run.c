/* SPDX-License-Identifier: BSD-2-Clause */
#include "epoch_run.h"

#include "common.h"

const char *const epoch_part_names[EPOCH_PARTS] = {"denoise", "generate", "recommend", "evaluate",
                                                   "whole epoch"};

void epoch_begin(struct epoch_run *run, diffmm_dataset *dataset, diffmm_options *options,
                 size_t epochs)
{
    *run = (struct epoch_run){0};
    bench_check(diffmm_options_set_integer(options, "epochs", (int64_t)epochs));
    bench_check(diffmm_options_set_integer(options, "patience", 0));
    bench_check(diffmm_trainer_create(dataset, options, &run->trainer));
}

void epoch_train(struct epoch_run *run)
{
    diffmm_report report = {.struct_size = sizeof report};
    double start = bench_now();
    bench_check(diffmm_trainer_epoch(run->trainer, &report));
    samples_add(&run->seconds[EPOCH_WHOLE], bench_now() - start);
    samples_add(&run->seconds[DIFFMM_PHASE_DENOISE], report.seconds.denoise);
    samples_add(&run->seconds[DIFFMM_PHASE_GENERATE], report.seconds.generate);
    samples_add(&run->seconds[DIFFMM_PHASE_RECOMMEND], report.seconds.recommend);
    samples_add(&run->seconds[DIFFMM_PHASE_EVALUATE], report.seconds.evaluate);
    run->flops[EPOCH_WHOLE] = 0.0;
    for (size_t phase = 0; phase < EPOCH_PHASES; phase++) {
        run->flops[phase] = report.counted_flops[phase];
        run->flops[EPOCH_WHOLE] += report.counted_flops[phase];
    }
    run->straight_flops = report.straight_flops;
}

void epoch_end(struct epoch_run *run)
{
    diffmm_trainer_destroy(run->trainer);
    for (size_t part = 0; part < EPOCH_PARTS; part++)
        samples_end(&run->seconds[part]);
}
