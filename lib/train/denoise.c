/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 1 of an epoch: train every modality's denoiser over all users, in shuffled batches. Item
 * embeddings and projected features are constants here. */
#include <stdio.h>

#include "base/random.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "model/workspace.h"
#include "train/trainer.h"

static void lay_out(struct diffmm__diffusion_workspace *w, const struct diffmm__work *work)
{
    w->user_order = diffmm__arena_take(&w->arena, work->users, sizeof(int32_t));
    w->pointers = diffmm__arena_take(&w->arena, work->users + 1, sizeof(int64_t));
    w->generated =
        diffmm__arena_take(&w->arena, work->users * work->settings->rebuild_k, sizeof(int32_t));
}

size_t diffmm__diffusion_workspace_bytes(const struct diffmm__work *work, size_t threads)
{
    struct diffmm__diffusion_workspace measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, work);
    return diffmm__size_sum(
        measured.arena.bytes,
        diffmm__size_sum(diffmm__module_workspace_bytes(&work->objective, work->pairs, threads),
                         diffmm__generation_bytes(&work->generation)));
}

diffmm_status diffmm__diffusion_workspace_create(diffmm_trainer *trainer)
{
    struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    const struct diffmm__work *work = &trainer->work;
    const diffmm_diffusion *module = trainer->model->modalities[0].diffusion;
    diffmm_status status;
    w->arena = diffmm__arena_on(trainer->context);
    if ((status = diffmm__module_workspace_create(trainer->context, &module->layers,
                                                  work->objective.rows, work->objective.d,
                                                  work->pairs, &w->training)) ||
        (status = diffmm__generator_create(trainer->context, &work->generation, module->schedule,
                                           &w->generator)))
        return status;
    lay_out(w, work);
    return w->arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

void diffmm__diffusion_workspace_destroy(diffmm_trainer *trainer)
{
    struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    diffmm__generator_destroy(w->generator);
    diffmm__module_workspace_end(&w->training);
    diffmm__arena_end(&w->arena);
}

/* One batch: loss, gradient, Adam step. */
static diffmm_status train_batch(diffmm_trainer *trainer, size_t m, const int32_t *users,
                                 size_t rows, double *loss)
{
    const diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    uint64_t epoch = trainer->epoch + 1;
    struct diffmm__module_batch batch = {
        .rows = rows,
        .x0 = {.pointers = model->catalog->seen.pointers,
               .items = model->catalog->seen.items,
               .row_of = users},
        .epoch = epoch,
        .msi = {.d = s->msi ? model->d : 0,
                .features = model->workspace->modality[m].projected,
                .item_embedding = diffmm__item_embedding(model)->values,
                .weight = s->e_loss}};
    struct diffmm__denoiser_losses losses =
        diffmm__module_step(model->modalities[m].diffusion, &trainer->diffusion.training, &batch);
    const char *wrong = diffmm__losses_wrong(&losses);
    if (wrong)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "epoch %zu, denoise: the %s loss of modality '%s' is not finite",
                            (size_t)epoch, wrong, model->modalities[m].name);
    *loss += losses.elbo + s->e_loss * losses.msi;
    return DIFFMM_OK;
}

static diffmm_status check_gradients(const diffmm_trainer *trainer, size_t m)
{
    const struct diffmm__model_modality *modality = &trainer->model->modalities[m];
    char name[96];
    snprintf(name, sizeof name, "the denoiser of modality '%s'", modality->name);
    return diffmm__trainer_check_moments(trainer, "denoise", name, modality->diffusion->layers.size,
                                         modality->diffusion->second_moment);
}

diffmm_status diffmm__phase_denoise(diffmm_trainer *trainer)
{
    struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    diffmm_model *model = trainer->model;
    size_t users = model->users, batch = w->training.objective.rows,
           batches = (users + batch - 1) / batch;
    diffmm_status status = diffmm__project(model);
    if (status)
        return diffmm__fail(status, "epoch %zu, denoise: %s", trainer->epoch + 1,
                            diffmm_error_message());
    diffmm__random_shuffle(model->settings.seed, diffmm__stream_user_order(trainer->epoch + 1),
                           users, w->user_order);
    for (size_t m = 0; m < model->modality_count; m++) {
        trainer->denoiser_loss[m] = 0.0;
        for (size_t b = 0; b < batches; b++) {
            size_t first = b * batch, rows = users - first < batch ? users - first : batch;
            status =
                train_batch(trainer, m, w->user_order + first, rows, &trainer->denoiser_loss[m]);
            if (!status)
                status =
                    diffmm__trainer_continue(trainer, DIFFMM_PHASE_DENOISE, m * batches + b + 1,
                                             model->modality_count * batches);
            if (status)
                return status;
        }
        trainer->denoiser_loss[m] /= (double)batches;
        status = check_gradients(trainer, m);
        if (status)
            return status;
    }
    return DIFFMM_OK;
}
