/* SPDX-License-Identifier: BSD-2-Clause */
/* The trainer: one epoch, all epochs, and what the host may ask of them. */
#include "train/trainer.h"

#include <string.h>
#include <time.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/structs.h"
#include "dataset/seal.h"
#include "model/embeddings.h"
#include "recommend/evaluate.h"

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

static diffmm_status allocate_reports(diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    size_t cutoffs = trainer->cutoffs = model->settings.cutoff_count;
    double **losses[] = {&trainer->denoiser_loss, &trainer->last_denoiser_loss};
    diffmm_metrics **metrics[] = {&trainer->valid, &trainer->test, &trainer->last_valid,
                                  &trainer->last_test};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (!(*losses[i] =
                  diffmm__allocate_zero(trainer->context, model->modality_count, sizeof(double))))
            return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        if (!(*metrics[i] =
                  diffmm__allocate_zero(trainer->context, cutoffs, sizeof(diffmm_metrics))))
            return DIFFMM_ERROR_NO_MEMORY;
    trainer->last = (diffmm_report){.struct_size = sizeof trainer->last,
                                    .modality_count = model->modality_count,
                                    .denoiser_loss = trainer->last_denoiser_loss,
                                    .cutoff_count = cutoffs,
                                    .valid = trainer->last_valid,
                                    .test = trainer->last_test};
    return DIFFMM_OK;
}

static void warn_of_cutoffs(const diffmm_trainer *trainer)
{
    struct diffmm__saturation s = diffmm__evaluation_saturation(trainer->evaluation);
    if (s.cutoff > 0)
        diffmm__log(
            trainer->context, DIFFMM_LOG_WARNING,
            "cutoff %zu reaches every item that is left to rank for %zu of %zu users: their "
            "Recall at it is the same in every epoch; NDCG, further cutoffs and the training "
            "loss, in this order, tell apart epochs of equal Recall",
            s.cutoff, s.users, s.of);
}

static diffmm_status allocate(diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    diffmm_status status = allocate_reports(trainer);
    if (status)
        return status;
    trainer->graphs =
        diffmm__allocate_zero(trainer->context, model->modality_count, sizeof *trainer->graphs);
    if (!trainer->graphs)
        return DIFFMM_ERROR_NO_MEMORY;
    if ((status = diffmm__evaluation_create(trainer->context, trainer->dataset, model->d,
                                            trainer->cutoffs, model->settings.cutoffs, true, true,
                                            &trainer->evaluation)) ||
        (status = diffmm__pairs_create(trainer->context, model->catalog, &trainer->pairs)) ||
        (status = diffmm__best_create(model, trainer->cutoffs, &trainer->best)))
        return status;
    warn_of_cutoffs(trainer);
    size_t left_out = trainer->work.pairs - trainer->pairs.count;
    if (left_out > 0)
        diffmm__log(trainer->context, DIFFMM_LOG_WARNING,
                    "%zu of %zu training pairs are of users who have touched every item, and are "
                    "left out of the ranking loss",
                    left_out, trainer->work.pairs);
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
    trainer->model->lent = true;
    trainer->work.settings = &trainer->model->settings;
    if (trainer->work.held_pairs == 0)
        diffmm__log(trainer->context, DIFFMM_LOG_WARNING,
                    "nothing is held out: no metrics, no early stopping, the last epoch is kept");
    return allocate(trainer);
}

static void end_trainer(void *object)
{
    diffmm_trainer *trainer = object;
    diffmm_context *context = trainer->context;
    diffmm__diffusion_workspace_destroy(trainer);
    diffmm__evaluation_destroy(trainer->evaluation);
    diffmm__best_end(&trainer->best);
    diffmm__pairs_end(&trainer->pairs);
    diffmm__release(context, trainer->denoiser_loss);
    diffmm__release(context, trainer->valid);
    diffmm__release(context, trainer->test);
    diffmm__release(context, trainer->last_denoiser_loss);
    diffmm__release(context, trainer->last_valid);
    diffmm__release(context, trainer->last_test);
    diffmm__release(context, trainer->graphs);
    diffmm__handle_release(trainer->model);
    diffmm_dataset_destroy(trainer->dataset);
    diffmm__release(context, trainer);
    diffmm__context_release(context);
}

