/* SPDX-License-Identifier: BSD-2-Clause */
/* Counter-based random numbers: Philox 4x32-10 (Salmon et al. 2011). A draw is a function of seed,
 * stream and position, so there is no state to share or save, and the order of drawing does not
 * matter. */
#ifndef DIFFMM_BASE_RANDOM_H
#define DIFFMM_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What a draw is for. Values are part of the meaning of a seed: never renumber. */
enum diffmm__purpose {
    DIFFMM__RANDOM_USER = 0, /* streams of callers of the public initialisers */
    DIFFMM__RANDOM_INITIALIZE = 1,
    DIFFMM__RANDOM_SHUFFLE_PAIRS = 2,
    DIFFMM__RANDOM_NEGATIVES = 3,
    DIFFMM__RANDOM_SHUFFLE_USERS = 4,
    DIFFMM__RANDOM_TIME = 5,
    DIFFMM__RANDOM_NOISE = 6,
    DIFFMM__RANDOM_DROPOUT = 7,
    DIFFMM__RANDOM_REVERSE_NOISE = 8,
    DIFFMM__RANDOM_EDGES = 9,
    DIFFMM__RANDOM_OBSERVED_EDGES = 10,
    DIFFMM__RANDOM_SYNTHETIC = 11,
    DIFFMM__RANDOM_HOLD_OUT = 12
};

/* A stream: purpose, which one of its kind (modality, parameter, ..), and epoch. */
uint64_t diffmm__stream(enum diffmm__purpose purpose, uint64_t which, uint64_t epoch);

/* Four 32-bit draws at a position. */
void diffmm__random4(uint64_t seed, uint64_t stream, uint64_t position, uint32_t out[4]);

/* One draw at a position: uniform in [0, 1), and uniform below `bound` (unbiased). */
double diffmm__random_real(uint64_t seed, uint64_t stream, uint64_t position);
uint64_t diffmm__random_below(uint64_t seed, uint64_t stream, uint64_t position, uint64_t bound);

/* `count` standard normal draws; positions are in steps of 64 values: value i of a call at position
 * p equals value i - 64 of a call at position p + 1. */
void diffmm__random_normal(uint64_t seed, uint64_t stream, uint64_t position, size_t count,
                           float *out);

/* A permutation of 0 .. count-1. */
void diffmm__random_shuffle(uint64_t seed, uint64_t stream, size_t count, int32_t *out);

#endif
