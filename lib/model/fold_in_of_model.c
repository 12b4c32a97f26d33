/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/fold_in_of_model.h"

#include <string.h>

#include "graph/multiply.h"
#include "model/modality_weights.h"
#include "model/model_share.h"
#include "model/workspace.h"

/* Layers above the first are not kept by the forward pass: H_l = V + A H_(l-1), for all nodes. */
static diffmm_status propagate(const diffmm_model *model, const struct diffmm__share *share,
                               struct diffmm__fold_in_state *a)
{
    const float *v = model->workspace->v;
    size_t users = model->users * model->d, items = model->items * model->d;
    if (a->layers > 0)
        a->propagated[0] = v + users;
    if (a->layers < 2)
        return DIFFMM_OK;
    struct diffmm__arena scratch = diffmm__arena_on(model->context);
    float *h = diffmm__arena_take_zero(&scratch, users + items, sizeof *h);
    float *next = diffmm__arena_take_zero(&scratch, users + items, sizeof *next);
    diffmm_status status = h && next ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        diffmm__share_copy(share, model->context, v, h);
    for (size_t l = 1; l < a->layers && !status && !a->arena.failed; l++) {
        status = diffmm__graph_multiply_shared(share, model->adjacency, false, 1.0f, h, v, next);
        a->propagated[l] = diffmm__fold_in_state_keep(a, items, next + users);
        float *last = h;
        h = next;
        next = last;
    }
    diffmm__arena_end(&scratch);
    return a->arena.failed ? DIFFMM_ERROR_NO_MEMORY : status;
}

/* Adds the rows of a peer's users with training items: those of the others were never trained. */
static void add_users(const diffmm_model *model, struct diffmm__part users, double *sums)
{
    const int64_t *pointers = model->catalog->train.pointers;
    const float *embedding = diffmm__user_embedding(model)->values;
    size_t d = model->d;
    for (size_t u = users.first; u < users.end; u++)
        for (size_t j = 0; j < d && pointers[u + 1] > pointers[u]; j++)
            sums[j] += (double)embedding[u * d + j];
}

/* Sums of all users in their order: each peer goes on where the one before it has ended. */
static diffmm_status sum_users(const diffmm_model *model, const struct diffmm__share *share,
                               double *sums)
{
    const struct diffmm__peers *peers = &share->peers;
    size_t bytes = model->d * sizeof *sums, rank = peers->rank, last = peers->size - 1;
    const struct diffmm__message nothing = {.bytes = 0};
    const struct diffmm__message in = {rank > 0 ? rank - 1 : 0, rank > 0 ? bytes : 0, sums},
                                 out = {rank + 1, rank < last ? bytes : 0, sums};
    diffmm_status status = diffmm__peers_exchange(peers, &nothing, &in);
    if (status)
        return status;
    add_users(model, share->user, sums);
    status = diffmm__peers_exchange(peers, &out, &nothing);
    return status ? status : diffmm__peers_broadcast(peers, last, sums, bytes);
}

static diffmm_status average(const diffmm_model *model, const struct diffmm__share *share,
                             float *mean)
{
    const int64_t *pointers = model->catalog->train.pointers;
    size_t count = 0;
    for (size_t u = 0; u < model->users; u++)
        count += pointers[u + 1] > pointers[u];
    double *sums = diffmm__allocate_zero(model->context, model->d, sizeof *sums);
    diffmm_status status = sums ? sum_users(model, share, sums) : DIFFMM_ERROR_NO_MEMORY;
    for (size_t j = 0; j < model->d && count > 0 && !status; j++)
        mean[j] = (float)(sums[j] / (double)count);
    diffmm__release(model->context, sums);
    return status;
}

diffmm_status diffmm__fold_in_of_model(const diffmm_model *model,
                                       struct diffmm__fold_in_state **out)
{
    const struct diffmm__share alone = diffmm__model_share_alone(model);
    return diffmm__fold_in_of_model_shared(model, &alone, out);
}

diffmm_status diffmm__fold_in_of_model_shared(const diffmm_model *model,
                                              const struct diffmm__share *share,
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
    status = average(model, share, a->mean);
    for (size_t m = 0; m < model->modality_count; m++) {
        memcpy(a->names[m], model->modalities[m].name, sizeof *a->names);
        a->content[m] = loaded ? loaded->content[m] : model->workspace->modality[m].normalized;
    }
    for (size_t l = 0; loaded && l < layers; l++)
        a->propagated[l] = loaded->propagated[l];
    if (!status && !loaded)
        status = propagate(model, share, a);
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
