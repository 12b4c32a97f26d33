/* SPDX-License-Identifier: BSD-2-Clause */
/* Long vectors on the context's threads; reductions in a fixed order. */
#ifndef DIFFMM_LINALG_VECTORS_H
#define DIFFMM_LINALG_VECTORS_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

/* y = x, and y = 0. */
void diffmm__copy(const diffmm_context *context, size_t n, const float *x, float *y);
void diffmm__clear(const diffmm_context *context, size_t n, float *y);

/* y += scale x. */
void diffmm__add_scaled(const diffmm_context *context, size_t n, float scale, const float *x,
                        float *y);

/* x . y; float products summed in stretches of 2^15 in double. */
double diffmm__dot(const diffmm_context *context, size_t n, const float *x, const float *y);

/* The number of the first value that is not finite, or n. */
size_t diffmm__first_not_finite(size_t n, const float *x);

#endif
