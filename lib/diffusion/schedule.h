/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DIFFUSION_SCHEDULE_H
#define DIFFMM_DIFFUSION_SCHEDULE_H

#include <diffmm/diffusion.h>

#include "base/handle.h"

enum { DIFFMM__SCHEDULE_QUANTITIES = 7 };

struct diffmm_schedule {
    struct diffmm__handle handle;
    diffmm_context *context;
    size_t steps;
    double *values[DIFFMM__SCHEDULE_QUANTITIES]; /* by diffmm_schedule_quantity */
};

/* A draw's coefficients: x_t = signal x_0 + noise eps. */
float diffmm__schedule_signal(const diffmm_schedule *schedule, size_t t);
float diffmm__schedule_noise(const diffmm_schedule *schedule, size_t t);

/* `rows` step indices, each within the schedule. */
diffmm_status diffmm__check_steps(const diffmm_schedule *schedule, size_t rows, const int32_t *t);

#endif
