/* SPDX-License-Identifier: BSD-2-Clause */
/* Every modality's denoiser is trained over all users, in shuffled batches. Item embeddings and
 * projected features are constants here. */
#include "train/denoisers.h"

#include <stdio.h>

#include "base/random.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "model/project.h"
#include "model/workspace.h"
#include "module/step.h"
#include "train/moments.h"

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

/* One batch: loss, gradient, Adam step. */
static diffmm_status train_batch(struct diffmm__denoisers *denoisers, const diffmm_model *model,
                                 size_t epoch, size_t m, const int32_t *users, size_t rows,
                                 double *loss)
{
    const struct diffmm__settings *s = &model->settings;
    diffmm_diffusion *module = model->modalities[m].diffusion;
    struct diffmm__denoiser_batch batch = {
        .rows = rows,
        .x0 = {.matrix = model->catalog->train, .row_of = users},
        .draws = diffmm__module_draws(module, epoch),
        .msi = {.d = s->msi ? model->d : 0,
                .features = model->workspace->modality[m].projected,
                .item_embedding = diffmm__item_embedding(model)->values,
                .weight = s->e_loss}};
    struct diffmm__denoiser_losses losses =
        diffmm__module_step(module, &denoisers->workspace, &batch);
    const char *wrong = diffmm__denoiser_loss_wrong(&losses);
    if (wrong)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "epoch %zu, denoise: the %s loss of modality '%s' is not finite", epoch,
                            wrong, model->modalities[m].name);
    *loss += losses.elbo + s->e_loss * losses.msi;
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

diffmm_status diffmm__denoisers_train(struct diffmm__denoisers *denoisers, diffmm_model *model,
                                      size_t epoch, struct diffmm__progress *progress, double *loss)
{
    size_t users = model->users, batch = denoisers->workspace.loss.plan.rows,
           batches = (users + batch - 1) / batch;
    diffmm_status status = diffmm__project(model);
    if (status)
        return diffmm__fail(status, "epoch %zu, denoise: %s", epoch, diffmm_error_message());
    diffmm__random_shuffle(model->settings.seed, diffmm__stream_user_order(epoch), users,
                           denoisers->user_order);
    for (size_t m = 0; m < model->modality_count; m++) {
        loss[m] = 0.0;
        for (size_t b = 0; b < batches; b++) {
            size_t first = b * batch, rows = users - first < batch ? users - first : batch;
            status = train_batch(denoisers, model, epoch, m, denoisers->user_order + first, rows,
                                 &loss[m]);
            if (!status)
                status =
                    diffmm__progress_step(progress, epoch, DIFFMM_PHASE_DENOISE,
                                          m * batches + b + 1, model->modality_count * batches);
            if (status)
                return status;
        }
        loss[m] /= (double)batches;
        status = check_gradients(model, epoch, m);
        if (status)
            return status;
    }
    return DIFFMM_OK;
}
