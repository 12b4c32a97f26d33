/* SPDX-License-Identifier: BSD-2-Clause */
/* The arrays of a training's state. */
#include "train/checkpoint/state.h"

#include <stdio.h>

#include "base/status.h"

static void add(struct diffmm__state *state, const char *prefix, const char *name,
                struct diffmm__state_array array)
{
    snprintf(array.name, sizeof array.name, "%s%s", prefix, name);
    state->arrays[state->count++] = array;
}

/* An array of values, and those of its moments; `moments` is what the three share but the values. */
static void add_with_moments(struct diffmm__state *state, const char *name, float *values,
                             float *first, float *second, struct diffmm__state_array moments)
{
    struct diffmm__state_array array = moments;
    array.values = values;
    array.of_owner = false;
    add(state, "", name, array);
    array = moments;
    array.values = first;
    add(state, "adam.first.", name, array);
    array.values = second;
    array.squares = true;
    add(state, "adam.second.", name, array);
}

/* The rows of a recommender's parameter, or of what is as large. */
static struct diffmm__state_array of_parameter(const diffmm_model *model,
                                               const struct diffmm__parameter *parameter)
{
    return (struct diffmm__state_array){
        .rows = parameter->rows,
        .columns = parameter->columns,
        .user_rows = parameter == diffmm__user_embedding(model) ? parameter->rows : 0};
}

static struct diffmm__state_array of_kept(const struct diffmm__kept *kept, float *values)
{
    return (struct diffmm__state_array){.rows = kept->rows,
                                        .columns = kept->columns,
                                        .user_rows = kept->user_rows,
                                        .values = values};
}

static void add_denoiser(struct diffmm__state *state, const diffmm_model *model, size_t m)
{
    const diffmm_diffusion *module = model->modalities[m].diffusion;
    size_t each = diffmm_diffusion_parameters(module);
    for (size_t n = 0; n < each; n++) {
        struct diffmm__layer_tensor tensor = diffmm__layers_tensor(&module->layers, n);
        add_with_moments(
            state, model->denoiser_names[m * each + n], module->values + tensor.offset,
            module->first_moment + tensor.offset, module->second_moment + tensor.offset,
            (struct diffmm__state_array){
                .rows = tensor.rows, .columns = tensor.columns, .of_owner = true, .modality = m});
    }
    for (size_t i = 0; i < diffmm__module_constants_count(); i++) {
        struct diffmm__module_constant c = diffmm__module_constant_at(module, i);
        char name[96];
        snprintf(name, sizeof name, "denoiser.%s.%s", model->modalities[m].name, c.name);
        if (c.values)
            add(state, "", name,
                (struct diffmm__state_array){
                    .rows = c.rows, .columns = c.columns, .values = c.values});
    }
}

/* The copy of the recommender that the model does not have: its average, or the raw parameters. */
static void add_averaging(struct diffmm__state *state, const diffmm_trainer *trainer)
{
    const struct diffmm__averaging *averaging = &trainer->recommender.averaging;
    float *place = averaging->values;
    if (diffmm__averaging_is_over(averaging, trainer->model))
        return;
    for (size_t p = 0; p < trainer->model->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &trainer->model->parameters[p];
        struct diffmm__state_array array = of_parameter(trainer->model, parameter);
        array.values = place;
        add(state, averaging->served ? "raw." : "average.", parameter->name, array);
        place += parameter->rows * parameter->columns;
    }
}

static void add_best(struct diffmm__state *state, const diffmm_trainer *trainer)
{
    float *place = trainer->best.values;
    for (size_t i = 0; i < diffmm__kept_count(trainer->model); i++) {
        struct diffmm__kept array = diffmm__kept_at(trainer->model, i);
        add(state, "best.", array.name, of_kept(&array, place));
        place += array.rows * array.columns;
    }
}

diffmm_status diffmm__state_list(const diffmm_trainer *trainer, bool with_best,
                                 struct diffmm__state *out)
{
    const diffmm_model *model = trainer->model;
    size_t most = 4 * diffmm_model_parameters(model) +
                  diffmm__module_constants_count() * model->modality_count +
                  2 * diffmm__kept_count(model);
    struct diffmm__state state = {
        .arrays = diffmm__allocate(trainer->context, most, sizeof *state.arrays)};
    if (!state.arrays)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t p = 0; p < model->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        add_with_moments(&state, parameter->name, parameter->values, parameter->first_moment,
                         parameter->second_moment, of_parameter(model, parameter));
    }
    for (size_t m = 0; model->denoiser_names && m < model->modality_count; m++)
        add_denoiser(&state, model, m);
    for (size_t i = model->parameter_count; i < diffmm__kept_count(model); i++) {
        struct diffmm__kept array = diffmm__kept_at(model, i);
        add(&state, "", array.name, of_kept(&array, array.values));
    }
    add_averaging(&state, trainer);
    if (with_best)
        add_best(&state, trainer);
    *out = state;
    return DIFFMM_OK;
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
