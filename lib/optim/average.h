/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_OPTIM_AVERAGE_H
#define DIFFMM_OPTIM_AVERAGE_H

#include <diffmm/context.h>
#include <diffmm/optim.h>

/* diffmm_average_step() on the context's threads. */
void diffmm__average_step(const diffmm_context *context, double decay, uint64_t step, size_t count,
                          const float *parameter, float *average);

#endif
