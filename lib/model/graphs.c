/* SPDX-License-Identifier: BSD-2-Clause */
/* Forward pass, generated graphs and views, as callers see them. */
#include <string.h>

#include "base/handle.h"
#include "base/status.h"
#include "graph/graph.h"
#include "linalg/vectors.h"
#include "model/embeddings.h"
#include "model/workspace.h"

static diffmm_status find_modality(const diffmm_model *model, const char *name,
                                   struct diffmm__model_modality **out)
{
    if (!model || !name)
        return diffmm__null(!model ? "model" : "modality");
    diffmm_status status = diffmm__model_check_trainable(model);
    if (status)
        return status;
    *out = diffmm__model_modality(model, name);
    return *out ? DIFFMM_OK
                : diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "the model has no modality called '%s'",
                               name);
}

diffmm_status diffmm_model_set_graph(diffmm_model *model, const char *modality,
                                     const diffmm_graph *graph)
{
    struct diffmm__model_modality *found;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    if (!status)
        status = find_modality(model, modality, &found);
    if (status)
        return status;
    if (!graph)
        return diffmm__null("graph");
    if (graph->users != model->users || graph->items != model->items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "the graph has %zu users and %zu items, the model %zu and %zu",
                            graph->users, graph->items, model->users, model->items);
    diffmm_graph *mine = diffmm__graph_retain(graph);
    diffmm_graph *old = found->graph;
    found->graph = mine;
    diffmm__model_changed(model);
    diffmm_graph_destroy(old);
    return DIFFMM_OK;
}

const diffmm_graph *diffmm_model_graph(const diffmm_model *model, const char *modality)
{
    struct diffmm__model_modality *found;
    const struct diffmm__said said = diffmm__said();
    if (find_modality(model, modality, &found) == DIFFMM_OK)
        return found->graph;
    diffmm__say_again(&said);
    return NULL;
}

diffmm_status diffmm_model_forward(diffmm_model *model)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    return status ? status : diffmm__model_forward(model);
}

diffmm_status diffmm__model_forward(diffmm_model *model)
{
    diffmm_status status = diffmm__model_check_trainable(model);
    if (status)
        return status;
    if ((status = diffmm__project(model)))
        return status;
    diffmm__aggregate(model);
    diffmm__model_embedded(model);
    size_t size = (model->users + model->items) * model->d;
    size_t bad = diffmm__first_not_finite(size, model->final);
    if (bad == size)
        return DIFFMM_OK;
    bool of_user = bad < model->users * model->d;
    return diffmm__fail(DIFFMM_ERROR_NUMERIC, "the final embedding of %s %zu is not finite",
                        of_user ? "user" : "item", bad / model->d - (of_user ? 0 : model->users));
}

diffmm_status diffmm_model_view(diffmm_model *model, const char *modality, float *out)
{
    struct diffmm__model_modality *found;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    if (!status)
        status = find_modality(model, modality, &found);
    if (status)
        return status;
    if (!out)
        return diffmm__null("out");
    if ((status = diffmm__project(model)))
        return status;
    diffmm__views(model);
    size_t size = (model->users + model->items) * model->d;
    const float *view = model->workspace->views[found - model->modalities];
    if (diffmm__first_not_finite(size, view) < size)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "the view of modality '%s' is not finite",
                            modality);
    memcpy(out, view, size * sizeof *out);
    return DIFFMM_OK;
}
