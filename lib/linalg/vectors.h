/* SPDX-License-Identifier: BSD-2-Clause */
/* Long vectors on the context's threads; reductions in a fixed order. */
#ifndef DIFFMM_LINALG_VECTORS_H
#define DIFFMM_LINALG_VECTORS_H

#include <stddef.h>

#include <diffmm/context.h>

/* y = x, and y = 0. */
void diffmm__vector_copy(const diffmm_context *context, size_t n, const float *x, float *y);
void diffmm__vector_clear(const diffmm_context *context, size_t n, float *y);

/* y += scale x. */
void diffmm__vector_add_scaled(const diffmm_context *context, size_t n, float scale, const float *x,
                               float *y);

/* x . y: float products, summed in stretches of 2^15, and these in double, in order. The second
 * computes the sums of some stretches alone, sums[first] up to sums[end - 1]; the last stretch of all may
 * be shorter. */
enum { DIFFMM__DOT_STRETCH = 32768 };
double diffmm__vector_dot(const diffmm_context *context, size_t n, const float *x, const float *y);
void diffmm__vector_dot_stretches(const diffmm_context *context, size_t n, const float *x,
                                  const float *y, size_t first, size_t end, double *sums);

#endif
