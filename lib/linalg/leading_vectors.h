/* SPDX-License-Identifier: BSD-2-Clause */
/* The leading eigenvectors of a large symmetric, positive semi-definite matrix that is known by its
 * products only: for M^T M, the leading right singular vectors of M. */
#ifndef DIFFMM_LINALG_LEADING_VECTORS_H
#define DIFFMM_LINALG_LEADING_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

/* y = A x, for x and y of (rows of A) x columns without gaps, which do not overlap. */
typedef void (*diffmm__leading_product)(void *argument, size_t columns, const float *x, float *y);

struct diffmm__leading {
    size_t rows;   /* of A */
    size_t wanted; /* vectors, at most `rows` */
    diffmm__leading_product product;
    void *argument;
    uint64_t seed, stream; /* of random directions; stream + 1 is used, too */
};

/* The number of columns that products have. */
size_t diffmm__leading_block(size_t rows, size_t wanted);

/* The columns of `vectors` (rows x wanted, rows `stride` floats apart) become orthonormal
 * eigenvectors of the largest eigenvalues, and `values` (or NULL) these, descending. Iterates until
 * the sum of the values grows by less than 1e-6 of it; where A has fewer directions than wanted,
 * random ones complete them. The bits do not depend on the number of threads.
 * DIFFMM_ERROR_NUMERIC where a product is not finite. */
diffmm_status diffmm__leading_vectors(const diffmm_context *context,
                                      const struct diffmm__leading *leading, float *vectors,
                                      size_t stride, double *values);

/* The most products that this takes; the bytes of memory for the time of the call; and the most
 * floating-point operations beside those of the products. */
enum { DIFFMM__LEADING_PRODUCTS = 12 };
size_t diffmm__leading_bytes(size_t rows, size_t wanted);
double diffmm__leading_flops(size_t rows, size_t wanted);

#endif