/* `from` is the model to go on from, or NULL. */
static diffmm_status create(diffmm_dataset *dataset, const diffmm_options *options,
                            const diffmm_model *from, diffmm_trainer **out)
{
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    DIFFMM__CALL from_call = diffmm__call_reads(from);
    DIFFMM__CALL dataset_call;
    diffmm_status status = diffmm__seal_call(&dataset_call, dataset);
    if (status)
        return status;
    diffmm_trainer *trainer = diffmm__allocate_zero(dataset->context, 1, sizeof *trainer);
    if (!trainer)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__handle_begin(trainer, end_trainer);
    atomic_init(&trainer->cancelled, 0);
    trainer->context = diffmm__context_retain(dataset->context);
    trainer->dataset = diffmm__dataset_retain(dataset);
    status = assemble(trainer, options);
    if (!status && from)
        status = diffmm_model_inherit(trainer->model, from);
    if (status) {
        diffmm_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return DIFFMM_OK;
}

diffmm_status diffmm_trainer_create(diffmm_dataset *dataset, const diffmm_options *options,
                                    diffmm_trainer **out)
{
    if (!dataset || !out)
        return diffmm__null(!dataset ? "dataset" : "out");
    return create(dataset, options, NULL, out);
}

diffmm_status diffmm_trainer_create_from(diffmm_dataset *dataset, const diffmm_options *options,
                                         const diffmm_model *model, diffmm_trainer **out)
{
    if (!dataset || !model || !out)
        return diffmm__null(!dataset ? "dataset" : !model ? "model" : "out");
    return create(dataset, options ? options : diffmm_model_options(model), model, out);
}

void diffmm_trainer_destroy(diffmm_trainer *trainer)
{
    if (!trainer)
        return;
    /* From a callback of its own: nobody is left who wants to be told, or the rest of it. */
    trainer->on_progress = NULL;
    diffmm_trainer_cancel(trainer);
    diffmm__handle_release(trainer);
}

diffmm_status diffmm_trainer_on_progress(diffmm_trainer *trainer, diffmm_progress_function function,
                                         void *user_data)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, trainer, "trainer");
    if (status)
        return status;
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

diffmm_status diffmm__trainer_check_moments(const diffmm_trainer *trainer, const char *phase,
                                            const char *name, size_t count,
                                            const float *second_moment)
{
    if (diffmm__all_finite(count, second_moment))
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_NUMERIC, "epoch %zu, %s: the gradient of %s is too large",
                        trainer->epoch + 1, phase, name);
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

/* The report again, for as long as the next epoch is not through. */
static void keep_report(diffmm_trainer *trainer)
{
    size_t modalities = trainer->model->modality_count, cutoffs = trainer->cutoffs;
    memcpy(trainer->last_denoiser_loss, trainer->denoiser_loss, modalities * sizeof(double));
    memcpy(trainer->last_valid, trainer->valid, cutoffs * sizeof *trainer->valid);
    memcpy(trainer->last_test, trainer->test, cutoffs * sizeof *trainer->test);
    trainer->last = trainer->report;
    trainer->last.denoiser_loss = trainer->last_denoiser_loss;
    trainer->last.valid = trainer->last_valid;
    trainer->last.test = trainer->last_test;
}

void diffmm__trainer_completed(diffmm_trainer *trainer)
{
    diffmm_report *report = &trainer->report;
    const struct diffmm__settings *s = &trainer->model->settings;
    trainer->stopped = diffmm__best_is_stale(&trainer->best, trainer->epoch, s->patience);
    report->struct_size = sizeof *report;
    report->epoch = trainer->epoch;
    report->best_epoch = trainer->best.epoch;
    report->finished = trainer->stopped || trainer->epoch >= s->epochs;
    report->modality_count = trainer->model->modality_count;
    report->denoiser_loss = trainer->denoiser_loss;
    report->cutoff_count = trainer->cutoffs;
    report->valid = trainer->valid;
    report->test = trainer->test;
    for (int phase = 0; phase < 4; phase++)
        report->counted_flops[phase] = diffmm__phase_flops(&trainer->work, (diffmm_phase)phase);
    report->straight_flops = diffmm__straight_flops(&trainer->work);
    keep_report(trainer);
}

