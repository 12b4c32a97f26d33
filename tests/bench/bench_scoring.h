/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BENCH_SCORING_H
#define DIFFMM_BENCH_SCORING_H

#include "common.h"

enum { SCORING_COUNT = 20 }; /* items wanted per user */

struct scoring_settings {
    size_t threads, runs, largest; /* threads 0: all CPUs; most items in the table of latencies */
    bool quick;
};

/* The table of one user's top-20: its time against one read of the item matrix. */
void scoring_latency(const struct scoring_settings *settings);

#endif
