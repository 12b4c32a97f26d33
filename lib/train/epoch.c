/* SPDX-License-Identifier: BSD-2-Clause */
/* One epoch, phase after phase, and all epochs of a training (paper, algorithm 1). */
#include "train/epoch.h"

#include <string.h>

#include "base/ascending.h"
#include "base/clock.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/status.h"
#include "base/structs.h"
#include "evaluation/score_range.h"
#include "model/blend.h"
#include "model/forward.h"
#include "model/model_share.h"
#include "train/agreement.h"
#include "train/join.h"

diffmm_status diffmm__epoch_denoise(diffmm_trainer *trainer)
{
    return diffmm__denoisers_train(&trainer->denoisers, trainer->model, trainer->epoch + 1,
                                   &trainer->peers, &trainer->progress,
                                   trainer->report.denoiser_loss);
}

diffmm_status diffmm__epoch_generate(diffmm_trainer *trainer)
{
    return diffmm__graphs_generate(&trainer->graphs, trainer->model, trainer->epoch + 1,
                                   &trainer->peers, &trainer->progress, &trainer->measures,
                                   &trainer->report);
}

diffmm_status diffmm__epoch_recommend(diffmm_trainer *trainer)
{
    return diffmm__recommender_train(&trainer->recommender, trainer->model, trainer->epoch + 1,
                                     &trainer->peers, &trainer->progress, &trainer->report);
}

/* The users whom each peer ranks: as many as any other; or, where it has its own users' rows alone,
 * these. Sets where each one's begin in the list of those who are evaluated. */
static void cut_evaluated(const diffmm_trainer *trainer, const struct diffmm__evaluated_users *who,
                          size_t *firsts)
{
    const diffmm_model *model = trainer->model;
    const struct diffmm__peers *peers = &trainer->peers;
    const struct diffmm__share share = diffmm__model_share_among(model, peers);
    for (size_t peer = 0; peer <= peers->size; peer++)
        firsts[peer] = model->divided
                           ? diffmm__ascending_lower_bound(who->count, who->users,
                                                           (int32_t)share.peers.firsts[0][peer])
                           : diffmm__peers_first(peers, who->count, peer);
}

/* Each peer ranks some users, and receives the results of the others. */
static diffmm_status rank(const diffmm_trainer *trainer, const float *users, const float *items)
{
    const struct diffmm__peers *peers = &trainer->peers;
    const struct diffmm__evaluated_users who = diffmm__evaluation_who(trainer->evaluation);
    size_t all[2], *firsts = peers->size > 1 ? peers->firsts[1] : all;
    cut_evaluated(trainer, &who, firsts);
    diffmm__evaluation_rank(trainer->evaluation, users, items, firsts[peers->rank],
                            firsts[peers->rank + 1] - firsts[peers->rank]);
    struct diffmm__user_results results = diffmm__evaluation_results(trainer->evaluation);
    return diffmm__peers_gather_parts(peers, firsts, 0, who.count, results.data, results.of_user);
}

diffmm_status diffmm__epoch_evaluate(diffmm_trainer *trainer)
{
    diffmm_model *model = trainer->model;
    const float *users = diffmm__served_users(model), *items = diffmm__served_items(model);
    const struct diffmm__share share = diffmm__model_share_batches(model, &trainer->peers);
    const struct diffmm__part own = model->own_users;
    diffmm__averaging_serve(&trainer->recommender.averaging, model);
    diffmm_status status = diffmm__model_forward_shared(model, &share);
    if (!status)
        status = diffmm__score_range_check("model", own.end - own.first, model->items, model->width,
                                           users + own.first * model->width, items, NULL);
    if (!status)
        status = rank(trainer, users, items);
    if (status)
        return diffmm__progress_failed(status, trainer->epoch + 1, "evaluate");
    diffmm__evaluation_means(trainer->evaluation, trainer->report.valid, trainer->report.test);
    return diffmm__progress_step(&trainer->progress, trainer->epoch + 1, DIFFMM_PHASE_EVALUATE, 1,
                                 1);
}

static diffmm_status timed(diffmm_trainer *trainer, diffmm_status (*phase)(diffmm_trainer *),
                           double *seconds)
{
    double start = diffmm__clock_seconds();
    diffmm_status status = phase(trainer);
    *seconds = diffmm__clock_seconds() - start;
    return status;
}

static diffmm_status run_phases(diffmm_trainer *trainer)
{
    diffmm_status status = DIFFMM_OK;
    diffmm_seconds *seconds = &trainer->report.figures.seconds;
    *seconds = (diffmm_seconds){0};
    diffmm__model_changed(trainer->model); /* from the first step on */
    if (trainer->model->settings.diffusion_enabled)
        status = timed(trainer, diffmm__epoch_denoise, &seconds->denoise);
    if (!status)
        status = timed(trainer, diffmm__epoch_generate, &seconds->generate);
    if (!status)
        status = timed(trainer, diffmm__epoch_recommend, &seconds->recommend);
    if (!status)
        status = timed(trainer, diffmm__epoch_evaluate, &seconds->evaluate);
    return status ? status : diffmm__agreement_check(trainer);
}

