/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_OPTIM_ADAM_H
#define DIFFMM_OPTIM_ADAM_H

#include <diffmm/context.h>
#include <diffmm/optim.h>

#include "linalg/kernels.h"

/* The factors of step number `step`, with the default betas and epsilon, for the kernel. */
struct diffmm__adam_coefficients diffmm__adam_factors(double learning_rate, uint64_t step);

/* One Adam step with the default betas and epsilon, on the context's threads. */
void diffmm__adam_step(const diffmm_context *context, double learning_rate, uint64_t step,
                       size_t count, float *parameter, const float *gradient, float *first_moment,
                       float *second_moment);

/* The decoupled weight decay that comes before such a step; nothing where it is 0. */
void diffmm__adam_decay(const diffmm_context *context, double learning_rate, double weight_decay,
                        size_t count, float *parameter);

#endif
