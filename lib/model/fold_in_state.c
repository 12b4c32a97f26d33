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

diffmm_status diffmm__fold_in_state_copy(const diffmm_context *context,
                                         const struct diffmm__fold_in_state *from, size_t users,
                                         size_t items, size_t d, struct diffmm__fold_in_state **out)
{
    struct diffmm__fold_in_state *copy;
    diffmm_status status =
        diffmm__fold_in_state_create(context, from->modality_count, from->layers, d, &copy);
    if (status)
        return status;
    size_t count = from->modality_count;
    copy->ris_lambda = from->ris_lambda;
    memcpy(copy->names, from->names, count * sizeof *copy->names);
    memcpy(copy->weights, from->weights, count * sizeof *copy->weights);
    memcpy(copy->mean, from->mean, d * sizeof *copy->mean);
    copy->users = diffmm__fold_in_state_keep(copy, users * d, from->users);
    copy->items = diffmm__fold_in_state_keep(copy, items * d, from->items);
    for (size_t m = 0; m < count; m++)
        copy->content[m] = diffmm__fold_in_state_keep(copy, items * d, from->content[m]);
    for (size_t l = 0; l < from->layers; l++)
        copy->propagated[l] = diffmm__fold_in_state_keep(copy, items * d, from->propagated[l]);
    if (copy->arena.failed) {
        diffmm__fold_in_state_destroy(copy);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = copy;
    return DIFFMM_OK;
}
