/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of a matrix divided by their Euclidean norms. */
#ifndef DIFFMM_LINALG_NORMALIZE_ROWS_H
#define DIFFMM_LINALG_NORMALIZE_ROWS_H

#include <stddef.h>

#include <diffmm/context.h>

/* Normalise each row of d floats:
 *     y = x / max(||x||, 1e-12).
 * norms, unless NULL, receives the divisor of each row, or infinity where that exceeds floats. x
 * and y may be the same. A row that is not finite gives NaN, and a divisor that is not finite. */
void diffmm__normalize_rows(const diffmm_context *context, size_t rows, size_t d, const float *x,
                            size_t x_stride, float *y, size_t y_stride, float *norms);

/* The same for one row of d floats, in place. */
void diffmm__normalize_row(size_t d, float *x);

/* The largest norm of all rows, which lie without gaps. */
double diffmm__largest_norm(size_t rows, size_t d, const float *x);

/* The backward pass, with y and norms from above:
 *     grad_x = keep grad_x + scale (grad_y - y (y . grad_y)) / norm.
 * keep is 0, which overwrites grad_x, or 1. Rows without gaps. */
void diffmm__normalize_rows_backward(const diffmm_context *context, size_t rows, size_t d,
                                     const float *y, const float *norms, const float *grad_y,
                                     float scale, float keep, float *grad_x);

#endif
