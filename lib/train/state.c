/* SPDX-License-Identifier: BSD-2-Clause */
/* The arrays of a training's state. */
#include "train/state.h"

#include <stdio.h>

#include "base/status.h"
#include "model/workspace.h"

static void add(struct diffmm__state *state, const char *prefix, const char *name, size_t rows,
                size_t columns, float *values, bool squares)
{
    struct diffmm__state_array *array = &state->arrays[state->count++];
    *array = (struct diffmm__state_array){
        .rows = rows, .columns = columns, .values = values, .squares = squares};
    snprintf(array->name, sizeof array->name, "%s%s", prefix, name);
}

static void add_with_moments(struct diffmm__state *state, const char *name, size_t rows,
                             size_t columns, float *values, float *first, float *second)
{
    add(state, "", name, rows, columns, values, false);
    add(state, "adam.first.", name, rows, columns, first, false);
    add(state, "adam.second.", name, rows, columns, second, true);
}

static diffmm_status add_denoiser(struct diffmm__state *state, const diffmm_model *model, size_t m)
{
    const struct diffmm__denoiser *denoiser = &model->modalities[m].denoiser;
    size_t each = 2 + 4 * model->denoiser_shape.hidden_count;
    for (size_t n = 0; n < each; n++) {
        char tensor[64];
        size_t rows, columns, offset;
        diffmm_status status =
            diffmm_denoiser_parameter(&model->denoiser_shape, n, tensor, &rows, &columns, &offset);
        if (status)
            return status;
        add_with_moments(state, model->denoiser_names[m * each + n], rows, columns,
                         denoiser->values + offset, denoiser->first_moment + offset,
                         denoiser->second_moment + offset);
    }
    return DIFFMM_OK;
}

/* What the last forward pass left for serving (model/attachment.h): V, and each modality's Xn_m. */
static void add_served(struct diffmm__state *state, const diffmm_model *model, const char *prefix,
                       float *place)
{
    const struct diffmm__workspace *w = model->workspace;
    char name[96];
    for (size_t m = 0; m < model->modality_count; m++) {
        snprintf(name, sizeof name, "content.%s", model->modalities[m].name);
        add(state, prefix, name, model->items, model->d, place ? place : w->modality[m].normalized,
            false);
        place = place ? place + model->items * model->d : NULL;
    }
    add(state, prefix, "aggregated", model->users + model->items, model->d, place ? place : w->v,
        false);
}

/* In the order in which train/best.c lays them out. */
static void add_best(struct diffmm__state *state, const diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    float *place = trainer->best.values;
    for (size_t p = 0; p < model->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        add(state, "best.", parameter->name, parameter->rows, parameter->columns, place, false);
        place += parameter->rows * parameter->columns;
    }
    add(state, "best.", "final.user", model->users, model->d, place, false);
    place += model->users * model->d;
    add(state, "best.", "final.item", model->items, model->d, place, false);
    add_served(state, model, "best.", place + model->items * model->d);
}

diffmm_status diffmm__state_list(const diffmm_trainer *trainer, bool with_best,
                                 struct diffmm__state *out)
{
    const diffmm_model *model = trainer->model;
    size_t most = 3 * diffmm_model_parameters(model) + model->parameter_count + 4 +
                  2 * (model->modality_count + 1);
    struct diffmm__state state = {
        .arrays = diffmm__allocate(trainer->context, most, sizeof *state.arrays)};
    diffmm_status status = state.arrays ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
    if (status)
        return status;
    for (size_t p = 0; p < model->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        add_with_moments(&state, parameter->name, parameter->rows, parameter->columns,
                         parameter->values, parameter->first_moment, parameter->second_moment);
    }
    for (size_t m = 0; model->denoiser_names && m < model->modality_count && !status; m++)
        status = add_denoiser(&state, model, m);
    add(&state, "", "final.user", model->users, model->d, model->final, false);
    add(&state, "", "final.item", model->items, model->d, model->final + model->users * model->d,
        false);
    add_served(&state, model, "", NULL);
    if (with_best)
        add_best(&state, trainer);
    if (status)
        diffmm__state_end(trainer, &state);
    else
        *out = state;
    return status;
}

void diffmm__state_end(const diffmm_trainer *trainer, struct diffmm__state *state)
{
    diffmm__release(trainer->context, state->arrays);
}

void diffmm__state_graph_name(const diffmm_trainer *trainer, size_t m, const char *graph,
                              const char *part, char name[192])
{
    snprintf(name, 192, "%s.%s.%s", graph, trainer->model->modalities[m].name, part);
}
