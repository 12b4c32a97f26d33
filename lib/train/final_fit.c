/* SPDX-License-Identifier: BSD-2-Clause */
/* The final fit: a training on everything, for as many epochs as the held-out interactions have
 * chosen. */
#include "base/handle.h"
#include "base/log.h"
#include "base/status.h"
#include "dataset/join_splits.h"
#include "options/options.h"
#include "train/join.h"
#include "train/trainer_create.h"

static diffmm_status check(const diffmm_trainer *trainer)
{
    if (trainer->best.epoch == 0)
        return diffmm__fail(DIFFMM_ERROR_STATE, "no epoch has been trained yet");
    if (trainer->plan.held_pairs == 0)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "nothing is held out: this training was on everything already");
    return DIFFMM_OK;
}

/* The settings of the training, but for as many epochs as the best one's number. */
static diffmm_status choose_options(const diffmm_trainer *trainer, diffmm_options **out)
{
    diffmm_options *options;
    diffmm_status status =
        diffmm__options_copy(trainer->context, trainer->model->options, &options);
    if (status)
        return status;
    status = diffmm_options_set_integer(options, "epochs", (int64_t)trainer->best.epoch);
    if (status) {
        diffmm_options_destroy(options);
        return status;
    }
    *out = options;
    return DIFFMM_OK;
}

/* Of a trainer that has been checked. */
static diffmm_status create(const diffmm_trainer *trainer, diffmm_trainer **out)
{
    diffmm_dataset *joined = NULL;
    diffmm_options *options = NULL;
    diffmm_status status = choose_options(trainer, &options);
    if (!status)
        status = diffmm__join_splits(trainer->dataset, &joined);
    if (!status)
        status = diffmm__trainer_create_whole(joined, options, out);
    if (!status)
        diffmm__log(trainer->context, DIFFMM_LOG_INFO,
                    "final fit: all %zu interactions, %zu epochs",
                    diffmm_dataset_interactions(joined, DIFFMM_TRAIN), trainer->best.epoch);
    if (!status && trainer->inherited)
        diffmm__log(trainer->context, DIFFMM_LOG_WARNING,
                    "final fit: the training went on from another model, but this one begins "
                    "anew; diffmm_model_inherit() gives its trainer's model the same beginning");
    diffmm_dataset_destroy(joined);
    diffmm_options_destroy(options);
    return status;
}

diffmm_status diffmm_trainer_create_final(const diffmm_trainer *trainer, diffmm_trainer **out)
{
    DIFFMM__CALL call = diffmm__call_reads(trainer);
    if (!trainer || !out)
        return diffmm__null(!trainer ? "trainer" : "out");
    diffmm_status status = check(trainer);
    return status ? status : create(trainer, out);
}

/* The final training is shared with the same peers. */
static diffmm_status share(const diffmm_trainer *trainer, diffmm_trainer *final)
{
    return trainer->peers.size > 1 ? diffmm_trainer_join(final, &trainer->peers.host) : DIFFMM_OK;
}

/* Whoever stops the first trainer meanwhile, or follows its steps, means the final one. */
static diffmm_status fit(diffmm_trainer *trainer, diffmm_trainer *final,
                         diffmm_epoch_function on_epoch, void *user_data)
{
    final->progress.outer = &trainer->progress.cancelled;
    final->progress.function = trainer->progress.function;
    final->progress.data = trainer->progress.data;
    trainer->lends_peers = true;
    diffmm_status status = share(trainer, final);
    if (!status)
        status = diffmm_trainer_fit(final, on_epoch, user_data);
    /* The host's data lasts as long as the first trainer has peers; a divided model needs them. */
    if (!final->model->divided)
        diffmm__peers_end(final->context, &final->peers);
    trainer->lends_peers = false;
    final->progress.outer = NULL;
    final->progress.function = NULL;
    return status;
}

diffmm_status diffmm_trainer_fit_final(diffmm_trainer *trainer, diffmm_epoch_function on_epoch,
                                       void *user_data, diffmm_trainer **out)
{
    DIFFMM__CALL call;
    diffmm_trainer *final;
    diffmm_status status = diffmm__call_changes(&call, trainer, "trainer");
    if (!status && !out)
        status = diffmm__null("out");
    if (!status)
        status = check(trainer);
    if (status)
        return status;
    status = create(trainer, &final);
    if (status) {
        diffmm__join_leave(trainer, status);
        return status;
    }
    status = fit(trainer, final, on_epoch, user_data);
    if (status) {
        /* The host has been told of it, or all peers have found it alike. */
        diffmm__peers_end(trainer->context, &trainer->peers);
        diffmm_trainer_destroy(final);
        return status;
    }
    *out = final;
    return DIFFMM_OK;
}
