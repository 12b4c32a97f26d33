/* SPDX-License-Identifier: BSD-2-Clause */
/* Measurements of one quantity, of which the median (or another percentile) is shown: on a machine
 * that also does other work, the mean says little. */
#ifndef DIFFMM_BENCH_SAMPLES_H
#define DIFFMM_BENCH_SAMPLES_H

#include <stddef.h>

/* Zeroed before the first use. */
struct samples {
    size_t count, capacity;
    double *values;
};

void samples_add(struct samples *samples, double value);

/* The value below which `share` (0 to 1) of the values lie, by nearest rank; 0 if there is none. */
double samples_percentile(const struct samples *samples, double share);

/* Of an even number of values, the mean of the middle two; 0 if there is none. */
double samples_median(const struct samples *samples);

void samples_end(struct samples *samples);

#endif
