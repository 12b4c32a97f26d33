/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's matrix rate: what the library's times are held against. */
#ifndef DIFFMM_BENCH_SGEMM_RATE_H
#define DIFFMM_BENCH_SGEMM_RATE_H

#include "linalg/matrix.h"
#include "samples.h"

/* C = op(A) op(B): op(A) is m x k, op(B) k x n. */
struct sgemm_shape {
    size_t m, k, n;
    bool a_transposed, b_transposed;
};

/* Multiplies on the calling thread; C has n columns. */
typedef void sgemm_way(struct sgemm_shape shape, struct diffmm__matrix a, struct diffmm__matrix b,
                       float *c);

/* As the library does (linalg/gemm.h). */
sgemm_way sgemm_library;

/* Multiply on so many threads, which share the rows of C, `runs` times after one that does not count; each run adds its
 * GFLOP/s to `rates`. */
void sgemm_rate_of(sgemm_way *way, struct sgemm_shape shape, size_t threads, size_t runs,
                   struct samples *rates);

/* The rate of the library for plain operands. */
void sgemm_rate(size_t m, size_t k, size_t n, size_t threads, size_t runs, struct samples *rates);

#endif
