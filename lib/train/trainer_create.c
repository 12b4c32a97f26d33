/* SPDX-License-Identifier: BSD-2-Clause */
/* How a trainer is put together from a data set and options, and taken apart. */
#include "train/trainer_create.h"

#include "base/context.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/status.h"
#include "dataset/seal.h"
#include "model/model_create.h"
#include "options/options.h"
#include "train/bases.h"
#include "train/plan/peak_memory.h"

/* A blend takes the scores of spectral denoisers. */
static diffmm_status check_blend(const struct diffmm__settings *s)
{
    char text[DIFFMM__REAL_TEXT];
    if (s->blend == 0.0 || s->spectral)
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "diffusion.blend is %s, but the denoisers are full ones; set denoiser.kind "
                        "to spectral, or diffusion.blend to 0",
                        diffmm__real_text(s->blend, text));
}

/* What spans settings and data. */
static diffmm_status check(const diffmm_trainer *trainer, const struct diffmm__plan *plan)
{
    const struct diffmm__settings *s = plan->settings;
    if (s->diffusion_enabled && s->rebuild_k > plan->items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "rebuild_k is %zu, but there are %zu items", s->rebuild_k, plan->items);
    diffmm_status status = check_blend(s);
    if (status)
        return status;
    size_t peak = diffmm__peak_memory(plan, diffmm_context_threads(trainer->context));
    if (s->memory_limit > 0 && peak > s->memory_limit)
        return diffmm__fail(
            DIFFMM_ERROR_NO_MEMORY,
            "training would take %zu bytes at its peak, more than memory_limit, %zu", peak,
            s->memory_limit);
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

static void warn_of_pairs(const diffmm_trainer *trainer)
{
    size_t left_out = trainer->plan.pairs - trainer->recommender.pairs.count;
    if (left_out > 0)
        diffmm__log(trainer->context, DIFFMM_LOG_WARNING,
                    "%zu of %zu training pairs are of users who have touched every item, and are "
                    "left out of the ranking loss",
                    left_out, trainer->plan.pairs);
}

/* Says which step the library has chosen, where it was left to it. */
static void tell_batch(const diffmm_trainer *trainer)
{
    int64_t asked = 0;
    const struct diffmm__settings *s = &trainer->model->settings;
    if (!diffmm_options_get_integer(trainer->model->options, "batch", &asked) && asked == 0) {
        char rate[DIFFMM__REAL_TEXT];
        diffmm__log(trainer->context, DIFFMM_LOG_INFO,
                    "batch: %zu training pairs a step, at a learning rate of %s", s->batch,
                    diffmm__real_text(s->learning_rate, rate));
    }
}

static diffmm_status begin_averaging(diffmm_trainer *trainer)
{
    size_t pairs = trainer->recommender.pairs.count, batch = trainer->model->settings.batch;
    return diffmm__averaging_begin(trainer->model, (pairs + batch - 1) / batch,
                                   &trainer->recommender.averaging);
}

static diffmm_status begin_evaluation(diffmm_trainer *trainer)
{
    const struct diffmm__settings *s = &trainer->model->settings;
    struct diffmm__evaluation_request request = {
        .d = trainer->model->width,
        .cutoff_count = s->cutoff_count,
        .cutoffs = s->cutoffs,
        .what = DIFFMM__EVALUATE_VALID | DIFFMM__EVALUATE_TEST | DIFFMM__EVALUATE_KNOWN,
        .users = s->evaluate_users,
        .seed = s->seed};
    return diffmm__evaluation_create(trainer->context, trainer->dataset, &request,
                                     &trainer->evaluation);
}

static diffmm_status allocate(diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    diffmm_status status;
    if ((status = diffmm__report_begin(model, &trainer->report)) ||
        (status = diffmm__report_begin(model, &trainer->last)) ||
        (status = begin_evaluation(trainer)) ||
        (status =
             diffmm__pairs_create(trainer->context, model->catalog, &trainer->recommender.pairs)) ||
        (status = begin_averaging(trainer)) ||
        (status = diffmm__best_create(model, s->cutoff_count, &trainer->best)))
        return status;
    warn_of_cutoffs(trainer);
    warn_of_pairs(trainer);
    if (s->diffusion_enabled)
        status = diffmm__denoisers_begin(model, &trainer->plan, &trainer->denoisers);
    if (!status)
        status = diffmm__graphs_begin(model, &trainer->plan, &trainer->graphs);
    return status ? status
                  : diffmm__diffusion_measures_begin(model, &trainer->plan, &trainer->measures);
}

/* What a trainer is made for: to begin; to begin with nothing held out, which is no reason for a
 * warning; or to be filled from a checkpoint. */
enum purpose { begin, begin_whole, be_filled };

static diffmm_status assemble(diffmm_trainer *trainer, const diffmm_options *options,
                              enum purpose purpose)
{
    struct diffmm__settings settings;
    diffmm_options *copy = NULL;
    diffmm_status status = diffmm__options_copy(trainer->context, options, &copy);
    if (!status)
        status = diffmm__epoch_plan_settings(trainer->dataset, copy, &settings);
    if (!status)
        status = diffmm__epoch_plan(trainer->dataset, copy, &settings, &trainer->plan);
    if (!status)
        status = check(trainer, &trainer->plan);
    if (!status)
        status = diffmm__model_create(trainer->dataset, copy, settings.diffusion_enabled,
                                      &trainer->model);
    diffmm_options_destroy(copy);
    if (!status && trainer->model->settings.diffusion_enabled && purpose != be_filled)
        status = diffmm__bases_compute(trainer->model);
    if (status)
        return status;
    tell_batch(trainer);
    trainer->model->lent = true;
    trainer->progress.epochs = trainer->model->settings.epochs;
    trainer->plan.settings = &trainer->model->settings;
    if (trainer->plan.held_pairs == 0 && purpose != begin_whole)
        diffmm__log(trainer->context, DIFFMM_LOG_WARNING,
                    "nothing is held out: no metrics, no early stopping, the last epoch is kept");
    return allocate(trainer);
}

static void end_trainer(void *object)
{
    diffmm_trainer *trainer = object;
    diffmm_context *context = trainer->context;
    diffmm__denoisers_end(&trainer->denoisers);
    diffmm__graphs_end(&trainer->graphs);
    diffmm__averaging_end(&trainer->recommender.averaging);
    diffmm__diffusion_measures_end(&trainer->measures, trainer->plan.modalities);
    diffmm__pairs_end(&trainer->recommender.pairs);
    diffmm__evaluation_destroy(trainer->evaluation);
    diffmm__best_end(&trainer->best);
    diffmm__report_end(&trainer->report);
    diffmm__report_end(&trainer->last);
    diffmm__peers_end(context, &trainer->peers);
    diffmm__handle_release(trainer->model);
    diffmm_dataset_destroy(trainer->dataset);
    diffmm__release(context, trainer);
    diffmm__context_release(context);
}

/* `from` is the model to go on from, or NULL. */
static diffmm_status create(diffmm_dataset *dataset, const diffmm_options *options,
                            const diffmm_model *from, enum purpose purpose, diffmm_trainer **out)
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
    atomic_init(&trainer->progress.cancelled, 0);
    trainer->peers = diffmm__peers_alone();
    trainer->context = diffmm__context_retain(dataset->context);
    trainer->dataset = diffmm__dataset_retain(dataset);
    trainer->inherited = from != NULL;
    status = assemble(trainer, options, purpose);
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
    return create(dataset, options, NULL, begin, out);
}

diffmm_status diffmm_trainer_create_from(diffmm_dataset *dataset, const diffmm_options *options,
                                         const diffmm_model *model, diffmm_trainer **out)
{
    if (!dataset || !model || !out)
        return diffmm__null(!dataset ? "dataset" : !model ? "model" : "out");
    return create(dataset, options ? options : diffmm_model_options(model), model, begin, out);
}

diffmm_status diffmm__trainer_create_whole(diffmm_dataset *dataset, const diffmm_options *options,
                                           diffmm_trainer **out)
{
    return create(dataset, options, NULL, begin_whole, out);
}

diffmm_status diffmm__trainer_create_empty(diffmm_dataset *dataset, const diffmm_options *options,
                                           diffmm_trainer **out)
{
    return create(dataset, options, NULL, be_filled, out);
}

void diffmm_trainer_destroy(diffmm_trainer *trainer)
{
    if (!trainer)
        return;
    /* Where this comes from a callback of the trainer's own, the call that is running ends at its
     * next step, and tells the host nothing more. */
    trainer->progress.function = NULL;
    diffmm_trainer_cancel(trainer);
    diffmm__handle_release(trainer);
}
