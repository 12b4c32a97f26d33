/* SPDX-License-Identifier: BSD-2-Clause */
/* The eigenvalues and eigenvectors of a small dense symmetric matrix, up to some 1,000 rows. */
#ifndef DIFFMM_LINALG_SYMMETRIC_EIGEN_H
#define DIFFMM_LINALG_SYMMETRIC_EIGEN_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

/* The doubles of scratch memory for a matrix of n rows. */
size_t diffmm__symmetric_eigen_scratch(size_t n);

/* A = V^T diag(values) V, for A symmetric, n x n, of which the lower triangle is read. The values
 * descend; row j of `a`, which is overwritten, becomes the eigenvector of value j. The rows are
 * orthonormal, and values are exact to a few units in the last place of the largest one. The bits
 * do not depend on the number of threads. False if the iteration does not converge, which only
 * happens where an entry of A is not finite; `a` and `values` then hold nothing of use. */
bool diffmm__symmetric_eigen(const diffmm_context *context, size_t n, double *a, double *values,
                             double *scratch);

#endif
