/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast this machine reads memory (or cache, where the array fits there). */
#ifndef DIFFMM_BENCH_MEMORY_RATE_H
#define DIFFMM_BENCH_MEMORY_RATE_H

#include "samples.h"

/* Sum an array of `count` floats on so many threads, `runs` times after one that does not count;
 * each run adds its seconds. */
void memory_read(size_t count, size_t threads, size_t runs, struct samples *seconds);

#endif
