/* SPDX-License-Identifier: BSD-2-Clause */
/* The model of a training, written by one of its peers. */
#include <diffmm/peers.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "files/model_save.h"
#include "model/fold_in_of_model.h"
#include "model/model_share.h"
#include "train/together.h"

static const char kind[] = "a model";

struct writing {
    const diffmm_model *model;
    const struct diffmm__fold_in_state *state;
    const char *path;
};

static diffmm_status write_divided(void *argument, const struct diffmm__byte_source *divided)
{
    const struct writing *writing = argument;
    return diffmm__model_save_embedded(writing->model, writing->state, divided,
                                       &(struct diffmm__target){.path = writing->path});
}

static diffmm_status write_whole(void *argument, const struct diffmm__byte_source *divided)
{
    const struct writing *writing = argument;
    (void)divided;
    return diffmm_model_save(writing->model, writing->path);
}

/* Embeddings are not computed anew where some rows are elsewhere; each looks at what it sends. */
static diffmm_status check_divided(const diffmm_model *model)
{
    if (model->stale || (model->served && !model->blended))
        return diffmm__fail(
            DIFFMM_ERROR_STATE,
            "model: its embeddings are not those of its parameters; train an epoch, "
            "or go back to the best one");
    const struct diffmm__part own = model->own_users;
    size_t users = own.end - own.first;
    const float *embeddings = diffmm__user_embedding(model)->values + own.first * model->d,
                *served = diffmm__served_users(model) + own.first * model->width;
    if (!diffmm__all_finite(users * model->d, embeddings) ||
        !diffmm__all_finite(users * model->width, served))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "model: the embeddings hold NaN or infinity");
    return DIFFMM_OK;
}

/* The fold-in state is of all users: the peers make it together. */
static diffmm_status save_divided(diffmm_trainer *trainer, size_t rank, const char *path,
                                  diffmm_status ready)
{
    const diffmm_model *model = trainer->model;
    if (!ready)
        ready = check_divided(model);
    diffmm_status status = diffmm__together_begin(trainer, kind, rank, ready);
    if (status)
        return status;
    const struct diffmm__share share = diffmm__model_share_among(model, &trainer->peers);
    const struct diffmm__part_array arrays[] = {{.data = diffmm__user_embedding(model)->values,
                                                 .units = model->users,
                                                 .unit = model->d * sizeof(float),
                                                 .firsts = share.peers.firsts[0]},
                                                {.data = diffmm__served_users(model),
                                                 .units = model->users,
                                                 .unit = model->width * sizeof(float),
                                                 .firsts = share.peers.firsts[0]}};
    struct diffmm__fold_in_state *state;
    status = diffmm__fold_in_of_model_shared(model, &share, &state);
    if (status)
        return diffmm__together_failed(trainer, kind, status);
    struct writing writing = {.model = model, .state = state, .path = path};
    const struct diffmm__together file = {.kind = kind,
                                          .writer = rank,
                                          .count = sizeof arrays / sizeof *arrays,
                                          .arrays = arrays,
                                          .write = write_divided,
                                          .argument = &writing};
    status = diffmm__together_write(trainer, &file, DIFFMM_OK);
    diffmm__fold_in_state_destroy(state);
    return status;
}

static diffmm_status save_whole(diffmm_trainer *trainer, size_t rank, const char *path,
                                diffmm_status ready)
{
    struct writing writing = {.model = trainer->model, .path = path};
    return diffmm__together_write(
        trainer,
        &(struct diffmm__together){
            .kind = kind, .writer = rank, .write = write_whole, .argument = &writing},
        ready);
}

diffmm_status diffmm_trainer_save_at(diffmm_trainer *trainer, size_t rank, const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(trainer);
    diffmm_status status = diffmm__together_check(trainer, "models");
    if (status)
        return status;
    DIFFMM__CALL model_call = diffmm__call_reads(trainer->model);
    status = diffmm__together_ready(trainer, rank, path);
    return trainer->model->divided ? save_divided(trainer, rank, path, status)
                                   : save_whole(trainer, rank, path, status);
}
