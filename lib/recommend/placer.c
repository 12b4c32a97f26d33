/* SPDX-License-Identifier: BSD-2-Clause */
/* The placer's life, and placing items. */
#include "recommend/placer.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/numbers.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "linalg/kernels.h"

static void end_placer(void *object)
{
    diffmm_placer *placer = object;
    diffmm_context *context = placer->context;
    diffmm__arena_end(&placer->arena);
    diffmm__release(context, placer);
    diffmm__context_release(context);
}

diffmm_status diffmm__placer_allocate(diffmm_context *context, size_t d, size_t modality_count,
                                      const struct diffmm__placer_modality *modalities,
                                      diffmm_placer **out)
{
    diffmm_placer *placer = diffmm__allocate_zero(context, 1, sizeof *placer);
    if (!placer)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__handle_begin(placer, end_placer);
    placer->context = diffmm__context_retain(context);
    placer->arena = diffmm__arena_on(context);
    placer->d = d;
    placer->modality_count = modality_count;
    placer->mean = diffmm__arena_take(&placer->arena, d, sizeof(float));
    placer->scale = diffmm__arena_take(&placer->arena, (size_t)1 << modality_count, sizeof(float));
    for (size_t m = 0; m < modality_count; m++) {
        struct diffmm__placer_modality *modality = &placer->modalities[m];
        *modality = modalities[m];
        modality->mean = diffmm__arena_take(&placer->arena, modality->dimensions, sizeof(float));
        modality->map = diffmm__arena_take(&placer->arena, modality->dimensions, d * sizeof(float));
    }
    if (placer->arena.failed) {
        diffmm_placer_destroy(placer);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = placer;
    return DIFFMM_OK;
}

/* The largest magnitude of `count` floats. */
static double largest(size_t count, const float *x)
{
    float most = 0.0f;
    for (size_t i = 0; i < count; i++)
        most = fmaxf(most, fabsf(x[i]));
    return (double)most;
}

void diffmm__placer_measure(diffmm_placer *placer)
{
    for (size_t m = 0; m < placer->modality_count; m++) {
        struct diffmm__placer_modality *modality = &placer->modalities[m];
        modality->map_most = largest(modality->dimensions * placer->d, modality->map);
    }
}

void diffmm_placer_destroy(diffmm_placer *placer)
{
    diffmm__handle_release(placer);
}

size_t diffmm_placer_dimensions(const diffmm_placer *placer)
{
    return placer ? placer->d : 0;
}

size_t diffmm_placer_modalities(const diffmm_placer *placer)
{
    return placer ? placer->modality_count : 0;
}

const char *diffmm_placer_modality_name(const diffmm_placer *placer, size_t index)
{
    return index < diffmm_placer_modalities(placer) ? placer->modalities[index].name : NULL;
}

size_t diffmm_placer_modality_dimensions(const diffmm_placer *placer, size_t index)
{
    return index < diffmm_placer_modalities(placer) ? placer->modalities[index].dimensions : 0;
}

/* What a call of diffmm_place_items() is about. */
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
        const struct diffmm__placer_modality *modality = &placer->modalities[i % modalities];
        size_t bad = features[i] ? diffmm__first_not_finite(modality->dimensions, features[i])
                                 : modality->dimensions;
        if (bad < modality->dimensions)
            return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                                "modality '%s': feature %zu of item %zu is not finite",
                                modality->name, bad, i / modalities);
    }
    return DIFFMM_OK;
}

/* No number that place() computes on its way is larger than this. */
static double bound_of(const diffmm_placer *placer, const float *const *features, double scale)
{
    double bound = 0.0;
    for (size_t m = 0; m < placer->modality_count; m++) {
        const struct diffmm__placer_modality *modality = &placer->modalities[m];
        size_t dimensions = modality->dimensions;
        if (features[m])
            bound += (double)dimensions * fmax(modality->map_most, 1.0) *
                     (largest(dimensions, features[m]) + largest(dimensions, modality->mean));
    }
    return fmax(bound, bound * scale) + largest(placer->d, placer->mean);
}

static double sum_of(const diffmm_placer *placer, const float *const *features, size_t column)
{
    double sum = 0.0;
    for (size_t m = 0; m < placer->modality_count; m++) {
        const struct diffmm__placer_modality *modality = &placer->modalities[m];
        for (size_t f = 0; features[m] && f < modality->dimensions; f++)
            sum += ((double)features[m][f] - (double)modality->mean[f]) *
                   (double)modality->map[f * placer->d + column];
    }
    return sum;
}

/* mean + boost scale[S] sum over m in S of (features - mean_m) map_m. */
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
        const struct diffmm__placer_modality *modality = &placer->modalities[m];
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
