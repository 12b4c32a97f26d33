/* SPDX-License-Identifier: BSD-2-Clause */
/* The random numbers of a batch: the caller's arrays, or streams of the library's own.
 *
 * Streams are indexed by the number of the user's row, so that a draw depends neither on the batch
 * it is made in nor on the order of its users. */
#ifndef DIFFMM_DIFFUSION_DRAWS_H
#define DIFFMM_DIFFUSION_DRAWS_H

#include <stddef.h>
#include <stdint.h>

struct diffmm__draws {
    const float *noise;         /* rows x items, standard normal, or NULL: from noise_stream */
    size_t noise_rows;          /* the reverse chain: rows of a block of it; 0: the batch's */
    const float *dropout_scale; /* rows x items factors, or NULL: from dropout_stream */
    uint64_t seed, time_stream, noise_stream, dropout_stream;
    double dropout; /* rate for dropout_stream; 0: no dropout */
};

/* From time_stream: a step below `steps`, the same for each, for row `row`. */
int32_t diffmm__draws_step(const struct diffmm__draws *draws, uint64_t row, size_t steps);

/* From noise_stream: `items` standard normal draws of row `row`. */
void diffmm__draws_noise(const struct diffmm__draws *draws, uint64_t row, size_t items, float *out);

/* From dropout_stream: inverted dropout of row `row`. Entries of x become 0 with probability
 * `dropout`, or are divided by 1 - dropout. */
void diffmm__draws_drop(const struct diffmm__draws *draws, uint64_t row, size_t items, float *x);

#endif
