/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 1 of an epoch: train every modality's denoiser over all users, in shuffled batches. Item
 * embeddings and projected features are constants here. */
#include <math.h>
#include <stdio.h>

#include "base/random.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "diffusion/schedule.h"
#include "model/workspace.h"
#include "optim/adam.h"
#include "train/trainer.h"

static void lay_out(struct diffmm__diffusion_workspace *w, const struct diffmm__work *work)
{
    w->user_order = diffmm__arena_take(&w->arena, work->users, sizeof(int32_t));
    w->t = diffmm__arena_take(&w->arena, work->objective.rows, sizeof(int32_t));
    w->pointers = diffmm__arena_take(&w->arena, work->users + 1, sizeof(int64_t));
    w->generated =
        diffmm__arena_take(&w->arena, work->users * work->settings->rebuild_k, sizeof(int32_t));
}

size_t diffmm__diffusion_workspace_bytes(const struct diffmm__work *work, size_t threads)
{
    struct diffmm__diffusion_workspace measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, work);
    const size_t parts[] = {
        diffmm__gradient_tiles_bytes(&work->objective.pass.layers, threads),
        diffmm__objective_bytes(&work->objective, work->pairs),
        diffmm__generation_bytes(&work->generation),
        diffmm__allocation_bytes(work->settings->steps * DIFFMM__SCHEDULE_QUANTITIES,
                                 sizeof(double))};
    size_t bytes = measured.arena.bytes;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        bytes = diffmm__size_sum(bytes, parts[i]);
    return bytes;
}

diffmm_status diffmm__diffusion_workspace_create(diffmm_trainer *trainer)
{
    struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    const struct diffmm__work *work = &trainer->work;
    const struct diffmm__settings *s = work->settings;
    const struct diffmm__layers *layers = &work->objective.pass.layers;
    size_t batch = work->objective.rows;
    diffmm_status status;
    w->arena = diffmm__arena_on(trainer->context);
    if ((status = diffmm_schedule_create(trainer->context, s->steps, s->noise_scale, s->noise_min,
                                         s->noise_max, s->beta_fixed, &w->schedule)) ||
        (status =
             diffmm__objective_create(trainer->context, layers, batch, work->objective.d,
                                      work->pairs, DIFFMM__OBJECTIVE_CHEAPEST, &w->objective)) ||
        (status = diffmm__generator_create(trainer->context, &work->generation, w->schedule,
                                           &w->generator)))
        return status;
    lay_out(w, work);
    return diffmm__gradient_tiles(trainer->context, layers, &w->arena, &w->gradient);
}

void diffmm__diffusion_workspace_destroy(diffmm_trainer *trainer)
{
    struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    diffmm__generator_destroy(w->generator);
    diffmm__objective_end(&w->objective);
    diffmm_schedule_destroy(w->schedule);
    diffmm__arena_end(&w->arena);
}

/* An Adam step of one denoiser. */
struct step {
    struct diffmm__adam_factors factors;
    struct diffmm__denoiser *denoiser;
};

static void step_tile(void *argument, size_t first, size_t rows, size_t columns, size_t stride,
                      const float *gradient)
{
    const struct step *s = argument;
    const struct diffmm__kernels *kernels = diffmm__kernels();
    for (size_t r = 0; r < rows; r++) {
        size_t place = first + r * stride;
        kernels->adam(columns, &s->factors, s->denoiser->values + place, gradient + r * columns,
                      s->denoiser->first_moment + place, s->denoiser->second_moment + place);
    }
}

/* One batch: loss, gradient, Adam step. */
static diffmm_status train_batch(diffmm_trainer *trainer, size_t m, const int32_t *users,
                                 size_t rows, double *loss)
{
    struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    struct diffmm__denoiser *denoiser = &model->modalities[m].denoiser;
    uint64_t epoch = trainer->epoch + 1;
    struct diffmm__batch_rows x0 = {.pointers = model->catalog->seen.pointers,
                                    .items = model->catalog->seen.items,
                                    .row_of = users};
    struct diffmm__draws draws = {.seed = s->seed,
                                  .noise_stream = diffmm__stream_noise(m, epoch),
                                  .dropout_stream = diffmm__stream_dropout(m, epoch),
                                  .dropout = s->dropout};
    struct diffmm__msi msi = {.d = s->msi ? model->d : 0,
                              .features = model->workspace->modality[m].projected,
                              .item_embedding = diffmm__item_embedding(model)->values,
                              .weight = s->e_loss};
    uint64_t time_stream = diffmm__stream_time(m, epoch);
    for (size_t b = 0; b < rows; b++)
        w->t[b] = (int32_t)diffmm__random_below(s->seed, time_stream, (uint64_t)users[b], s->steps);

    struct step step = {.factors =
                            diffmm__adam_factors(s->denoiser_learning_rate, denoiser->steps + 1),
                        .denoiser = denoiser};
    w->gradient.take = step_tile;
    w->gradient.argument = &step;
    struct diffmm__denoiser_losses losses = diffmm__objective(
        &w->objective, w->schedule, denoiser->values, rows, &x0, w->t, &draws, &msi, &w->gradient);
    if (!isfinite(losses.elbo) || !isfinite(losses.msi))
        return diffmm__fail(
            DIFFMM_ERROR_NUMERIC, "epoch %zu, denoise: the %s loss of modality '%s' is not finite",
            (size_t)epoch, isfinite(losses.elbo) ? "MSI" : "ELBO", model->modalities[m].name);
    denoiser->steps++;
    *loss += losses.elbo + s->e_loss * losses.msi;
    return DIFFMM_OK;
}

static diffmm_status check_gradients(const diffmm_trainer *trainer, size_t m)
{
    const struct diffmm__model_modality *modality = &trainer->model->modalities[m];
    char name[96];
    snprintf(name, sizeof name, "the denoiser of modality '%s'", modality->name);
    return diffmm__trainer_check_moments(trainer, "denoise", name, modality->denoiser.size,
                                         modality->denoiser.second_moment);
}

diffmm_status diffmm__phase_denoise(diffmm_trainer *trainer)
{
    struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    diffmm_model *model = trainer->model;
    size_t users = model->users, batch = w->objective.rows, batches = (users + batch - 1) / batch;
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
