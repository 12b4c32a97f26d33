/* SPDX-License-Identifier: BSD-2-Clause */
/* The seam to BLIS: the only unit that knows it. Who multiplies is said in linalg/gemm.c. */
#ifndef DIFFMM_LINALG_BLIS_H
#define DIFFMM_LINALG_BLIS_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/status.h>

#include "linalg/matrix.h"

/* Whether BLIS has kernels for this processor that are fast, and whose bits of a row do not depend on the rows
 * beside it. Where it does not know the processor, it has its reference kernel, which is slow; its kernel for AArch64
 * rounds differently at the edges of C. */
bool diffmm__blis_knows_processor(void);

/* C = alpha op(A) op(B) + beta C on the calling thread, with op(A) m x k, op(B) k x n and rows of C
 * c_stride floats apart; m and n are at least 1. */
void diffmm__blis_gemm(size_t m, size_t n, size_t k, float alpha, struct diffmm__matrix a,
                       struct diffmm__matrix b, float beta, float *c, size_t c_stride);

/* How many terms of the sum over k BLIS adds up before it adds them to C; and how many it does at the
 * end, if no more are left. */
void diffmm__blis_terms(size_t *at_once, size_t *at_end);

/* The lower triangle of C = A^T B on the calling thread, for A and B of k x n and C of n x n, all
 * without gaps between rows. */
void diffmm__blis_gemmt(size_t n, size_t k, const float *a, const float *b, float *c);

/* Start BLIS up, and let it allocate now the memory that as many products at once as there are
 * threads (64 at most) need, unless it has that already: it would end the process if its malloc
 * failed later. DIFFMM_ERROR_NO_MEMORY where malloc has no room for that. Does nothing where BLIS does not multiply. */
diffmm_status diffmm__blis_prepare(size_t threads);

/* BLIS's version, and the kernel family that it chose; static text. */
const char *diffmm__blis_version(void);
const char *diffmm__blis_architecture(void);

#endif
