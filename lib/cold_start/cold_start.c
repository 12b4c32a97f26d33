/* SPDX-License-Identifier: BSD-2-Clause */
#include "cold_start/cold_start.h"

#include <math.h>

#include "base/context.h"

static void end_placer(void *object)
{
    diffmm_placer *placer = object;
    diffmm_context *context = placer->context;
    diffmm__arena_end(&placer->arena);
    diffmm__release(context, placer);
    diffmm__context_release(context);
}

diffmm_status diffmm__cold_start_create(diffmm_context *context, size_t d, size_t modality_count,
                                        const struct diffmm__cold_start_modality *modalities,
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
        struct diffmm__cold_start_modality *modality = &placer->modalities[m];
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

double diffmm__cold_start_largest(size_t count, const float *x)
{
    float most = 0.0f;
    for (size_t i = 0; i < count; i++)
        most = fmaxf(most, fabsf(x[i]));
    return (double)most;
}

void diffmm__cold_start_complete(diffmm_placer *placer)
{
    for (size_t m = 0; m < placer->modality_count; m++) {
        struct diffmm__cold_start_modality *modality = &placer->modalities[m];
        modality->map_most =
            diffmm__cold_start_largest(modality->dimensions * placer->d, modality->map);
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
