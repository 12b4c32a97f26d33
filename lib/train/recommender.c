/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/recommender.h"

#include "base/status.h"
#include "model/model_share.h"
#include "model/model_step.h"
#include "model/objective.h"
#include "model/workspace.h"
#include "train/moments.h"
#include "train/plan/cadence.h"

/* Pairs first .. first + count - 1 of the epoch: objective, gradients, a step of Adam. */
static diffmm_status train_batch(const struct diffmm__pairs *pairs, diffmm_model *model,
                                 const struct diffmm__share *share, size_t first, size_t count,
                                 double learning_rate, diffmm_losses *losses)
{
    diffmm_status status = diffmm__model_objective(model, share, count, pairs->batch_user + first,
                                                   pairs->batch_positive + first,
                                                   pairs->batch_negative + first, losses);
    if (!status)
        diffmm__model_step(model, share, learning_rate);
    return status;
}

static diffmm_status check_gradients(const diffmm_model *model, size_t epoch)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t p = 0; p < model->parameter_count && !status; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        struct diffmm__part rows = diffmm__model_own_rows(model, parameter);
        size_t skip = rows.first * parameter->columns;
        status = diffmm__moments_check(epoch, "recommend", parameter->name,
                                       rows.end * parameter->columns - skip,
                                       parameter->second_moment + skip);
    }
    return status;
}

/* Adds a batch's losses to the means. */
static void add_losses(struct diffmm__report *report, const diffmm_model *model, double total,
                       size_t batches)
{
    for (size_t i = 0; i < diffmm__terms_count(); i++)
        report->losses[i].value += model->losses[i] / (double)batches;
    report->figures.loss.total += total / (double)batches;
}

diffmm_status diffmm__recommender_train(struct diffmm__recommender *recommender,
                                        diffmm_model *model, size_t epoch,
                                        const struct diffmm__peers *peers,
                                        struct diffmm__progress *progress,
                                        struct diffmm__report *report)
{
    struct diffmm__pairs *pairs = &recommender->pairs;
    size_t batch = model->settings.batch, batches = (pairs->count + batch - 1) / batch;
    double rate = diffmm__cadence_learning_rate(&model->settings, epoch);
    double flops_before = diffmm__terms_counted_flops(model->workspace->terms);
    const struct diffmm__share share = diffmm__model_share_batches(model, peers);
    report->figures.loss.total = 0.0;
    for (size_t i = 0; i < diffmm__terms_count(); i++)
        report->losses[i].value = 0.0;
    diffmm__pairs_draw(pairs, model->context, model->catalog, model->settings.seed, epoch);
    for (size_t b = 0; b < batches; b++) {
        size_t first = b * batch;
        size_t count = pairs->count - first < batch ? pairs->count - first : batch;
        diffmm_losses losses;
        diffmm_status status = train_batch(pairs, model, &share, first, count, rate, &losses);
        if (!status && share.peers.size == 1) /* who shares a batch has met in it */
            status = diffmm__peers_meet(peers, 1);
        if (status)
            return diffmm__fail(status, "epoch %zu, recommend, batch %zu: %s", epoch, b + 1,
                                diffmm_error_message());
        diffmm__averaging_step(&recommender->averaging, model, &share);
        add_losses(report, model, losses.total, batches);
        status = diffmm__progress_step(progress, epoch, DIFFMM_PHASE_RECOMMEND, b + 1, batches);
        if (status)
            return status;
    }
    diffmm_status status = diffmm__model_step_gather(model, &share);
    if (!status)
        status = diffmm__averaging_gather(&recommender->averaging, model, &share);
    if (status)
        return diffmm__progress_failed(status, epoch, "recommend");
    status = check_gradients(model, epoch);
    if (!status)
        recommender->term_flops =
            diffmm__terms_counted_flops(model->workspace->terms) - flops_before;
    return status;
}
