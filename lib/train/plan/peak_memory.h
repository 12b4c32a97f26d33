/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_PLAN_PEAK_MEMORY_H
#define DIFFMM_TRAIN_PLAN_PEAK_MEMORY_H

#include "train/plan/epoch_plan.h"

/* The most bytes that data set and trainer take from the context's allocator at once, with
 * `threads` threads. */
size_t diffmm__peak_memory_allocated(const struct diffmm__plan *plan, size_t threads);

/* These bytes and those that do not come from the allocator: code, stacks, the matrix library. */
size_t diffmm__peak_memory(const struct diffmm__plan *plan, size_t threads);

#endif
