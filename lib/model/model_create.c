/* SPDX-License-Identifier: BSD-2-Clause */
/* How a model is put together from a data set and options, and taken apart. */
#include "model/model_create.h"
#include "model/blend.h"

#include <string.h>

#include "base/context.h"
#include "base/status.h"
#include "dataset/modalities.h"
#include "dataset/seal.h"
#include "graph/bipartite.h"
#include "graph/graph.h"
#include "model/feature_scale.h"
#include "model/fold_in_state.h"
#include "model/parameters.h"
#include "model/workspace.h"
#include "module/module.h"
#include "options/options.h"

/* Features as the settings want them: in a copy, unless they are the model's already. */
static diffmm_status scale_features(const diffmm_model *model,
                                    const struct diffmm__feature_settings *settings,
                                    struct diffmm__model_modality *modality)
{
    size_t items = model->items, columns = modality->dimensions;
    if (!diffmm__feature_scale_changes(settings))
        return DIFFMM_OK;
    if (!modality->features_owned) {
        float *copy = diffmm__allocate(model->context, items, columns * sizeof *copy);
        if (!copy)
            return DIFFMM_ERROR_NO_MEMORY;
        for (size_t i = 0; i < items; i++)
            memcpy(copy + i * columns, modality->features + i * modality->stride,
                   columns * sizeof *copy);
        modality->features_owned = copy;
    }
    modality->features = modality->features_owned;
    modality->stride = columns;
    return diffmm__feature_scale(model->context, settings, items, columns,
                                 modality->features_owned);
}

/* The next of the model's modalities, unless it is not to be used. */
static diffmm_status take_modality(diffmm_model *model, size_t of_dataset)
{
    const struct diffmm__modality *source = &model->dataset->modalities[of_dataset];
    struct diffmm__feature_settings settings =
        diffmm__settings_features(model->options, source->name);
    if (!settings.enabled)
        return DIFFMM_OK;
    struct diffmm__model_modality *modality = &model->modalities[model->modality_count++];
    memcpy(modality->name, source->name, sizeof modality->name);
    modality->dimensions = source->dimensions;
    modality->projection = diffmm__settings_projection(model->options, source->name);
    if (diffmm__modality_is_stored(source) && !diffmm__feature_scale_changes(&settings)) {
        modality->stored = source->stored;
        return diffmm__modality_check(source, model->items);
    }
    diffmm_status status =
        diffmm__modalities_features(model->dataset, of_dataset, &modality->features,
                                    &modality->stride, &modality->features_owned);
    return status ? status : scale_features(model, &settings, modality);
}

