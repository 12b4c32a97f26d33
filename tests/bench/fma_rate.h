/* SPDX-License-Identifier: BSD-2-Clause */
/* How many GFLOP/s the processor's fused multiply-adds come to, from registers alone, on one thread: what no product
 * can exceed. */
#ifndef DIFFMM_BENCH_FMA_RATE_H
#define DIFFMM_BENCH_FMA_RATE_H

#include "samples.h"

/* Each of `runs` adds its rate to `rates`; nothing where the processor has no such instruction that is known here. */
void fma_rate(size_t runs, struct samples *rates);

#endif
