/* SPDX-License-Identifier: BSD-2-Clause */
/* The noise schedule of T steps (paper, section 3.1), in float64:
 *     v_i = linspace(scale min, scale max, T),   abar_i = 1 - v_i,
 *     beta_i = min(1 - abar_i / abar_{i-1}, 0.999),   beta_0 = 1 - abar_0   (or 1e-4, if fixed);
 * from the betas anew:
 *     abar = cumprod(1 - beta),   abar_prev = [1, abar_0, ..],
 *     posterior variance = beta (1 - abar_prev) / (1 - abar),
 *     c1 = beta sqrt(abar_prev) / (1 - abar),
 *     c2 = (1 - abar_prev) sqrt(1 - beta) / (1 - abar),
 *     ELBO weight = SNR(t-1) - SNR(t),   SNR = abar / (1 - abar);   1 for t = 0. */
#ifndef DIFFMM_DIFFUSION_SCHEDULE_H
#define DIFFMM_DIFFUSION_SCHEDULE_H

#include <diffmm/diffusion.h>

#include "base/handle.h"
#include "base/memory.h"

enum { DIFFMM__SCHEDULE_QUANTITIES = 7 };

struct diffmm_schedule {
    struct diffmm__handle handle;
    diffmm_context *context;
    struct diffmm__arena arena;
    size_t steps;
    double *values[DIFFMM__SCHEDULE_QUANTITIES]; /* by diffmm_schedule_quantity */
};

/* Bytes of the arrays of a schedule of so many steps. */
size_t diffmm__schedule_bytes(size_t steps);

/* The coefficients of x_t = signal x_0 + noise eps. */
float diffmm__schedule_signal(const diffmm_schedule *schedule, size_t t);
float diffmm__schedule_noise(const diffmm_schedule *schedule, size_t t);

/* Checks that `rows` step indices are steps of the schedule. */
diffmm_status diffmm__schedule_check_steps(const diffmm_schedule *schedule, size_t rows,
                                           const int32_t *t);

#endif
