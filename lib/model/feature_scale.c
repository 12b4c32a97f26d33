/* SPDX-License-Identifier: BSD-2-Clause */
/* Standardised: z_ik = (x_ik - mean_k) / deviation_k, where mean and deviation (of the population)
 * are those of the rows that are not all zero. Normalised: z_i / |z_i|. Sums are doubles. */
#include "model/feature_scale.h"

#include <math.h>

bool diffmm__feature_scale_changes(const struct diffmm__feature_settings *settings)
{
    return settings->standardize || settings->normalize;
}

static bool is_zero(size_t columns, const float *row)
{
    for (size_t k = 0; k < columns; k++)
        if (row[k] != 0.0f)
            return false;
    return true;
}

/* Mean and deviation of each column. */
static void measure(size_t rows, size_t columns, const float *x, double *mean, double *deviation)
{
    double count = 0.0;
    for (size_t k = 0; k < columns; k++)
        mean[k] = deviation[k] = 0.0;
    for (size_t i = 0; i < rows; i++) {
        const float *row = x + i * columns;
        if (is_zero(columns, row))
            continue;
        count += 1.0;
        for (size_t k = 0; k < columns; k++)
            mean[k] += (double)row[k];
    }
    for (size_t k = 0; k < columns && count > 0.0; k++)
        mean[k] /= count;
    for (size_t i = 0; i < rows; i++) {
        const float *row = x + i * columns;
        if (is_zero(columns, row))
            continue;
        for (size_t k = 0; k < columns; k++)
            deviation[k] += ((double)row[k] - mean[k]) * ((double)row[k] - mean[k]);
    }
    for (size_t k = 0; k < columns && count > 0.0; k++)
        deviation[k] = sqrt(deviation[k] / count);
}

/* What is left of equal values by rounding of their mean is no deviation. */
static bool varies(double mean, double deviation)
{
    return deviation > 1e-12 * fabs(mean);
}

static void standardize(size_t rows, size_t columns, const double *mean, const double *deviation,
                        float *x)
{
    for (size_t i = 0; i < rows; i++) {
        float *row = x + i * columns;
        if (is_zero(columns, row))
            continue;
        for (size_t k = 0; k < columns; k++)
            row[k] = varies(mean[k], deviation[k])
                         ? (float)(((double)row[k] - mean[k]) / deviation[k])
                         : 0.0f;
    }
}

static void normalize(size_t rows, size_t columns, float *x)
{
    for (size_t i = 0; i < rows; i++) {
        float *row = x + i * columns;
        double sum = 0.0;
        for (size_t k = 0; k < columns; k++)
            sum += (double)row[k] * (double)row[k];
        double length = sqrt(sum);
        for (size_t k = 0; k < columns && length > 0.0; k++)
            row[k] = (float)((double)row[k] / length);
    }
}

diffmm_status diffmm__feature_scale(const diffmm_context *context,
                                    const struct diffmm__feature_settings *settings, size_t rows,
                                    size_t columns, float *features)
{
    if (settings->standardize) {
        double *mean = diffmm__allocate(context, columns, 2 * sizeof *mean);
        if (!mean)
            return DIFFMM_ERROR_NO_MEMORY;
        measure(rows, columns, features, mean, mean + columns);
        standardize(rows, columns, mean, mean + columns, features);
        diffmm__release(context, mean);
    }
    if (settings->normalize)
        normalize(rows, columns, features);
    return DIFFMM_OK;
}
