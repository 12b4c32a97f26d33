/* SPDX-License-Identifier: BSD-2-Clause */
/* Every modality's denoiser is trained over all users, in shuffled batches. Item embeddings and
 * projected features are constants here. */
#include "train/denoisers.h"

#include <stdio.h>

#include "base/random.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "model/model_share.h"
#include "model/project.h"
#include "model/workspace.h"
#include "module/step.h"
#include "train/moments.h"
#include "train/plan/cadence.h"

static void lay_out(struct diffmm__denoisers *denoisers, size_t users)
{
    denoisers->user_order = diffmm__arena_take(&denoisers->arena, users, sizeof(int32_t));
}

size_t diffmm__denoisers_bytes(const struct diffmm__plan *plan, size_t threads)
{
    struct diffmm__denoisers measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, plan->users);
    return diffmm__size_sum(measured.arena.bytes, diffmm__module_workspace_bytes(
                                                      &plan->denoiser_loss, plan->pairs, threads));
}

diffmm_status diffmm__denoisers_begin(const diffmm_model *model, const struct diffmm__plan *plan,
                                      struct diffmm__denoisers *out)
{
    *out = (struct diffmm__denoisers){.arena = diffmm__arena_on(model->context)};
    diffmm_status status = diffmm__module_workspace_begin(model->context, &plan->denoiser_loss,
                                                          plan->pairs, &out->workspace);
    if (status)
        return status;
    lay_out(out, plan->users);
    return out->arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

void diffmm__denoisers_end(struct diffmm__denoisers *denoisers)
{
    diffmm__module_workspace_end(&denoisers->workspace);
    diffmm__arena_end(&denoisers->arena);
}

/* A pass of one modality's denoiser over all users, by its number in the epoch. */
struct pass {
    size_t m;             /* the modality */
    uint64_t draws_epoch; /* whose streams it draws from, */
    size_t draws_pass;    /* and as which pass of that epoch */
};

static struct pass pass_of(const struct diffmm__settings *settings, size_t epoch, size_t m,
                           size_t number)
{
    size_t warmup = diffmm__cadence_warmup(settings, epoch);
    return number < warmup ? (struct pass){.m = m, .draws_epoch = 0, .draws_pass = number}
                           : (struct pass){m, epoch, number - warmup};
}

/* What all batches of a pass have in common. */
static struct diffmm__denoiser_batch whole_batch(const diffmm_model *model, const struct pass *pass)
{
    const struct diffmm__settings *s = &model->settings;
    const diffmm_diffusion *module = model->modalities[pass->m].diffusion;
    return (struct diffmm__denoiser_batch){
        .rows = model->users,
        .x0 = {.matrix = model->catalog->train},
        .draws = diffmm__module_pass_draws(module, pass->draws_epoch, pass->draws_pass),
        .msi = {.d = s->msi ? model->d : 0,
                .features = model->workspace->modality[pass->m].projected,
                .item_embedding = diffmm__item_embedding(model)->values,
                .weight = s->e_loss},
        .basis = diffmm__module_basis(module),
        .dropped_only = s->dropped_only};
}

/* One batch: loss, gradient, Adam step; where the denoisers are frozen, the loss alone. */
static diffmm_status train_batch(struct diffmm__denoisers *denoisers,
                                 const struct diffmm__model_modality *modality, size_t epoch,
                                 const struct diffmm__denoiser_batch *batch, double *loss)
{
    struct diffmm__module_workspace *workspace = &denoisers->workspace;
    struct diffmm__denoiser_losses losses =
        workspace->loss.plan.frozen
            ? diffmm__module_losses(modality->diffusion, workspace, batch)
            : diffmm__module_step(
                  modality->diffusion, workspace, batch,
                  diffmm__cadence_denoiser_rate(&modality->diffusion->settings, epoch));
    const char *wrong = diffmm__denoiser_loss_wrong(&losses);
    if (wrong)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "epoch %zu, denoise: the %s loss of modality '%s' is not finite", epoch,
                            wrong, modality->name);
    *loss += losses.elbo + batch->msi.weight * losses.msi;
    return DIFFMM_OK;
}

static diffmm_status check_gradients(const diffmm_model *model, size_t epoch, size_t m)
{
    const struct diffmm__model_modality *modality = &model->modalities[m];
    char name[96];
    snprintf(name, sizeof name, "the denoiser of modality '%s'", modality->name);
    return diffmm__moments_check(epoch, "denoise", name, modality->diffusion->layers.size,
                                 modality->diffusion->second_moment);
}

static size_t batches_of_pass(const struct diffmm__denoisers *denoisers, const diffmm_model *model)
{
    size_t batch = denoisers->workspace.loss.plan.rows;
    return (model->users + batch - 1) / batch;
}

/* The batches of this process in an epoch, one after the other. */
struct course {
    size_t epoch;
    const struct diffmm__peers *peers;
    struct diffmm__progress *progress;
    size_t done, total;
};

/* An error, with the phase in which it happened. */
static diffmm_status failed(diffmm_status status, size_t epoch)
{
    return diffmm__progress_failed(status, epoch, "denoise");
}

