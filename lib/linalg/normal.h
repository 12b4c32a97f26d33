/* SPDX-License-Identifier: BSD-2-Clause */
/* Normally distributed random numbers: Box and Muller's transform of the draws of base/random.h. */
#ifndef DIFFMM_LINALG_NORMAL_H
#define DIFFMM_LINALG_NORMAL_H

#include <stddef.h>
#include <stdint.h>

/* `count` standard normal draws of a stream. Each position has 64 of them: value i of a call at
 * position p equals value i - 64 of a call at position p + 1. */
void diffmm__normal_draws(uint64_t seed, uint64_t stream, uint64_t position, size_t count,
                          float *out);

#endif
