/* SPDX-License-Identifier: BSD-2-Clause */
/* Making the denoiser's input: noise, normalisation and dropout, straight into the operand. */
#ifndef DIFFMM_DIFFUSION_CORRUPT_H
#define DIFFMM_DIFFUSION_CORRUPT_H

#include "diffusion/denoiser.h"
#include "diffusion/schedule.h"

/* A batch of users' interactions: batch row b is row row_of[b] (b itself where NULL) of a sparse
 * matrix with the given values (all 1 where NULL). */
struct diffmm__batch_rows {
    const int64_t *pointers;
    const int32_t *items;
    const float *values;
    const int32_t *row_of;
    bool ascending; /* items of each row ascend: known, so that a part of a row may be searched for
                     */
};

static inline size_t diffmm__batch_row(const struct diffmm__batch_rows *rows, size_t b)
{
    return rows->row_of ? (size_t)rows->row_of[b] : b;
}

/* Add scale times row b to a dense row. */
void diffmm__batch_row_add(const struct diffmm__batch_rows *rows, size_t b, float scale,
                           float *dense);

/* y += scale times row b times a matrix of `d` columns: a sum of the rows of its items. */
void diffmm__batch_row_gather(const struct diffmm__batch_rows *rows, size_t b, float scale,
                              size_t d, const float *matrix, float *y);

/* Where random numbers come from: arrays of rows x items (the caller's draws), or else streams,
 * indexed by the user's row, so that a draw does not depend on the batch it is made in. */
struct diffmm__draws {
    const float *noise;         /* standard normal, or NULL: from noise_stream */
    size_t noise_rows;          /* the reverse chain: rows of a block of it; 0: the batch's */
    const float *dropout_scale; /* factors, or NULL: from dropout_stream */
    uint64_t seed, noise_stream, dropout_stream;
    double dropout; /* rate for dropout_stream; 0: no dropout */
};

/* `items` standard normal draws of row `row`. */
void diffmm__draw_noise(const struct diffmm__draws *draws, uint64_t row, size_t items, float *out);

/* Row b of a batch with noise, x_t = signal x_0 + noise eps of step t, into x_t. */
void diffmm__q_sample_row(const diffmm_schedule *schedule, const struct diffmm__batch_rows *x0,
                          size_t b, size_t t, const struct diffmm__draws *draws, size_t items,
                          float *x_t);

/* pass->input of `rows` users: q_sample at steps t, then row-normalised if the shape says so, then
 * dropout. */
void diffmm__corrupt(struct diffmm__pass *pass, const diffmm_schedule *schedule,
                     const struct diffmm__batch_rows *x0, size_t rows, const int32_t *t,
                     const struct diffmm__draws *draws);

#endif
