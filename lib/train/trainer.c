/* SPDX-License-Identifier: BSD-2-Clause */
/* The trainer: one epoch, all epochs, and what the host may ask of them. */
#include "train/trainer.h"

#include <string.h>
#include <time.h>

#include "base/context.h"
#include "base/log.h"
#include "base/status.h"
#include "base/structs.h"

/* What spans settings and data. */
static diffmm_status check(const diffmm_trainer *trainer, const struct diffmm__work *work)
{
    const struct diffmm__settings *s = work->settings;
    if (s->diffusion_enabled && s->rebuild_k > work->items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "rebuild_k is %zu, but there are %zu items", s->rebuild_k, work->items);
    size_t peak = diffmm__peak_bytes(work, diffmm_context_threads(trainer->context));
    if (s->memory_limit > 0 && peak > s->memory_limit)
        return diffmm__fail(
            DIFFMM_ERROR_NO_MEMORY,
            "training would take %zu bytes at its peak, more than memory_limit, %zu", peak,
            s->memory_limit);
    return DIFFMM_OK;
}

static diffmm_status allocate(diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    trainer->cutoffs = model->settings.cutoff_count;
    trainer->denoiser_loss =
        diffmm__allocate_zero(trainer->context, model->modality_count, sizeof(double));
    trainer->valid =
        diffmm__allocate_zero(trainer->context, trainer->cutoffs, sizeof *trainer->valid);
    trainer->test =
        diffmm__allocate_zero(trainer->context, trainer->cutoffs, sizeof *trainer->test);
    if (!trainer->denoiser_loss || !trainer->valid || !trainer->test)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status;
    if ((status = diffmm__pairs_create(trainer->context, model->catalog, &trainer->pairs)) ||
        (status = diffmm__best_create(model, trainer->cutoffs, &trainer->best)))
        return status;
    return model->settings.diffusion_enabled ? diffmm__diffusion_workspace_create(trainer)
                                             : DIFFMM_OK;
}

static diffmm_status assemble(diffmm_trainer *trainer, const diffmm_options *options)
{
    struct diffmm__settings settings;
    diffmm_options *copy = NULL;
    diffmm_status status = diffmm__options_copy(trainer->context, options, &copy);
    if (!status)
        status = diffmm__options_settings(copy, &settings);
    if (!status)
        status = diffmm__work_plan(trainer->dataset, &settings, &trainer->work);
    if (!status)
        status = check(trainer, &trainer->work);
    if (!status)
        status = diffmm__model_create(trainer->dataset, copy, settings.diffusion_enabled,
                                      &trainer->model);
    diffmm_options_destroy(copy);
    if (status)
        return status;
    trainer->work.settings = &trainer->model->settings;
    if (trainer->work.held_pairs == 0)
        diffmm__log(trainer->context, DIFFMM_LOG_WARNING,
                    "nothing is held out: no metrics, no early stopping, the last epoch is kept");
    return allocate(trainer);
}