static bool is_finished(const diffmm_trainer *trainer)
{
    return trainer->stopped || trainer->epoch >= trainer->model->settings.epochs;
}

static diffmm_status run_phases(diffmm_trainer *trainer)
{
    diffmm_status status = DIFFMM_OK;
    diffmm_seconds *seconds = &trainer->report.seconds;
    *seconds = (diffmm_seconds){0};
    diffmm__model_changed(trainer->model); /* from the first step on */
    if (trainer->model->settings.diffusion_enabled)
        status = timed(trainer, diffmm__phase_denoise, &seconds->denoise);
    if (!status)
        status = timed(trainer, diffmm__phase_generate, &seconds->generate);
    if (!status)
        status = timed(trainer, diffmm__phase_recommend, &seconds->recommend);
    return status ? status : timed(trainer, diffmm__phase_evaluate, &seconds->evaluate);
}

/* What the model now holds is this epoch's. */
static void mark_model(diffmm_trainer *trainer, size_t epoch, const diffmm_metrics *valid,
                       const diffmm_metrics *test)
{
    struct diffmm__evaluated *evaluated = &trainer->model->evaluated;
    evaluated->epoch = epoch;
    evaluated->cutoff_count = trainer->cutoffs;
    memcpy(evaluated->valid, valid, trainer->cutoffs * sizeof *valid);
    memcpy(evaluated->test, test, trainer->cutoffs * sizeof *test);
}

static void restore_best(diffmm_trainer *trainer)
{
    const struct diffmm__best *best = &trainer->best;
    diffmm__best_restore(best, trainer->model);
    diffmm__model_embedded(trainer->model);
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
    if (is_finished(trainer))
        return diffmm__fail(DIFFMM_ERROR_STATE, "training has finished after epoch %zu",
                            trainer->epoch);
    diffmm_status status =
        report ? diffmm__struct_check(&diffmm__layout_report, report, "report") : DIFFMM_OK;
    if (status)
        return status;
    /* What memory an epoch needs it takes first: without it, nothing has changed. */
    trainer->within = true;
    status = diffmm__epoch_graphs_begin(trainer);
    if (!status)
        status = run_phases(trainer);
    diffmm__epoch_graphs_end(trainer);
    trainer->within = false;
    if (status)
        return status;
    trainer->epoch++;
    mark_model(trainer, trainer->epoch, trainer->valid, trainer->test);
    diffmm__best_offer(&trainer->best, trainer->model, trainer->epoch,
                       &(struct diffmm__results){.cutoffs = trainer->cutoffs,
                                                 .valid = trainer->valid,
                                                 .test = trainer->test,
                                                 .loss = trainer->report.loss.total});
    diffmm__trainer_completed(trainer);
    diffmm__log(trainer->context, DIFFMM_LOG_INFO, "epoch %zu done, best so far %zu",
                trainer->epoch, trainer->best.epoch);
    return report ? diffmm__struct_write(report, &diffmm__layout_report, &trainer->report, "report")
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
    while (!status && !is_finished(trainer)) {
        status = train_epoch(trainer, NULL);
        if (!status && on_epoch && on_epoch(&trainer->report, user_data) && !is_finished(trainer))
            status = diffmm__fail(DIFFMM_CANCELLED,
                                  "the epoch callback ended training after epoch "
                                  "%zu",
                                  trainer->epoch);
    }
    /* However it ended, the model is the best there has been; but not where it ran out of memory,
     * which the caller may find, and then go on. */
    if (trainer->best.epoch > 0 && status != DIFFMM_ERROR_NO_MEMORY)
        restore_best(trainer);
    return status;
}

diffmm_status diffmm_trainer_report(const diffmm_trainer *trainer, diffmm_report *out)
{
    if (!trainer || !out)
        return diffmm__null(!trainer ? "trainer" : "out");
    return diffmm__struct_write(out, &diffmm__layout_report, &trainer->last, "out");
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
