/* SPDX-License-Identifier: BSD-2-Clause */
/* Counter-based random numbers: Philox 4x32-10 (Salmon et al. 2011). A draw is a function of seed,
 * stream (base/streams.h) and position, so there is no state to share or save, and the order of
 * drawing does not matter. */
#ifndef DIFFMM_BASE_RANDOM_H
#define DIFFMM_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Four 32-bit draws at a position. */
void diffmm__random4(uint64_t seed, uint64_t stream, uint64_t position, uint32_t out[4]);

/* One draw at a position: uniform in [0, 1), and uniform below `bound` (unbiased). */
double diffmm__random_real(uint64_t seed, uint64_t stream, uint64_t position);
uint64_t diffmm__random_below(uint64_t seed, uint64_t stream, uint64_t position, uint64_t bound);

/* A permutation of 0 .. count-1. */
void diffmm__random_shuffle(uint64_t seed, uint64_t stream, size_t count, int32_t *out);

#endif
