/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_PLAN_FLOPS_H
#define DIFFMM_TRAIN_PLAN_FLOPS_H

#include <diffmm/trainer.h>

#include "train/plan/cadence.h"
#include "train/plan/epoch_plan.h"

/* FLOPs of a phase of an epoch of such a cadence. What the objective's terms take depends on the batches:
 * `measured` is what an epoch has counted, or 0 for the naive count, a bound. */
double diffmm__flops_of_phase(const struct diffmm__plan *plan,
                              const struct diffmm__cadence *cadence, diffmm_phase phase,
                              double measured);

/* FLOPs of a whole epoch by the naive strategy. */
double diffmm__flops_naive(const struct diffmm__plan *plan, const struct diffmm__cadence *cadence);

#endif
