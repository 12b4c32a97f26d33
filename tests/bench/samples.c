/* SPDX-License-Identifier: BSD-2-Clause */
#include "samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

void samples_add(struct samples *samples, double value)
{
    if (samples->count == samples->capacity) {
        size_t capacity = samples->capacity ? 2 * samples->capacity : 64;
        double *grown = realloc(samples->values, capacity * sizeof *grown);
        if (!grown)
            bench_fail("no memory for %zu measurements", capacity);
        samples->values = grown;
        samples->capacity = capacity;
    }
    samples->values[samples->count++] = value;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double *sorted(const struct samples *samples)
{
    double *copy = bench_take(samples->count, sizeof *copy);
    memcpy(copy, samples->values, samples->count * sizeof *copy);
    qsort(copy, samples->count, sizeof *copy, ascending);
    return copy;
}

double samples_percentile(const struct samples *samples, double share)
{
    if (samples->count == 0)
        return 0.0;
    double *values = sorted(samples);
    size_t rank = (size_t)ceil(share * (double)samples->count);
    double value = values[rank > 0 ? rank - 1 : 0];
    free(values);
    return value;
}

double samples_median(const struct samples *samples)
{
    if (samples->count == 0)
        return 0.0;
    double *values = sorted(samples);
    size_t count = samples->count;
    double median = 0.5 * (values[(count - 1) / 2] + values[count / 2]);
    free(values);
    return median;
}

void samples_end(struct samples *samples)
{
    free(samples->values);
    *samples = (struct samples){0};
}
