/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two ways of running the epoch benchmark share. */
#ifndef DIFFMM_BENCH_EPOCH_H
#define DIFFMM_BENCH_EPOCH_H

#include "common.h"
#include "data.h"
#include "epoch_run.h"

struct epoch_settings {
    const struct bench_shape *shape;
    const char *preset;
    size_t modalities, epochs, threads; /* threads 0: all CPUs */
    bool quick;
};

/* The preset; a small denoiser where only a look is wanted. */
diffmm_options *epoch_options(diffmm_context *context, const struct epoch_settings *settings);

/* The machine's rate on a product like the denoiser's: one more measurement or a few. */
void epoch_machine_rate(const struct epoch_settings *settings, size_t threads,
                        struct samples *rates);

/* One thread against all threads, epochs by turns, in one process: the speed-up per phase, and
 * whether both end with the same parameters. */
void epoch_compare_threads(const struct epoch_settings *settings);

#endif
