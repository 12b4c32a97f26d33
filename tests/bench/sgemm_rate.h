/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's matrix rate: what the library's times are held against. */
#ifndef DIFFMM_BENCH_SGEMM_RATE_H
#define DIFFMM_BENCH_SGEMM_RATE_H

#include "samples.h"

/* Multiply an m x k by a k x n matrix as the library does, on so many threads, `runs` times after
 * one that does not count; each run adds its GFLOP/s to `rates`. */
void sgemm_rate(size_t m, size_t k, size_t n, size_t threads, size_t runs, struct samples *rates);

#endif
