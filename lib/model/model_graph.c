/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated graphs A_m of a model, as callers set and read them. */
#include "model/model_graph.h"

#include "base/handle.h"
#include "base/status.h"
#include "graph/graph.h"

diffmm_status diffmm__model_graph_modality(const diffmm_model *model, const char *name,
                                           struct diffmm__model_modality **out)
{
    if (!model || !name)
        return diffmm__null(!model ? "model" : "modality");
    diffmm_status status = diffmm__model_check_trainable(model);
    if (status)
        return status;
    *out = diffmm__model_find_modality(model, name);
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
        status = diffmm__model_graph_modality(model, modality, &found);
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
    const struct diffmm__error_text said = diffmm__error_text_keep();
    if (diffmm__model_graph_modality(model, modality, &found) == DIFFMM_OK)
        return found->graph;
    diffmm__error_text_restore(&said);
    return NULL;
}
