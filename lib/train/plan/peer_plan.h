/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_PLAN_PEER_PLAN_H
#define DIFFMM_TRAIN_PLAN_PEER_PLAN_H

#include "train/plan/epoch_plan.h"

/* Makes the plan of a training that of peer `rank` of `size`: whose rows it writes to, and whose it keeps. */
void diffmm__peer_plan(struct diffmm__plan *plan, const struct diffmm__csr *train, size_t rank,
                       size_t size);

#endif
