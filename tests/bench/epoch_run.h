/* SPDX-License-Identifier: BSD-2-Clause */
/* A trainer whose epochs are timed. */
#ifndef DIFFMM_BENCH_EPOCH_RUN_H
#define DIFFMM_BENCH_EPOCH_RUN_H

#include <diffmm/diffmm.h>

#include "samples.h"

/* The four phases of diffmm_phase, and the whole epoch. */
enum { EPOCH_PHASES = 4, EPOCH_WHOLE = EPOCH_PHASES, EPOCH_PARTS };

extern const char *const epoch_part_names[EPOCH_PARTS];

struct epoch_run {
    diffmm_trainer *trainer;
    struct samples seconds[EPOCH_PARTS]; /* one value per epoch */
    double flops[EPOCH_PARTS];           /* of the last epoch, for the way taken */
    double straight_flops;
};

/* Make a trainer for so many epochs; the options are the caller's, who destroys them. */
void epoch_begin(struct epoch_run *run, diffmm_dataset *dataset, diffmm_options *options,
                 size_t epochs);

/* Train one epoch. */
void epoch_train(struct epoch_run *run);

void epoch_end(struct epoch_run *run);

#endif
