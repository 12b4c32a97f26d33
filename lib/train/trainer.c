/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be read from a trainer, and what the host may ask of it at any time. */
#include "train/trainer.h"

#include "base/handle.h"
#include "base/status.h"
#include "base/structs.h"
#include "train/plan/flops.h"

diffmm_status diffmm_trainer_on_progress(diffmm_trainer *trainer, diffmm_progress_function function,
                                         void *user_data)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, trainer, "trainer");
    if (status)
        return status;
    trainer->progress.function = function;
    trainer->progress.data = user_data;
    return DIFFMM_OK;
}

void diffmm_trainer_cancel(diffmm_trainer *trainer)
{
    if (trainer)
        atomic_store(&trainer->progress.cancelled, 1);
}

bool diffmm__trainer_finished(const diffmm_trainer *trainer)
{
    return trainer->stopped || trainer->epoch >= trainer->model->settings.epochs;
}

diffmm_status diffmm__trainer_check_peers(const diffmm_trainer *trainer)
{
    return trainer->model->divided && trainer->peers.size == 1
               ? diffmm__fail(DIFFMM_ERROR_STATE,
                              "trainer: peers.divide has left the rows of some users only, and the "
                              "peers are gone; go on from the last checkpoint")
               : DIFFMM_OK;
}

/* Layers that do not learn add nothing to a linear part, unless they have learnt elsewhere. */
static void count_layers(diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    bool silent = trainer->plan.denoiser_loss.frozen && model->settings.denoiser_linear;
    for (size_t m = 0; m < model->modality_count && silent; m++)
        silent = diffmm__layers_silent(&model->modalities[m].diffusion->layers,
                                       model->modalities[m].diffusion->values);
    diffmm__epoch_plan_silence(&trainer->plan, silent);
}

void diffmm__trainer_completed(diffmm_trainer *trainer)
{
    count_layers(trainer);
    diffmm_report *report = &trainer->report.figures;
    struct diffmm__cadence cadence = diffmm__cadence_of(trainer->plan.settings, trainer->epoch);
    trainer->stopped =
        diffmm__best_is_stale(&trainer->best, trainer->epoch, trainer->model->settings.patience);
    diffmm__report_complete(&trainer->report);
    report->epoch = trainer->epoch;
    report->best_epoch = trainer->best.epoch;
    report->finished = diffmm__trainer_finished(trainer);
    for (int phase = 0; phase < 4; phase++)
        report->counted_flops[phase] = diffmm__flops_of_phase(
            &trainer->plan, &cadence, (diffmm_phase)phase, trainer->recommender.term_flops);
    report->straight_flops = diffmm__flops_naive(&trainer->plan, &cadence);
    diffmm__report_copy(&trainer->report, &trainer->last);
}

diffmm_status diffmm_trainer_report(const diffmm_trainer *trainer, diffmm_report *out)
{
    if (!trainer || !out)
        return diffmm__null(!trainer ? "trainer" : "out");
    return diffmm__struct_write(out, &diffmm__layout_report, &trainer->last.figures, "out");
}

diffmm_status diffmm_trainer_best(const diffmm_trainer *trainer, size_t *epoch,
                                  const diffmm_metrics **valid, const diffmm_metrics **test)
{
    if (!trainer)
        return diffmm__null("trainer");
    if (trainer->best.epoch == 0)
        return diffmm__fail(DIFFMM_ERROR_STATE, "no epoch has been trained yet");
    if (epoch)
        *epoch = trainer->best.epoch;
    if (valid)
        *valid = trainer->best.valid;
    if (test)
        *test = trainer->best.test;
    return DIFFMM_OK;
}

diffmm_model *diffmm_trainer_model(const diffmm_trainer *trainer)
{
    return trainer ? trainer->model : NULL;
}
