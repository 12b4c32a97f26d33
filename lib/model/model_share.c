/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/model_share.h"

struct diffmm__share diffmm__model_share_alone(const diffmm_model *model)
{
    return diffmm__share_alone(model->users, model->items, model->d);
}

/* Entries of the users before `user` in all graphs: one of each user's own, the observed items, and the
 * generated ones, about as many for each user. */
static size_t work_before(const struct diffmm__users_work *work, size_t user)
{
    return (1 + work->generated) * user + work->observed * (size_t)work->train->pointers[user];
}

size_t diffmm__model_share_first(const struct diffmm__users_work *work, size_t size, size_t rank)
{
    const struct diffmm__peers peers = {.size = size};
    size_t low = 0, high = work->train->rows,
           before = diffmm__peers_first(&peers, work_before(work, high), rank);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (work_before(work, middle) < before)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct diffmm__users_work diffmm__model_share_work(const struct diffmm__csr *train,
                                                   const struct diffmm__settings *settings,
                                                   size_t modalities)
{
    bool generates = settings->diffusion_enabled;
    return (struct diffmm__users_work){.train = train,
                                       .observed = generates ? 1 : 1 + modalities,
                                       .generated =
                                           generates ? modalities * settings->rebuild_k : 0};
}

struct diffmm__share diffmm__model_share_among(const diffmm_model *model,
                                               const struct diffmm__peers *peers)
{
    struct diffmm__share share = diffmm__model_share_alone(model);
    if (peers->size == 1)
        return share;
    const struct diffmm__users_work work =
        diffmm__model_share_work(&model->catalog->train, &model->settings, model->modality_count);
    size_t *firsts = peers->firsts[0];
    for (size_t rank = 0; rank <= peers->size; rank++)
        firsts[rank] = diffmm__model_share_first(&work, peers->size, rank);
    share.peers = *peers;
    share.user = (struct diffmm__part){firsts[peers->rank], firsts[peers->rank + 1]};
    return share;
}

struct diffmm__share diffmm__model_share_batches(const diffmm_model *model,
                                                 const struct diffmm__peers *peers)
{
    return model->settings.peers_batches || model->divided ? diffmm__model_share_among(model, peers)
                                                           : diffmm__model_share_alone(model);
}

struct diffmm__part diffmm__model_share_parameter(const diffmm_model *model,
                                                  const struct diffmm__share *share,
                                                  const struct diffmm__parameter *parameter)
{
    return parameter == diffmm__user_embedding(model) ? share->user
                                                      : (struct diffmm__part){0, parameter->rows};
}
