/* SPDX-License-Identifier: BSD-2-Clause */
/* The random numbers of a batch: arrays of the caller's, or streams of the library's.
 *
 * Streams are indexed by the number of the user's row, so that a draw depends neither on the batch
 * it is made in nor on the order of its users. */
#ifndef DIFFMM_DIFFUSION_DRAWS_H
#define DIFFMM_DIFFUSION_DRAWS_H

#include <stddef.h>
#include <stdint.h>

struct diffmm__draws {
    const float *noise; /* rows x items, standard normal, or NULL: from noise_stream */
    size_t noise_rows;  /* for the reverse chain: rows of a block of noise; 0: the batch's */
    const float *dropout_scale; /* rows x items factors, or NULL: from dropout_stream */
    uint64_t seed, time_stream, noise_stream, dropout_stream;
    double dropout; /* rate for dropout_stream; 0: no dropout */
};

/* Draws a step of row `row` from time_stream, uniform below `steps`. */
int32_t diffmm__draws_step(const struct diffmm__draws *draws, uint64_t row, size_t steps);

/* Draws `items` standard normal numbers of row `row` from noise_stream. */
void diffmm__draws_noise(const struct diffmm__draws *draws, uint64_t row, size_t items, float *out);

/* Inverted dropout of row `row`, from dropout_stream: each entry of x becomes 0 with probability
 * `dropout`, and is divided by 1 - dropout otherwise. */
void diffmm__draws_drop(const struct diffmm__draws *draws, uint64_t row, size_t items, float *x);

/* Inverted dropout of one entry of row `row`: 0 or 1 / (1 - dropout). `items` is the same for all
 * entries of a matrix. The draws are others than those of diffmm__draws_drop. */
float diffmm__draws_factor(const struct diffmm__draws *draws, uint64_t row, size_t items,
                           size_t item);

#endif
