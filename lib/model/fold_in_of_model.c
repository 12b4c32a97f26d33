/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/fold_in_of_model.h"

#include <string.h>

#include "graph/propagate.h"
#include "model/modality_weights.h"
#include "model/workspace.h"

/* Layers above the first are not kept by the forward pass: H_l = V + A H_(l-1), for all nodes. */
static diffmm_status propagate(const diffmm_model *model, struct diffmm__fold_in_state *a)
{
    const float *v = model->workspace->v;
    size_t users = model->users * model->d, items = model->items * model->d;
    if (a->layers > 0)
        a->propagated[0] = v + users;
    if (a->layers < 2)
        return DIFFMM_OK;
    struct diffmm__arena scratch = diffmm__arena_on(model->context);
    float *h = diffmm__arena_take(&scratch, users + items, sizeof *h);
    float *next = diffmm__arena_take(&scratch, users + items, sizeof *next);
    if (h)
        memcpy(h, v, (users + items) * sizeof *h);
    for (size_t l = 1; l < a->layers && !scratch.failed && !a->arena.failed; l++) {
        diffmm__graph_multiply(model->adjacency, false, model->d, 1.0f, h, v, next);
        a->propagated[l] = diffmm__fold_in_state_keep(a, items, next + users);
        float *last = h;
        h = next;
        next = last;
    }
    bool failed = scratch.failed || a->arena.failed;
    diffmm__arena_end(&scratch);
    return failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

/* The mean is over users with training items: the rows of the others were never trained. */
static void average(const diffmm_model *model, float *mean)
{
    const int64_t *pointers = model->catalog->train.pointers;
    const float *embedding = diffmm__user_embedding(model)->values;
    size_t d = model->d, count = 0;
    for (size_t u = 0; u < model->users; u++)
        count += pointers[u + 1] > pointers[u];
    for (size_t j = 0; j < d && count > 0; j++) {
        double sum = 0.0;
        for (size_t u = 0; u < model->users; u++)
            if (pointers[u + 1] > pointers[u])
                sum += (double)embedding[u * d + j];
        mean[j] = (float)(sum / (double)count);
    }
}

diffmm_status diffmm__fold_in_of_model(const diffmm_model *model,
                                       struct diffmm__fold_in_state **out)
{
    const struct diffmm__fold_in_state *loaded = model->fold_in;
    size_t layers = loaded ? loaded->layers : model->settings.layers;
    struct diffmm__fold_in_state *a;
    if (!loaded && !model->workspace) {
        *out = NULL;
        return DIFFMM_OK;
    }
    diffmm_status status =
        diffmm__fold_in_state_create(model->context, model->modality_count, layers, model->d, &a);
    if (status)
        return status;
    a->ris_lambda = (float)model->settings.ris_lambda;
    a->users = diffmm__user_embedding(model)->values;
    a->items = diffmm__item_embedding(model)->values;
    diffmm__modality_weights(model, a->weights);
    average(model, a->mean);
    for (size_t m = 0; m < model->modality_count; m++) {
        memcpy(a->names[m], model->modalities[m].name, sizeof *a->names);
        a->content[m] = loaded ? loaded->content[m] : model->workspace->modality[m].normalized;
    }
    for (size_t l = 0; loaded && l < layers; l++)
        a->propagated[l] = loaded->propagated[l];
    if (!loaded)
        status = propagate(model, a);
    if (!status && model->blend)
        status = diffmm__blend_state_of_model(model, &a->blend);
    else if (!status && loaded && loaded->blend)
        status = diffmm__blend_state_extend(model->context, loaded->blend, 0, &a->blend);
    if (status) {
        diffmm__fold_in_state_destroy(a);
        return status;
    }
    *out = a;
    return DIFFMM_OK;
}
