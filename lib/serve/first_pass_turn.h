/* SPDX-License-Identifier: BSD-2-Clause */
/* What turns rows and vectors so that their products stay as they are, and gather in the first
 * coordinates. */
#ifndef DIFFMM_SERVE_FIRST_PASS_TURN_H
#define DIFFMM_SERVE_FIRST_PASS_TURN_H

#include <stddef.h>

#include <diffmm/context.h>
#include <diffmm/status.h>

/* Rows to be searched, `stride` floats apart, and vectors like those that will be searched for. */
struct diffmm__first_pass_input {
    size_t rows, d, stride;
    const float *x;
    double largest; /* no row's norm is larger */
    size_t vectors, vector_stride;
    const float *vector;
    double largest_vector; /* no vector's norm is larger */
};

/* d x d, in the caller's memory. Scaling by D, powers of two, gives the coordinates of rows and of
 * vectors the same size; then V, orthonormal, has the eigenvectors of both their second moments:
 *     x' = V D x,  q' = V D^-1 q,  q' . x' = q . x.
 * `slack` is what rounding adds to the difference of q' . x' and a score at most, relative to
 * |D^-1 q| |D x|. */
struct diffmm__first_pass_turn {
    float *of_rows, *of_vectors;
    double slack;
};

diffmm_status diffmm__first_pass_turn_find(const diffmm_context *context,
                                           const struct diffmm__first_pass_input *input,
                                           struct diffmm__first_pass_turn *turn);

/* Turn rows of d floats, `stride` floats apart, into rows without gaps; on the calling thread. */
void diffmm__first_pass_turn_rows(const struct diffmm__first_pass_turn *turn, size_t rows, size_t d,
                                  const float *x, size_t stride, float *out);

/* Turn a vector. */
void diffmm__first_pass_turn_vector(const struct diffmm__first_pass_turn *turn, size_t d,
                                    const float *vector, float *out);

#endif