diffmm_status diffmm_trainer_create(diffmm_dataset *dataset, const diffmm_options *options,
                                    diffmm_trainer **out)
{
    if (!dataset || !out)
        return diffmm__null(!dataset ? "dataset" : "out");
    diffmm_status status = diffmm_dataset_seal(dataset);
    if (status)
        return status;
    diffmm_trainer *trainer = diffmm__allocate_zero(dataset->context, 1, sizeof *trainer);
    if (!trainer)
        return DIFFMM_ERROR_NO_MEMORY;
    atomic_init(&trainer->cancelled, 0);
    trainer->context = diffmm__context_retain(dataset->context);
    trainer->dataset = diffmm__dataset_retain(dataset);
    status = assemble(trainer, options);
    if (status) {
        diffmm_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return DIFFMM_OK;
}

void diffmm_trainer_destroy(diffmm_trainer *trainer)
{
    if (!trainer)
        return;
    diffmm_context *context = trainer->context;
    diffmm__diffusion_workspace_destroy(trainer);
    diffmm__best_end(&trainer->best);
    diffmm__pairs_end(&trainer->pairs);
    diffmm__release(context, trainer->denoiser_loss);
    diffmm__release(context, trainer->valid);
    diffmm__release(context, trainer->test);
    diffmm_model_destroy(trainer->model);
    diffmm_dataset_destroy(trainer->dataset);
    diffmm__release(context, trainer);
    diffmm__context_release(context);
}

diffmm_status diffmm_trainer_on_progress(diffmm_trainer *trainer, diffmm_progress_function function,
                                         void *user_data)
{
    if (!trainer)
        return diffmm__null("trainer");
    trainer->on_progress = function;
    trainer->progress_data = user_data;
    return DIFFMM_OK;
}

void diffmm_trainer_cancel(diffmm_trainer *trainer)
{
    if (trainer)
        atomic_store(&trainer->cancelled, 1);
}

diffmm_status diffmm__trainer_continue(diffmm_trainer *trainer, diffmm_phase phase, size_t done,
                                       size_t total)
{
    diffmm_progress progress = {.struct_size = sizeof progress,
                                .epoch = trainer->epoch + 1,
                                .epochs = trainer->model->settings.epochs,
                                .phase = phase,
                                .done = done,
                                .total = total};
    int ended = trainer->on_progress && trainer->on_progress(&progress, trainer->progress_data);
    bool cancelled = atomic_exchange(&trainer->cancelled, 0); /* taken back either way */
    if (ended)
        return diffmm__fail(DIFFMM_CANCELLED, "the progress callback ended epoch %zu",
                            progress.epoch);
    if (cancelled)
        return diffmm__fail(DIFFMM_CANCELLED, "epoch %zu was cancelled", progress.epoch);
    return DIFFMM_OK;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static diffmm_status timed(diffmm_trainer *trainer, diffmm_status (*phase)(diffmm_trainer *),
                           double *seconds)
{
    double start = now();
    diffmm_status status = phase(trainer);
    *seconds = now() - start;
    return status;
}

static void complete_report(diffmm_trainer *trainer)
{
    diffmm_report *report = &trainer->report;
    const struct diffmm__settings *s = &trainer->model->settings;
    trainer->stopped = diffmm__best_is_stale(&trainer->best, trainer->epoch, s->patience);
    report->struct_size = sizeof *report;
    report->epoch = trainer->epoch;
    report->best_epoch = trainer->best.epoch;
    report->finished = trainer->stopped || trainer->epoch == s->epochs;
    report->modality_count = trainer->model->modality_count;
    report->denoiser_loss = trainer->denoiser_loss;
    report->cutoff_count = trainer->cutoffs;
    report->valid = trainer->valid;
    report->test = trainer->test;
    for (int phase = 0; phase < 4; phase++)
        report->counted_flops[phase] = diffmm__phase_flops(&trainer->work, (diffmm_phase)phase);
    report->straight_flops = diffmm__straight_flops(&trainer->work);
    diffmm__log(trainer->context, DIFFMM_LOG_INFO, "epoch %zu done, best so far %zu",
                trainer->epoch, trainer->best.epoch);
}

static bool is_finished(const diffmm_trainer *trainer)
{
    return trainer->stopped || trainer->epoch >= trainer->model->settings.epochs;
}

diffmm_status diffmm_trainer_epoch(diffmm_trainer *trainer, diffmm_report *report)
{
    if (!trainer)
        return diffmm__null("trainer");
    if (is_finished(trainer))
        return diffmm__fail(DIFFMM_ERROR_STATE, "training has finished after epoch %zu",
                            trainer->epoch);
    diffmm_status status = report ? diffmm__struct_check(report, "report") : DIFFMM_OK;
    if (status)
        return status;
    diffmm_seconds *seconds = &trainer->report.seconds;
    *seconds = (diffmm_seconds){0};
    trainer->report.epoch = 0; /* not whole until complete_report() */
    if (trainer->model->settings.diffusion_enabled)
        status = timed(trainer, diffmm__phase_denoise, &seconds->denoise);
    if (status || (status = timed(trainer, diffmm__phase_generate, &seconds->generate)) ||
        (status = timed(trainer, diffmm__phase_recommend, &seconds->recommend)) ||
        (status = timed(trainer, diffmm__phase_evaluate, &seconds->evaluate)))
        return status;
    trainer->epoch++;
    diffmm__best_offer(&trainer->best, trainer->model, trainer->epoch, trainer->cutoffs,
                       trainer->valid, trainer->test);
    complete_report(trainer);
    return report ? diffmm__struct_write(report, &trainer->report, sizeof trainer->report,
                                         sizeof trainer->report, "report")
                  : DIFFMM_OK;
}

diffmm_status diffmm_trainer_report(const diffmm_trainer *trainer, diffmm_report *report)
{
    if (!trainer || !report)
        return diffmm__null(!trainer ? "trainer" : "report");
    if (trainer->report.epoch == 0)
        return diffmm__fail(DIFFMM_ERROR_STATE, trainer->epoch == 0
                                                    ? "no epoch has been trained yet"
                                                    : "the last epoch was not completed");
    return diffmm__struct_write(report, &trainer->report, sizeof trainer->report,
                                sizeof trainer->report, "report");
}

diffmm_status diffmm_trainer_restore_best(diffmm_trainer *trainer)
{
    if (!trainer)
        return diffmm__null("trainer");
    if (trainer->best.epoch == 0)
        return diffmm__fail(DIFFMM_ERROR_STATE, "no epoch has been trained yet");
    diffmm__best_restore(&trainer->best, trainer->model);
    return DIFFMM_OK;
}

diffmm_status diffmm_trainer_fit(diffmm_trainer *trainer, diffmm_epoch_function on_epoch,
                                 void *user_data)
{
    if (!trainer)
        return diffmm__null("trainer");
    diffmm_status status = DIFFMM_OK;
    while (!status && !is_finished(trainer)) {
        status = diffmm_trainer_epoch(trainer, NULL);
        if (!status && on_epoch && on_epoch(&trainer->report, user_data) && !is_finished(trainer))
            status = diffmm__fail(DIFFMM_CANCELLED,
                                  "the epoch callback ended training after epoch "
                                  "%zu",
                                  trainer->epoch);
    }
    /* However it ended, the model is the best there has been. */
    if (trainer->best.epoch > 0)
        diffmm__best_restore(&trainer->best, trainer->model);
    return status;
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
