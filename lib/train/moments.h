/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_MOMENTS_H
#define DIFFMM_TRAIN_MOMENTS_H

#include <stddef.h>

#include <diffmm/status.h>

/* DIFFMM_ERROR_NUMERIC where the squares of a gradient have overflowed: Adam would not change that
 * parameter any more. `phase` and `name` are for the message. */
diffmm_status diffmm__moments_check(size_t epoch, const char *phase, const char *name, size_t count,
                                    const float *second_moment);

#endif
