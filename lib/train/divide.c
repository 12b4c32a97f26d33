/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/divide.h"

#include "model/model_share.h"
#include "model/workspace.h"
#include "train/checkpoint/state.h"
#include "train/denoisers.h"

/* The rows before and after those of this peer's users. */
static void forget_users(const diffmm_model *model, float *values, size_t columns)
{
    const struct diffmm__part own = model->own_users;
    size_t bytes = columns * sizeof *values;
    if (!values)
        return;
    diffmm__memory_forget(model->context, values, own.first * bytes);
    diffmm__memory_forget(model->context, values + own.end * columns,
                          (model->users - own.end) * bytes);
}

static void forget_state(const diffmm_model *model, const struct diffmm__state *state, size_t rank,
                         size_t size)
{
    for (size_t i = 0; i < state->count; i++) {
        const struct diffmm__state_array *array = &state->arrays[i];
        size_t count = array->rows * array->columns;
        if (array->user_rows > 0)
            forget_users(model, array->values, array->columns);
        else if (array->of_owner && diffmm__denoisers_owner(size, array->modality) != rank)
            diffmm__memory_forget(model->context, array->values, count * sizeof *array->values);
    }
}

/* What an epoch computes in, where one has been trained without peers before. */
static void forget_workspace(const diffmm_model *model)
{
    const struct diffmm__workspace *w = model->workspace;
    float *const matrices[] = {diffmm__user_embedding(model)->gradient, w->grad_final, w->scratch,
                               w->grad_v};
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++)
        forget_users(model, matrices[i], model->d);
    for (size_t m = 0; m < model->modality_count; m++) {
        forget_users(model, w->views[m], model->d);
        forget_users(model, w->grad_views[m], model->d);
    }
}

diffmm_status diffmm__divide(diffmm_trainer *trainer, size_t rank, size_t size)
{
    diffmm_model *model = trainer->model;
    struct diffmm__state state;
    diffmm_status status = diffmm__state_list(trainer, true, &state);
    if (status)
        return status;
    const struct diffmm__users_work work =
        diffmm__model_share_work(&model->catalog->train, &model->settings, model->modality_count);
    model->divided = true;
    model->own_users = (struct diffmm__part){diffmm__model_share_first(&work, size, rank),
                                             diffmm__model_share_first(&work, size, rank + 1)};
    forget_state(model, &state, rank, size);
    forget_workspace(model);
    diffmm__state_end(trainer, &state);
    return DIFFMM_OK;
}
