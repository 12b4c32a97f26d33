/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_LINALG_TRANSPOSE_H
#define DIFFMM_LINALG_TRANSPOSE_H

#include <stddef.h>

#include <diffmm/context.h>

/* y = x^T of dense matrices: x is rows x columns, and both have strides. */
void diffmm__transpose(const diffmm_context *context, size_t rows, size_t columns, const float *x,
                       size_t x_stride, float *y, size_t y_stride);

#endif
