/* SPDX-License-Identifier: BSD-2-Clause */
/* Orthonormal columns of tall matrices. */
#ifndef DIFFMM_LINALG_ORTHONORMAL_H
#define DIFFMM_LINALG_ORTHONORMAL_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

/* Make the columns of x (rows x columns, rows >= columns) orthonormal in place, from the first to
 * the last: the columns up to any one span what they did before. A column that is zero, not finite,
 * or within 1e-5 of its norm in the span of those before it, has no direction of its own: a random
 * one, drawn from the stream, takes its place. *replaced (or NULL) receives how many did. */
diffmm_status diffmm__orthonormal_columns(const diffmm_context *context, size_t rows,
                                          size_t columns, uint64_t seed, uint64_t stream, float *x,
                                          size_t *replaced);

/* The bytes of memory that this takes for the time of the call. */
size_t diffmm__orthonormal_bytes(size_t rows, size_t columns);

#endif
