/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/model_share.h"

#include "graph/graph.h"

struct diffmm__share diffmm__model_share_alone(const diffmm_model *model)
{
    return diffmm__share_alone(model->users, model->items, model->d);
}

/* Entries of the users before `user` in all graphs, and one for each user. */
static size_t work_before(const diffmm_model *model, size_t user)
{
    size_t entries = user + (size_t)model->adjacency->rows.pointers[user];
    for (size_t m = 0; m < model->modality_count; m++)
        entries += (size_t)model->modalities[m].graph->rows.pointers[user];
    return entries;
}

/* The first user before whom there is so much work. */
static size_t user_after(const diffmm_model *model, size_t work)
{
    size_t low = 0, high = model->users;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (work_before(model, middle) < work)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct diffmm__share diffmm__model_share_among(const diffmm_model *model,
                                               const struct diffmm__peers *peers)
{
    struct diffmm__share share = diffmm__model_share_alone(model);
    if (peers->size == 1)
        return share;
    size_t *firsts = peers->firsts[0], all = work_before(model, share.users);
    for (size_t rank = 0; rank <= peers->size; rank++)
        firsts[rank] = user_after(model, diffmm__peers_first(peers, all, rank));
    share.peers = *peers;
    share.user = (struct diffmm__part){firsts[peers->rank], firsts[peers->rank + 1]};
    return share;
}

struct diffmm__share diffmm__model_share_batches(const diffmm_model *model,
                                                 const struct diffmm__peers *peers)
{
    return model->settings.peers_batches ? diffmm__model_share_among(model, peers)
                                         : diffmm__model_share_alone(model);
}

struct diffmm__part diffmm__model_share_parameter(const diffmm_model *model,
                                                  const struct diffmm__share *share,
                                                  const struct diffmm__parameter *parameter)
{
    return parameter == diffmm__user_embedding(model) ? share->user
                                                      : (struct diffmm__part){0, parameter->rows};
}