/* Marks the model as being of an epoch, with its metrics. */
static void mark_model(diffmm_trainer *trainer, size_t epoch, const diffmm_metrics *valid,
                       const diffmm_metrics *test)
{
    struct diffmm__evaluated *evaluated = &trainer->model->evaluated;
    size_t cutoffs = trainer->model->settings.cutoff_count;
    evaluated->epoch = epoch;
    evaluated->cutoff_count = cutoffs;
    memcpy(evaluated->valid, valid, cutoffs * sizeof *valid);
    memcpy(evaluated->test, test, cutoffs * sizeof *test);
}

static void restore_best(diffmm_trainer *trainer)
{
    const struct diffmm__best *best = &trainer->best;
    if (best->epoch != trainer->epoch || !trainer->recommender.averaging.served)
        diffmm__averaging_restart(&trainer->recommender.averaging);
    diffmm__best_restore(best, trainer->model);
    diffmm__model_embedded(trainer->model);
    diffmm__blend_restored(trainer->model);
    mark_model(trainer, best->epoch, best->valid, best->test);
}

/* A call that trains has the trainer and its model to itself. Sets both calls in any case. */
static diffmm_status training_call(struct diffmm__call *call, struct diffmm__call *model_call,
                                   diffmm_trainer *trainer)
{
    diffmm_status status = diffmm__call_changes(call, trainer, "trainer");
    if (!status)
        return diffmm__call_changes(model_call, trainer->model, "the trainer's model");
    *model_call = diffmm__call_reads(NULL);
    return status;
}

static diffmm_status train_epoch(diffmm_trainer *trainer, diffmm_report *report)
{
    struct diffmm__averaging *averaging = &trainer->recommender.averaging;
    if (diffmm__trainer_finished(trainer))
        return diffmm__fail(DIFFMM_ERROR_STATE, "training has finished after epoch %zu",
                            trainer->epoch);
    diffmm_status status = diffmm__trainer_check_peers(trainer);
    if (!status && report)
        status = diffmm__struct_check(&diffmm__layout_report, report, "report");
    if (status)
        return status;
    /* An epoch takes all its memory first, so that a lack of memory changes nothing. */
    trainer->within = true;
    status = diffmm__graphs_reserve(&trainer->graphs, trainer->model, trainer->epoch + 1);
    if (!status) {
        diffmm__averaging_train(averaging, trainer->model);
        status = run_phases(trainer);
        diffmm__blend_forget(trainer->model);
        if (status)
            diffmm__averaging_withdraw(averaging, trainer->model);
    }
    diffmm__graphs_unreserve(&trainer->graphs, trainer->model->modality_count);
    trainer->within = false;
    if (status) {
        diffmm__join_leave(trainer, status);
        return status;
    }
    trainer->epoch++;
    mark_model(trainer, trainer->epoch, trainer->report.valid, trainer->report.test);
    diffmm__best_offer(&trainer->best, trainer->model, trainer->epoch,
                       &(struct diffmm__results){.cutoffs = trainer->model->settings.cutoff_count,
                                                 .valid = trainer->report.valid,
                                                 .test = trainer->report.test,
                                                 .loss = trainer->report.figures.loss.total});
    diffmm__trainer_completed(trainer);
    diffmm__log(trainer->context, DIFFMM_LOG_INFO, "epoch %zu done, best so far %zu",
                trainer->epoch, trainer->best.epoch);
    return report ? diffmm__struct_write(report, &diffmm__layout_report, &trainer->report.figures,
                                         "report")
                  : DIFFMM_OK;
}

diffmm_status diffmm_trainer_epoch(diffmm_trainer *trainer, diffmm_report *report)
{
    DIFFMM__CALL call;
    DIFFMM__CALL model_call;
    diffmm_status status = training_call(&call, &model_call, trainer);
    return status ? status : train_epoch(trainer, report);
}

diffmm_status diffmm_trainer_restore_best(diffmm_trainer *trainer)
{
    DIFFMM__CALL call;
    DIFFMM__CALL model_call;
    diffmm_status status = training_call(&call, &model_call, trainer);
    if (status)
        return status;
    if (trainer->best.epoch == 0)
        return diffmm__fail(DIFFMM_ERROR_STATE, "no epoch has been trained yet");
    restore_best(trainer);
    return DIFFMM_OK;
}

diffmm_status diffmm_trainer_fit(diffmm_trainer *trainer, diffmm_epoch_function on_epoch,
                                 void *user_data)
{
    DIFFMM__CALL call;
    DIFFMM__CALL model_call;
    diffmm_status status = training_call(&call, &model_call, trainer);
    if (status)
        return status;
    bool shared = trainer->peers.size > 1;
    while (!status && !diffmm__trainer_finished(trainer)) {
        status = train_epoch(trainer, NULL);
        if (!status && on_epoch && on_epoch(&trainer->report.figures, user_data) &&
            !diffmm__trainer_finished(trainer)) {
            status = diffmm__fail(DIFFMM_CANCELLED,
                                  "the epoch callback ended training after epoch "
                                  "%zu",
                                  trainer->epoch);
            diffmm__join_leave(trainer, status);
        }
        if (!status && shared && trainer->peers.size == 1)
            status = diffmm__fail(DIFFMM_ERROR_PEER,
                                  "the peers were lost in the epoch callback after epoch %zu",
                                  trainer->epoch);
    }
    /* However training ended, the model becomes that of the best epoch; but where memory ended, it
     * stays as it is, since the caller may free some and go on. */
    if (trainer->best.epoch > 0 && status != DIFFMM_ERROR_NO_MEMORY)
        restore_best(trainer);
    return status;
}
