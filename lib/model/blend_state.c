/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/blend_state.h"

#include <string.h>

#include "model/blend.h"

diffmm_status diffmm__blend_state_create(const diffmm_context *context,
                                         const struct diffmm__settings *settings,
                                         size_t modality_count, size_t rank, size_t d, size_t items,
                                         struct diffmm__blend_state **out)
{
    struct diffmm__layers layers;
    diffmm_status status = diffmm__module_layers(rank, settings, &layers);
    if (status)
        return status;
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct diffmm__blend_state *state = diffmm__arena_take_zero(&arena, 1, sizeof *state);
    struct diffmm__blend_modality *modality =
        diffmm__arena_take_zero(&arena, modality_count, sizeof *modality);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *state = (struct diffmm__blend_state){.arena = arena,
                                          .modality_count = modality_count,
                                          .d = d,
                                          .items = items,
                                          .weight = settings->blend,
                                          .seed = settings->seed,
                                          .sampling = diffmm__module_sampling(settings),
                                          .layers = layers,
                                          .modality = modality};
    *out = state;
    return DIFFMM_OK;
}

/* The arena holds the struct itself. */
void diffmm__blend_state_destroy(struct diffmm__blend_state *state)
{
    if (!state)
        return;
    struct diffmm__arena arena = state->arena;
    diffmm_schedule_destroy(state->schedule);
    diffmm__arena_end(&arena);
}

/* Schedules do not change, and may be shared. */
static void share_schedule(diffmm_schedule *schedule, struct diffmm__blend_state *state)
{
    diffmm__handle_retain(schedule);
    state->schedule = schedule;
}

diffmm_status diffmm__blend_state_of_model(const diffmm_model *model,
                                           struct diffmm__blend_state **out)
{
    size_t rank = model->modalities[0].diffusion->basis.rank;
    struct diffmm__blend_state *state;
    diffmm_status status =
        diffmm__blend_state_create(model->context, &model->settings, model->modality_count, rank,
                                   model->d, model->items, &state);
    if (status)
        return status;
    share_schedule(model->modalities[0].diffusion->schedule, state);
    state->covariance = diffmm__blend_covariance(model, model->modality_count);
    for (size_t m = 0; m < model->modality_count; m++) {
        const diffmm_diffusion *module = model->modalities[m].diffusion;
        bool silent = diffmm__layers_silent(&state->layers, module->values);
        state->modality[m] =
            (struct diffmm__blend_modality){.weights = module->weights,
                                            .linear = module->linear,
                                            .parameters = silent ? NULL : module->values,
                                            .covariance = diffmm__blend_covariance(model, m)};
    }
    *out = state;
    return DIFFMM_OK;
}

/* NULL stays NULL. */
static float *keep(struct diffmm__blend_state *state, const float *from, size_t count, size_t more)
{
    float *copy = from ? diffmm__arena_take(&state->arena, count + more, sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, from, count * sizeof *copy);
    return copy;
}

/* w_i of all items, then user_offset. */
static float *keep_weights(struct diffmm__blend_state *state, const float *from, size_t old,
                           size_t more)
{
    float *copy = keep(state, from, old, more + 1), rarest = 0.0f;
    if (!copy)
        return NULL;
    for (size_t i = 0; i < old; i++)
        rarest = from[i] > rarest ? from[i] : rarest;
    for (size_t i = 0; i < more; i++)
        copy[old + i] = rarest;
    copy[old + more] = from[old];
    return copy;
}

diffmm_status diffmm__blend_state_extend(const diffmm_context *context,
                                         const struct diffmm__blend_state *from, size_t more,
                                         struct diffmm__blend_state **out)
{
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct diffmm__blend_state *copy = diffmm__arena_take(&arena, 1, sizeof *copy);
    struct diffmm__blend_modality *modality =
        diffmm__arena_take(&arena, from->modality_count, sizeof *modality);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    size_t rank = from->layers.items, square = rank * rank;
    *copy = *from;
    copy->arena = arena;
    copy->items = from->items + more;
    copy->modality = modality;
    share_schedule(from->schedule, copy);
    copy->covariance = keep(copy, from->covariance, from->d * from->d, 0);
    for (size_t m = 0; m < from->modality_count; m++) {
        const struct diffmm__blend_modality *old = &from->modality[m];
        modality[m] = (struct diffmm__blend_modality){
            .weights = keep_weights(copy, old->weights, from->items, more),
            .linear = keep(copy, old->linear, square, 0),
            .parameters = keep(copy, old->parameters, from->layers.size, 0),
            .covariance = keep(copy, old->covariance, square, 0)};
    }
    if (copy->arena.failed) {
        diffmm__blend_state_destroy(copy);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = copy;
    return DIFFMM_OK;
}
