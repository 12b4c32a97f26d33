/* SPDX-License-Identifier: BSD-2-Clause */
/* Placing new items (cold_start/cold_start.h has the formula). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "cold_start/cold_start.h"
#include "linalg/kernels.h"

/* A call of diffmm_place_items(). */
struct placing {
    const diffmm_placer *placer;
    const float *const *features;
    double boost;
    float *out;
};

static diffmm_status check_features(const diffmm_placer *placer, size_t count,
                                    const float *const *features)
{
    size_t modalities = placer->modality_count;
    for (size_t i = 0; i < count * modalities; i++) {
        const struct diffmm__cold_start_modality *modality = &placer->modalities[i % modalities];
        size_t bad = features[i] ? diffmm__first_not_finite(modality->dimensions, features[i])
                                 : modality->dimensions;
        if (bad < modality->dimensions)
            return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                                "modality '%s': feature %zu of item %zu is not finite",
                                modality->name, bad, i / modalities);
    }
    return DIFFMM_OK;
}

/* An upper bound of the magnitude of all numbers that place() computes. */
static double bound_of(const diffmm_placer *placer, const float *const *features, double scale)
{
    double bound = 0.0;
    for (size_t m = 0; m < placer->modality_count; m++) {
        const struct diffmm__cold_start_modality *modality = &placer->modalities[m];
        size_t dimensions = modality->dimensions;
        if (features[m])
            bound += (double)dimensions * fmax(modality->map_most, 1.0) *
                     (diffmm__cold_start_largest(dimensions, features[m]) +
                      diffmm__cold_start_largest(dimensions, modality->mean));
    }
    return fmax(bound, bound * scale) + diffmm__cold_start_largest(placer->d, placer->mean);
}

static double sum_of(const diffmm_placer *placer, const float *const *features, size_t column)
{
    double sum = 0.0;
    for (size_t m = 0; m < placer->modality_count; m++) {
        const struct diffmm__cold_start_modality *modality = &placer->modalities[m];
        for (size_t f = 0; features[m] && f < modality->dimensions; f++)
            sum += ((double)features[m][f] - (double)modality->mean[f]) *
                   (double)modality->map[f * placer->d + column];
    }
    return sum;
}

static void place(const struct placing *p, size_t item, float *row)
{
    const diffmm_placer *placer = p->placer;
    const float *const *features = p->features + item * placer->modality_count;
    size_t set = 0;
    for (size_t m = 0; m < placer->modality_count; m++)
        set |= (size_t)(features[m] != NULL) << m;
    double factor = p->boost * (double)placer->scale[set];
    if (!isless(bound_of(placer, features, fabs(factor)), 0.5 * (double)FLT_MAX)) {
        for (size_t c = 0; c < placer->d; c++) /* in doubles, which do not overflow */
            row[c] = diffmm__narrow((double)placer->mean[c] + factor * sum_of(placer, features, c));
        return;
    }
    memset(row, 0, placer->d * sizeof *row);
    for (size_t m = 0; m < placer->modality_count; m++) {
        const struct diffmm__cold_start_modality *modality = &placer->modalities[m];
        for (size_t f = 0; features[m] && f < modality->dimensions; f++)
            diffmm__kernels()->add_scaled(placer->d, features[m][f] - modality->mean[f],
                                          modality->map + f * placer->d, row);
    }
    float scale = (float)factor;
    for (size_t c = 0; c < placer->d; c++)
        row[c] = placer->mean[c] + scale * row[c];
}

static void place_range(void *argument, size_t begin, size_t end)
{
    const struct placing *p = argument;
    for (size_t i = begin; i < end; i++)
        place(p, i, p->out + i * p->placer->d);
}

static diffmm_status place_all(struct placing *p, size_t count, float *out)
{
    size_t d = p->placer->d;
    p->out = diffmm__allocate(p->placer->context, count, d * sizeof *p->out);
    if (!p->out)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__parallel_ranges(p->placer->context, count, 16, place_range, p);
    size_t bad = diffmm__first_not_finite(count * d, p->out);
    if (bad == count * d)
        memcpy(out, p->out, count * d * sizeof *out);
    diffmm__release(p->placer->context, p->out);
    return bad == count * d
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_NUMERIC,
                              "item %zu: its features lead to an embedding that is not finite",
                              bad / d);
}

diffmm_status diffmm_place_items(const diffmm_placer *placer, size_t count,
                                 const float *const *features, double boost, float *out)
{
    DIFFMM__CALL call = diffmm__call_reads(placer);
    if (!placer)
        return diffmm__null("placer");
    if (!isgreaterequal(boost, 0.0) || boost > 1e6)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "boost is not a number from 0 to 1e6");
    if (count == 0)
        return DIFFMM_OK;
    if (!features || !out)
        return diffmm__null(!features ? "features" : "out");
    if (count > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "count is %zu, more than %d", count,
                            INT32_MAX);
    diffmm_status status = diffmm__size_check_array("count", count, "d", placer->d, sizeof *out);
    if (!status)
        status = diffmm__size_check_array("count", count, "modalities", placer->modality_count,
                                          sizeof *features);
    if (!status)
        status = check_features(placer, count, features);
    struct placing placing = {.placer = placer, .features = features, .boost = boost};
    return status ? status : place_all(&placing, count, out);
}
