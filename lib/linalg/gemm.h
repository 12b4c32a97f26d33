/* SPDX-License-Identifier: BSD-2-Clause */
/* Matrix products on the context's threads. Row-major; strides in elements.
 *
 * Products are cut by their shape alone, never by the number of threads, so that the bits do not
 * depend on the threads either: a large C into tiles; where C is small and the sum over k is long,
 * that sum into chunks ("split-k"), which are added in order. */
#ifndef DIFFMM_LINALG_GEMM_H
#define DIFFMM_LINALG_GEMM_H

#include <stddef.h>

#include <diffmm/context.h>

#include "linalg/matrix.h"

/* C = alpha op(A) op(B) + beta C, with op(A) m x k and op(B) k x n. The first computes on the
 * calling thread; the second cuts C into tiles for the context's threads, and A must have no room. With beta 0 or 1 a row's
 * bits do not depend on the rows computed with it. beta 0 overwrites C, whatever it holds. */
void diffmm__gemm_serial(size_t m, size_t n, size_t k, float alpha, struct diffmm__matrix a,
                         struct diffmm__matrix b, float beta, float *c, size_t c_stride);
void diffmm__gemm(const diffmm_context *context, size_t m, size_t n, size_t k, float alpha,
                  struct diffmm__matrix a, struct diffmm__matrix b, float beta, float *c,
                  size_t c_stride);

/* Floats of the room of a matrix (linalg/matrix.h): 0 where none is needed. */
size_t diffmm__gemm_room(void);

/* The number of chunks into which split-k cuts a sum of k terms. */
size_t diffmm__gemm_chunks(size_t k);

/* C = op(A) op(B) by split-k; rows of C without gaps. `scratch` has m x n floats for each of
 * diffmm__gemm_chunks(k) chunks. */
void diffmm__gemm_split_k(const diffmm_context *context, size_t m, size_t n, size_t k,
                          struct diffmm__matrix a, struct diffmm__matrix b, float *c,
                          float *scratch);

/* The parts of split-k for operands that come block by block: chunk c has the terms from k c / chunks
 * to k (c + 1) / chunks, and its product may be computed as several, the first with beta 0, the
 * others with beta 1. Where each takes so many terms of those that are left, the bits are those of
 * one product. At the most they are diffmm__gemm_most_terms(). */
size_t diffmm__gemm_next_terms(size_t left);
size_t diffmm__gemm_most_terms(void);

/* c = the sum of the chunks of a sum of k terms, each of `size` floats. */
void diffmm__gemm_add_chunks(size_t k, size_t size, const float *scratch, float *c);

/* C = A^T B (n x n, rows without gaps) by split-k, for A and B of k x n whose product is symmetric:
 * the lower triangle is computed, the upper one mirrored. `scratch` has so many floats; more terms never
 * need less. */
size_t diffmm__gemm_symmetric_scratch(size_t n, size_t k);
void diffmm__gemm_symmetric(const diffmm_context *context, size_t n, size_t k, const float *a,
                            const float *b, float *c, float *scratch);

#endif
