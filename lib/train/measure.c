/* SPDX-License-Identifier: BSD-2-Clause */
/* How long an epoch takes on this machine: some steps of each phase on the data and with the settings
 * of the training, timed, by a trainer that is thrown away. The steps of a phase are alike, so that
 * the rest of a phase takes what its steps have taken from the second one on; the first one has what
 * comes before it (shuffling, drawing, first touches of memory). */
#include <math.h>

#include "base/clock.h"
#include "base/handle.h"
#include "base/status.h"
#include "dataset/seal.h"
#include "model/forward.h"
#include "train/epoch.h"
#include "train/plan/cadence.h"

enum { fewest_steps = 3, phases = 4, longest = 3600 };

/* A phase under way. */
struct watch {
    double limit; /* seconds after which it ends */
    double began, first, last;
    size_t done, total;
};

static int on_step(const diffmm_progress *step, void *data)
{
    struct watch *watch = data;
    watch->last = diffmm__clock_seconds();
    watch->done = step->done;
    watch->total = step->total;
    if (step->done == 1)
        watch->first = watch->last;
    return step->done >= fewest_steps && step->done < step->total &&
           watch->last - watch->began > watch->limit;
}

/* What the steps that were left out would have taken. */
static double rest(const struct watch *watch)
{
    if (watch->done == watch->total)
        return 0.0;
    return (double)(watch->total - watch->done) * (watch->last - watch->first) /
           (double)(watch->done - 1);
}

/* Runs a phase until it has come to its end, or taken its time and then `complete`, which sets what
 * later phases need of it. */
static diffmm_status run(diffmm_trainer *trainer, double limit,
                         diffmm_status (*phase)(diffmm_trainer *),
                         diffmm_status (*complete)(diffmm_trainer *, size_t done), double *seconds)
{
    struct watch watch = {.limit = limit, .began = diffmm__clock_seconds()};
    trainer->progress.function = on_step;
    trainer->progress.data = &watch;
    diffmm_status status = phase(trainer);
    if (status == DIFFMM_CANCELLED)
        status = complete ? complete(trainer, watch.done) : DIFFMM_OK;
    *seconds = diffmm__clock_seconds() - watch.began + rest(&watch);
    return status;
}

static diffmm_status complete_graphs(diffmm_trainer *trainer, size_t done)
{
    return diffmm__graphs_complete(&trainer->graphs, trainer->model, trainer->epoch + 1, done);
}

/* Ranks a block of users on each thread, and then more as time allows. */
static void rank(diffmm_trainer *trainer, double limit, double *seconds)
{
    const diffmm_model *model = trainer->model;
    const float *users = diffmm__served_users(model), *items = diffmm__served_items(model);
    const struct diffmm__evaluated_users who = diffmm__evaluation_who(trainer->evaluation);
    size_t total = who.count, done = 0, next = who.block * diffmm_context_threads(trainer->context);
    double began = diffmm__clock_seconds(), taken = 0.0;
    while (done < total && taken <= limit) {
        if (next > total - done)
            next = total - done;
        diffmm__evaluation_rank(trainer->evaluation, users, items, done, next);
        done += next;
        next *= 2;
        taken = diffmm__clock_seconds() - began;
    }
    *seconds += done > 0 ? taken * (double)total / (double)done : 0.0;
}

static diffmm_status evaluate(diffmm_trainer *trainer, double limit, double *seconds)
{
    double began = diffmm__clock_seconds();
    diffmm_status status = diffmm__model_forward(trainer->model);
    *seconds = diffmm__clock_seconds() - began;
    if (!status)
        rank(trainer, limit, seconds);
    return status;
}

/* The steps are the first epoch's; the seconds become those of the mean epoch. */
static diffmm_status run_phases(diffmm_trainer *trainer, double limit, diffmm_seconds *out)
{
    const struct diffmm__settings *settings = &trainer->model->settings;
    struct diffmm__cadence first = diffmm__cadence_of(settings, 1),
                           mean = diffmm__cadence_mean(settings);
    diffmm_status status = DIFFMM_OK;
    diffmm__model_changed(trainer->model);
    if (trainer->model->settings.diffusion_enabled)
        status = run(trainer, limit, diffmm__epoch_denoise, NULL, &out->denoise);
    out->denoise *= mean.passes / first.passes;
    if (!status)
        status = run(trainer, limit, diffmm__epoch_generate, complete_graphs, &out->generate);
    if (settings->diffusion_enabled)
        out->generate *= mean.generations;
    if (!status)
        status = run(trainer, limit, diffmm__epoch_recommend, NULL, &out->recommend);
    return status ? status : evaluate(trainer, limit, &out->evaluate);
}

diffmm_status diffmm_trainer_measure(diffmm_dataset *dataset, const diffmm_options *options,
                                     double seconds, diffmm_seconds *out)
{
    if (!dataset || !out)
        return diffmm__null(!dataset ? "dataset" : "out");
    if (!isgreater(seconds, 0.0) || !islessequal(seconds, (double)longest))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "seconds must be above 0, and at most %d", (int)longest);
    diffmm_trainer *trainer;
    diffmm_seconds estimate = {0};
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    DIFFMM__CALL dataset_call;
    diffmm_status status = diffmm__seal_call(&dataset_call, dataset);
    if (!status)
        status = diffmm_trainer_create(dataset, options, &trainer);
    if (status)
        return status;
    /* Phases that are cut short fail, as cancelled; the call does not. */
    struct diffmm__error_text said = diffmm__error_text_keep();
    status = diffmm__graphs_reserve(&trainer->graphs, trainer->model, 1);
    if (!status)
        status = run_phases(trainer, seconds / phases, &estimate);
    diffmm__graphs_unreserve(&trainer->graphs, trainer->model->modality_count);
    diffmm_trainer_destroy(trainer);
    if (status)
        return status;
    diffmm__error_text_restore(&said);
    *out = estimate;
    return DIFFMM_OK;
}
