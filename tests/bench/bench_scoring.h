/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BENCH_SCORING_H
#define DIFFMM_BENCH_SCORING_H

#include "common.h"

enum {
    SCORING_COUNT = 20,
    SCORING_USERS = 64
}; /* items wanted per user; users of made-up scorers */

struct scoring_settings {
    size_t threads, runs, largest; /* threads 0: all CPUs; most items in the table of latencies */
    bool quick;
};

/* A scorer of so many items and SCORING_USERS users, made up. */
diffmm_scorer *scoring_scorer(diffmm_context *context, size_t items);

/* The table of one user's top-20 with each restriction, of fold-in, similar items, explanations. */
void scoring_options(const struct scoring_settings *settings);

/* The table of one user's top-20 in each way of searching. */
void scoring_search(const struct scoring_settings *settings);

/* The table of one user's top-20: its time against one read of the item matrix. */
void scoring_latency(const struct scoring_settings *settings);

#endif
