/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 3 of an epoch: one pass of BPR and contrastive training over all training pairs. */
#include "base/status.h"
#include "model/workspace.h"
#include "train/trainer.h"

diffmm_status diffmm__phase_recommend(diffmm_trainer *trainer)
{
    diffmm_model *model = trainer->model;
    struct diffmm__pairs *pairs = &trainer->pairs;
    size_t batch = model->settings.batch, batches = (pairs->count + batch - 1) / batch;
    diffmm_losses *mean = &trainer->report.loss;
    struct diffmm__contrastive_scratch *contrastive = model->workspace->contrastive;
    double flops_before = contrastive ? diffmm__contrastive_flops(contrastive) : 0.0;
    *mean = (diffmm_losses){0};
    diffmm__pairs_draw(pairs, trainer->context, model->catalog, model->settings.seed,
                       trainer->epoch + 1);
    for (size_t b = 0; b < batches; b++) {
        size_t first = b * batch;
        size_t count = pairs->count - first < batch ? pairs->count - first : batch;
        diffmm_losses losses;
        diffmm_status status = diffmm__model_objective(model, count, pairs->batch_user + first,
                                                       pairs->batch_positive + first,
                                                       pairs->batch_negative + first, &losses);
        if (status)
            return diffmm__fail(status, "epoch %zu, recommend, batch %zu: %s", trainer->epoch + 1,
                                b + 1, diffmm_error_message());
        diffmm__model_step(model);
        mean->bpr += losses.bpr / (double)batches;
        mean->contrastive += losses.contrastive / (double)batches;
        mean->regularizer += losses.regularizer / (double)batches;
        mean->total += losses.total / (double)batches;
        status = diffmm__trainer_continue(trainer, DIFFMM_PHASE_RECOMMEND, b + 1, batches);
        if (status)
            return status;
    }
    for (size_t p = 0; p < model->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        diffmm_status status = diffmm__trainer_check_moments(trainer, "recommend", parameter->name,
                                                             parameter->rows * parameter->columns,
                                                             parameter->second_moment);
        if (status)
            return status;
    }
    if (contrastive)
        trainer->work.contrastive_flops = diffmm__contrastive_flops(contrastive) - flops_before;
    return DIFFMM_OK;
}
