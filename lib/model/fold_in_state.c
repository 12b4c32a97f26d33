/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/fold_in_state.h"

#include <string.h>

diffmm_status diffmm__fold_in_state_create(const diffmm_context *context, size_t modality_count,
                                           size_t layers, size_t d,
                                           struct diffmm__fold_in_state **out)
{
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct diffmm__fold_in_state *state = diffmm__arena_take_zero(&arena, 1, sizeof *state);
    char(*names)[64] = diffmm__arena_take_zero(&arena, modality_count, sizeof *names);
    float *weights = diffmm__arena_take_zero(&arena, modality_count, sizeof *weights);
    float *mean = diffmm__arena_take_zero(&arena, d, sizeof *mean);
    const float **matrices =
        diffmm__arena_take_zero(&arena, modality_count + layers, sizeof *matrices);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *state = (struct diffmm__fold_in_state){.arena = arena,
                                            .modality_count = modality_count,
                                            .layers = layers,
                                            .names = names,
                                            .weights = weights,
                                            .mean = mean,
                                            .content = matrices,
                                            .propagated = matrices + modality_count};
    *out = state;
    return DIFFMM_OK;
}

/* The arena holds the struct itself. */
void diffmm__fold_in_state_destroy(struct diffmm__fold_in_state *state)
{
    if (!state)
        return;
    struct diffmm__arena arena = state->arena;
    diffmm__blend_state_destroy(state->blend);
    diffmm__arena_end(&arena);
}

const float *diffmm__fold_in_state_keep(struct diffmm__fold_in_state *state, size_t count,
                                        const float *from)
{
    float *copy = diffmm__arena_take(&state->arena, count, sizeof *copy);
    if (copy)
        memcpy(copy, from, count * sizeof *copy);
    return copy;
}

/* A matrix of items, then further rows: `factor` times those of V. */
static const float *keep_rows(struct diffmm__fold_in_state *state, size_t old, const float *from,
                              size_t added, float factor, const float *v)
{
    float *copy = diffmm__arena_take(&state->arena, old + added, sizeof *copy);
    if (!copy)
        return NULL;
    memcpy(copy, from, old * sizeof *copy);
    for (size_t i = 0; i < added; i++)
        copy[old + i] = factor * v[i];
    return copy;
}

diffmm_status diffmm__fold_in_state_extend(const diffmm_context *context,
                                           const struct diffmm__fold_in_state *from, size_t items,
                                           size_t d, size_t more, const float *v,
                                           struct diffmm__fold_in_state **out)
{
    struct diffmm__fold_in_state *copy;
    diffmm_status status =
        diffmm__fold_in_state_create(context, from->modality_count, from->layers, d, &copy);
    if (status)
        return status;
    size_t count = from->modality_count, old = items * d, added = more * d;
    copy->ris_lambda = from->ris_lambda;
    memcpy(copy->names, from->names, count * sizeof *copy->names);
    memcpy(copy->weights, from->weights, count * sizeof *copy->weights);
    memcpy(copy->mean, from->mean, d * sizeof *copy->mean);
    for (size_t m = 0; m < count; m++)
        copy->content[m] = keep_rows(copy, old, from->content[m], added, 1.0f, v);
    for (size_t l = 0; l < from->layers; l++)
        copy->propagated[l] = keep_rows(copy, old, from->propagated[l], added, (float)(l + 1), v);
    status = copy->arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status && from->blend)
        status = diffmm__blend_state_extend(context, from->blend, more, &copy->blend);
    if (status) {
        diffmm__fold_in_state_destroy(copy);
        return status;
    }
    *out = copy;
    return DIFFMM_OK;
}

diffmm_status diffmm__fold_in_state_copy(const diffmm_context *context,
                                         const struct diffmm__fold_in_state *from, size_t items,
                                         size_t d, struct diffmm__fold_in_state **out)
{
    return diffmm__fold_in_state_extend(context, from, items, d, 0, NULL, out);
}
