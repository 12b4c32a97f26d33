/* SPDX-License-Identifier: BSD-2-Clause */
/* Matrix products: the only file that knows BLIS. Row-major, leading dimensions in elements. */
#ifndef DIFFMM_LINALG_GEMM_H
#define DIFFMM_LINALG_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

/* An operand: `data` with rows `stride` apart, used as it stands or transposed. */
struct diffmm__matrix {
    const float *data;
    size_t stride;
    bool transposed;
};

static inline struct diffmm__matrix diffmm__plain(const float *data, size_t stride)
{
    return (struct diffmm__matrix){.data = data, .stride = stride};
}

static inline struct diffmm__matrix diffmm__transposed(const float *data, size_t stride)
{
    return (struct diffmm__matrix){.data = data, .stride = stride, .transposed = true};
}

/* C = alpha op(A) op(B) + beta C, with op(A) m x k and op(B) k x n. The first computes on the
 * calling thread; the second cuts C into tiles, by shape alone, for the context's threads. A tile's
 * bits do not depend on the thread, and with beta 0 or 1 a row's bits do not depend on the rows
 * computed with it. beta 0 overwrites C, whatever it holds. */
void diffmm__gemm_serial(size_t m, size_t n, size_t k, float alpha, struct diffmm__matrix a,
                         struct diffmm__matrix b, float beta, float *c, size_t c_stride);
void diffmm__gemm(const diffmm_context *context, size_t m, size_t n, size_t k, float alpha,
                  struct diffmm__matrix a, struct diffmm__matrix b, float beta, float *c,
                  size_t c_stride);

/* Into how many pieces the following cut a sum of k terms. */
size_t diffmm__gemm_pieces(size_t k);

/* C = op(A) op(B), rows without gaps, for a small C and a long sum: k is cut into
 * diffmm__gemm_pieces(k) pieces, added in order; `scratch` has m x n floats for each. */
void diffmm__gemm_deep(const diffmm_context *context, size_t m, size_t n, size_t k,
                       struct diffmm__matrix a, struct diffmm__matrix b, float *c, float *scratch);

/* C = A^T B (n x n, rows without gaps) for A and B of k x n whose product is symmetric: one
 * triangle is computed, the other mirrored. The sum over k is cut into diffmm__gemm_pieces(k)
 * pieces, added in order; `scratch` has n x n floats for each piece. */
void diffmm__gram(const diffmm_context *context, size_t n, size_t k, const float *a, const float *b,
                  float *c, float *scratch);

/* Start BLIS up and let it allocate now what as many products at once as there are threads (64 at
 * most) need, unless it has that already, since it ends the process where its malloc fails later.
 * DIFFMM_ERROR_NO_MEMORY where malloc has no room for that. */
diffmm_status diffmm__gemm_prepare(size_t threads);

/* BLIS's version and the kernel family it chose; static text. */
const char *diffmm__gemm_version(void);
const char *diffmm__gemm_architecture(void);

#endif