/* A batch is done: tell the host, and meet the peers. */
static diffmm_status end_batch(struct course *course)
{
    diffmm_status status = diffmm__progress_step(
        course->progress, course->epoch, DIFFMM_PHASE_DENOISE, ++course->done, course->total);
    return status ? status : failed(diffmm__peers_meet(course->peers, 1), course->epoch);
}

/* All batches of one pass. */
static diffmm_status run_pass(struct diffmm__denoisers *denoisers, const diffmm_model *model,
                              const struct pass *pass, struct course *course, double *loss)
{
    size_t users = model->users, batch = denoisers->workspace.loss.plan.rows;
    struct diffmm__denoiser_batch some = whole_batch(model, pass);
    diffmm__denoiser_loss_prepare(&denoisers->workspace.loss, &some);
    diffmm__random_shuffle(
        model->settings.seed,
        diffmm__stream_pass(diffmm__stream_user_order(pass->draws_epoch), pass->draws_pass), users,
        denoisers->user_order);
    for (size_t first = 0; first < users; first += batch) {
        some.rows = users - first < batch ? users - first : batch;
        some.x0.row_of = denoisers->user_order + first;
        diffmm_status status =
            train_batch(denoisers, &model->modalities[pass->m], course->epoch, &some, loss);
        if (!status)
            status = end_batch(course);
        if (status)
            return status;
    }
    return DIFFMM_OK;
}

/* All passes over one modality. */
static diffmm_status train_modality(struct diffmm__denoisers *denoisers, const diffmm_model *model,
                                    size_t m, struct course *course, double *loss)
{
    size_t epoch = course->epoch, passes = diffmm__cadence_passes(&model->settings, epoch),
           batches = batches_of_pass(denoisers, model);
    diffmm_status status = DIFFMM_OK;
    *loss = 0.0;
    for (size_t p = 0; p < passes && !status; p++) {
        struct pass pass = pass_of(&model->settings, epoch, m, p);
        status = run_pass(denoisers, model, &pass, course, loss);
    }
    *loss /= (double)(passes * batches);
    return status ? status : check_gradients(model, epoch, m);
}

/* All denoisers have one shape, and so take the same FLOPs: in turn, they are spread as evenly as they
 * can be. */
size_t diffmm__denoisers_owner(size_t size, size_t m)
{
    return m % size;
}

size_t diffmm__denoisers_owned(size_t rank, size_t size, size_t modalities)
{
    return modalities / size + (rank < modalities % size);
}

/* What training has changed of a modality, from its owner to all: where the model is divided, the moments
 * stay with him. */
static diffmm_status share(const struct diffmm__denoisers *denoisers, const diffmm_model *model,
                           size_t m, const struct diffmm__peers *peers, double *loss)
{
    diffmm_diffusion *module = model->modalities[m].diffusion;
    size_t owner = diffmm__denoisers_owner(peers->size, m),
           bytes = module->layers.size * sizeof *module->values;
    float *const arrays[] = {module->values, module->first_moment, module->second_moment};
    diffmm_status status = diffmm__peers_broadcast(peers, owner, loss, sizeof *loss);
    if (denoisers->workspace.loss.plan.frozen)
        return status;
    if (!status)
        status = diffmm__peers_broadcast(peers, owner, &module->steps, sizeof module->steps);
    size_t shared = model->divided ? 1 : sizeof arrays / sizeof *arrays;
    for (size_t i = 0; i < shared && !status; i++)
        status = diffmm__peers_broadcast(peers, owner, arrays[i], bytes);
    return status;
}

static diffmm_status share_all(const struct diffmm__denoisers *denoisers, const diffmm_model *model,
                               size_t epoch, const struct diffmm__peers *peers, double *loss)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < model->modality_count && !status; m++)
        status = share(denoisers, model, m, peers, &loss[m]);
    return failed(status, epoch);
}

diffmm_status diffmm__denoisers_train(struct diffmm__denoisers *denoisers, diffmm_model *model,
                                      size_t epoch, const struct diffmm__peers *peers,
                                      struct diffmm__progress *progress, double *loss)
{
    size_t modalities = model->modality_count,
           batches =
               diffmm__cadence_passes(&model->settings, epoch) * batches_of_pass(denoisers, model);
    struct course course = {.epoch = epoch,
                            .peers = peers,
                            .progress = progress,
                            .total = batches *
                                     diffmm__denoisers_owned(peers->rank, peers->size, modalities)};
    const struct diffmm__share alone = diffmm__model_share_alone(model);
    diffmm_status status = diffmm__project(model, &alone);
    if (status)
        return failed(status, epoch);
    for (size_t m = 0; m < modalities && !status; m++)
        if (diffmm__denoisers_owner(peers->size, m) == peers->rank)
            status = train_modality(denoisers, model, m, &course, &loss[m]);
    if (!status)
        status = failed(diffmm__peers_meet(
                            peers, batches * diffmm__denoisers_owned(0, peers->size, modalities) -
                                       course.total),
                        epoch);
    return status ? status : share_all(denoisers, model, epoch, peers, loss);
}