static diffmm_status take_modalities(diffmm_model *model)
{
    size_t count = model->dataset->modality_count;
    model->modalities = diffmm__allocate_zero(model->context, count, sizeof *model->modalities);
    const char **names = diffmm__allocate(model->context, count, sizeof *names);
    if (!model->modalities || !names) {
        diffmm__release(model->context, names);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    for (size_t m = 0; m < count; m++)
        names[m] = model->dataset->modalities[m].name;
    diffmm_status status = diffmm__settings_check_modalities(model->options, count, names);
    diffmm__release(model->context, names);
    for (size_t m = 0; m < count && !status; m++)
        status = take_modality(model, m);
    return status;
}

/* A_hat, and a graph of self loops for every modality until its own is generated. */
static diffmm_status make_graphs(diffmm_model *model)
{
    diffmm_status status =
        diffmm__bipartite_from_rows(model->context, &model->catalog->train, &model->adjacency);
    int64_t *none = diffmm__allocate_zero(model->context, model->users + 1, sizeof *none);
    if (!none)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_graph *loops = NULL;
    const struct diffmm__csr empty = diffmm__csr_view(model->users, model->items, none, NULL, NULL);
    if (!status)
        status = diffmm__bipartite_from_rows(model->context, &empty, &loops);
    diffmm__release(model->context, none);
    for (size_t m = 0; m < model->modality_count && !status; m++)
        model->modalities[m].graph = diffmm__graph_retain(loops);
    diffmm_graph_destroy(loops);
    return status;
}

static diffmm_status make_denoisers(diffmm_model *model)
{
    for (size_t m = 0; m < model->modality_count; m++) {
        diffmm_status status = diffmm__module_create(model->context, model->items, model->options,
                                                     m, &model->modalities[m].diffusion);
        if (status)
            return status;
    }
    return diffmm__denoiser_names_create(model);
}

static diffmm_status assemble(diffmm_model *model, const diffmm_options *options,
                              bool with_denoisers)
{
    diffmm_status status;
    if ((status = diffmm__options_copy(model->context, options, &model->options)) ||
        (status = diffmm__settings_read(model->options, &model->settings)) ||
        (status =
             diffmm__settings_fit(&model->settings, diffmm__csr_entries(&model->catalog->train))) ||
        (status = diffmm__terms_read(model->options, &model->terms)))
        return status;
    model->d = model->width = model->settings.embedding_size;
    if ((status = take_modalities(model)) || (status = diffmm__parameters_create(model, true)))
        return status;
    diffmm__parameters_initialize(model);
    model->final = diffmm__allocate_zero(model->context, (model->users + model->items) * model->d,
                                         sizeof(float));
    if (!model->final)
        return DIFFMM_ERROR_NO_MEMORY;
    if ((status = make_graphs(model)) || (status = diffmm__workspace_create(model)))
        return status;
    diffmm__model_changed(model); /* there has been no forward pass */
    if (with_denoisers && (status = make_denoisers(model)))
        return status;
    return diffmm__blend_create(model);
}

static void end_model(void *object)
{
    diffmm_model *model = object;
    diffmm_context *context = model->context;
    diffmm__blend_destroy(model);
    diffmm__workspace_destroy(model);
    diffmm__fold_in_state_destroy(model->fold_in);
    diffmm__csr_end(context, &model->seen);
    diffmm__denoiser_names_destroy(model);
    diffmm__parameters_destroy(model);
    for (size_t m = 0; m < model->modality_count; m++) {
        struct diffmm__model_modality *modality = &model->modalities[m];
        diffmm__release(context, modality->features_owned);
        diffmm_graph_destroy(modality->graph);
        diffmm_graph_destroy(modality->observed);
        diffmm_diffusion_destroy(modality->diffusion);
    }
    diffmm__release(context, model->modalities);
    diffmm__release(context, model->final);
    diffmm_graph_destroy(model->adjacency);
    diffmm_options_destroy(model->options);
    diffmm__catalog_release(model->catalog);
    diffmm_dataset_destroy(model->dataset);
    diffmm__release(context, model);
    diffmm__context_release(context);
}

diffmm_model *diffmm__model_allocate(const diffmm_context *context)
{
    diffmm_model *model = diffmm__allocate_zero(context, 1, sizeof *model);
    if (!model)
        return NULL;
    diffmm__handle_begin(model, end_model);
    model->context = diffmm__context_retain(context);
    return model;
}

diffmm_status diffmm__model_create(diffmm_dataset *dataset, const diffmm_options *options,
                                   bool with_denoisers, diffmm_model **out)
{
    diffmm_model *model = diffmm__model_allocate(dataset->context);
    if (!model)
        return DIFFMM_ERROR_NO_MEMORY;
    model->dataset = diffmm__dataset_retain(dataset);
    model->catalog = diffmm__catalog_retain(dataset->catalog);
    model->users = model->catalog->users;
    model->own_users.end = model->users;
    model->items = model->catalog->items;
    diffmm_status status = assemble(model, options, with_denoisers);
    if (status) {
        diffmm_model_destroy(model);
        return status;
    }
    *out = model;
    return DIFFMM_OK;
}

diffmm_status diffmm_model_create(diffmm_dataset *dataset, const diffmm_options *options,
                                  diffmm_model **out)
{
    if (!dataset || !out)
        return diffmm__null(!dataset ? "dataset" : "out");
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    DIFFMM__CALL dataset_call;
    diffmm_status status = diffmm__seal_call(&dataset_call, dataset);
    return status ? status : diffmm__model_create(dataset, options, false, out);
}

void diffmm_model_destroy(diffmm_model *model)
{
    if (model && !model->lent)
        diffmm__handle_release(model);
}
