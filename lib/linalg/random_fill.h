/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_LINALG_RANDOM_FILL_H
#define DIFFMM_LINALG_RANDOM_FILL_H

#include <stddef.h>
#include <stdint.h>

/* Fill an array at random, from a full stream number (base/streams.h):
 *     uniform   within [-bound, bound),
 *     Xavier    uniform with bound = sqrt(6 / (rows + columns)),
 *     normal    with mean 0 and the given standard deviation. */
void diffmm__random_fill_uniform(size_t count, double bound, uint64_t seed, uint64_t stream,
                                 float *out);
void diffmm__random_fill_xavier(size_t rows, size_t columns, uint64_t seed, uint64_t stream,
                                float *out);
void diffmm__random_fill_normal(size_t count, double deviation, uint64_t seed, uint64_t stream,
                                float *out);

#endif
