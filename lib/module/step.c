/* SPDX-License-Identifier: BSD-2-Clause */
/* Training on one batch: losses, gradients, a step of Adam. */
#include <math.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "module/batch.h"
#include "optim/adam.h"

diffmm_status diffmm__module_workspace_create(const diffmm_context *context,
                                              const struct diffmm__layers *layers, size_t rows,
                                              size_t d, size_t entries,
                                              struct diffmm__module_workspace *out)
{
    *out =
        (struct diffmm__module_workspace){.arena = diffmm__arena_on(context), .entries = entries};
    diffmm_status status = diffmm__objective_create(context, layers, rows, d, entries,
                                                    DIFFMM__OBJECTIVE_CHEAPEST, &out->objective);
    out->t = diffmm__arena_take(&out->arena, rows, sizeof *out->t);
    if (!status)
        status = diffmm__gradient_tiles(context, layers, &out->arena, &out->gradient);
    if (status)
        diffmm__module_workspace_end(out);
    return status;
}

size_t diffmm__module_workspace_bytes(const struct diffmm__objective *objective, size_t entries,
                                      size_t threads)
{
    struct diffmm__arena steps = diffmm__arena_measure();
    diffmm__arena_take(&steps, objective->rows, sizeof(int32_t));
    size_t bytes = diffmm__size_sum(steps.bytes,
                                    diffmm__gradient_tiles_bytes(&objective->pass.layers, threads));
    return diffmm__size_sum(bytes, diffmm__objective_bytes(objective, entries));
}

void diffmm__module_workspace_end(struct diffmm__module_workspace *workspace)
{
    diffmm__objective_end(&workspace->objective);
    diffmm__arena_end(&workspace->arena);
    *workspace = (struct diffmm__module_workspace){0};
}

const char *diffmm__losses_wrong(const struct diffmm__denoiser_losses *losses)
{
    return !isfinite(losses->elbo) ? "ELBO" : !isfinite(losses->msi) ? "MSI" : NULL;
}

static struct diffmm__denoiser_losses objective(diffmm_diffusion *module,
                                                struct diffmm__module_workspace *workspace,
                                                const struct diffmm__module_batch *batch,
                                                struct diffmm__gradient *gradient)
{
    const struct diffmm__settings *s = &module->settings;
    struct diffmm__draws draws = {
        .noise = batch->noise,
        .dropout_scale = batch->dropout_scale,
        .seed = s->seed,
        .noise_stream = diffmm__stream_noise(module->modality, batch->epoch),
        .dropout_stream = diffmm__stream_dropout(module->modality, batch->epoch),
        .dropout = s->dropout};
    const int32_t *t = diffmm__module_batch_steps(module, batch, workspace->t);
    return diffmm__objective(&workspace->objective, module->schedule, module->values, batch->rows,
                             &batch->x0, t, &draws, &batch->msi, gradient);
}

struct step {
    struct diffmm__adam_coefficients factors;
    diffmm_diffusion *module;
};

static void step_tile(void *argument, size_t first, size_t rows, size_t columns, size_t stride,
                      const float *gradient)
{
    const struct step *s = argument;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    for (size_t r = 0; r < rows; r++) {
        size_t place = first + r * stride;
        kernels->adam(columns, &s->factors, s->module->values + place, gradient + r * columns,
                      s->module->first_moment + place, s->module->second_moment + place);
    }
}

struct diffmm__denoiser_losses diffmm__module_step(diffmm_diffusion *module,
                                                   struct diffmm__module_workspace *workspace,
                                                   const struct diffmm__module_batch *batch)
{
    struct step step = {
        .factors = diffmm__adam_factors(module->settings.denoiser_learning_rate, module->steps + 1),
        .module = module};
    workspace->gradient.take = step_tile;
    workspace->gradient.argument = &step;
    struct diffmm__denoiser_losses losses =
        objective(module, workspace, batch, &workspace->gradient);
    if (!diffmm__losses_wrong(&losses))
        module->steps++;
    return losses;
}

/* The module's own workspace, made for the largest batch that the options allow, so that the same
 * batch is computed the same way whatever came before it. */
static diffmm_status prepare(diffmm_diffusion *module, const struct diffmm__module_batch *batch)
{
    struct diffmm__module_workspace *workspace = &module->workspace;
    size_t most = module->settings.batch, entries = diffmm__module_batch_entries(batch);
    if (batch->rows > most)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "batch: rows is %zu, above the option batch, which is %zu", batch->rows,
                            most);
    if (workspace->objective.rows > 0 && workspace->objective.d == batch->msi.d &&
        workspace->entries >= entries)
        return DIFFMM_OK;
    diffmm__module_workspace_end(workspace);
    return diffmm__module_workspace_create(module->context, &module->layers, most, batch->msi.d,
                                           entries, workspace);
}

static diffmm_status give(const struct diffmm__module_batch *batch,
                          const struct diffmm__denoiser_losses *losses,
                          diffmm_diffusion_losses *out)
{
    const char *wrong = diffmm__losses_wrong(losses);
    if (wrong)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "batch: its %s loss is not finite", wrong);
    if (out)
        *out = (diffmm_diffusion_losses){.total = losses->elbo + batch->msi.weight * losses->msi,
                                         .elbo = losses->elbo,
                                         .msi = losses->msi};
    return DIFFMM_OK;
}

/* Squares of a gradient that have overflowed: Adam would no longer change that parameter. */
static diffmm_status check_moments(const diffmm_diffusion *module)
{
    size_t bad = diffmm__first_not_finite(module->layers.size, module->second_moment), n = 0;
    if (bad == module->layers.size)
        return DIFFMM_OK;
    while (n + 1 < 2 * module->layers.count &&
           diffmm__layers_tensor(&module->layers, n + 1).offset <= bad)
        n++;
    return diffmm__fail(DIFFMM_ERROR_NUMERIC, "batch: the gradient of '%s' is too large",
                        module->names[n]);
}

diffmm_status diffmm_diffusion_step(diffmm_diffusion *module, const diffmm_diffusion_batch *batch,
                                    diffmm_diffusion_losses *losses)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, module, "module");
    struct diffmm__module_batch given;
    if (!status)
        status = diffmm__module_batch_read(module, batch, &given);
    if (!status)
        status = prepare(module, &given);
    if (status)
        return status;
    struct diffmm__denoiser_losses found = diffmm__module_step(module, &module->workspace, &given);
    if (!diffmm__losses_wrong(&found) && (status = check_moments(module)))
        return status;
    return give(&given, &found, losses);
}

diffmm_status diffmm_diffusion_objective(diffmm_diffusion *module,
                                         const diffmm_diffusion_batch *batch,
                                         diffmm_diffusion_losses *losses, float *gradient)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, module, "module");
    struct diffmm__module_batch given;
    if (!status)
        status = diffmm__module_batch_read(module, batch, &given);
    if (!status)
        status = prepare(module, &given);
    if (status)
        return status;
    struct diffmm__gradient whole = {.values = gradient, .if_finite = true};
    struct diffmm__denoiser_losses found =
        objective(module, &module->workspace, &given, gradient ? &whole : NULL);
    return give(&given, &found, losses);
}
