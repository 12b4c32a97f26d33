/* SPDX-License-Identifier: BSD-2-Clause */
/* Training on one batch: losses, gradients, a step of Adam. */
#include "module/step.h"

#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "module/batch.h"
#include "optim/adam.h"

static struct diffmm__denoiser_losses compute(const diffmm_diffusion *module,
                                              struct diffmm__module_workspace *workspace,
                                              const struct diffmm__denoiser_batch *batch,
                                              const struct diffmm__gradient *gradient)
{
    struct diffmm__denoiser_batch drawn = *batch;
    diffmm__module_batch_draw_steps(module, &drawn, workspace->t);
    return diffmm__denoiser_loss_compute(&workspace->loss, module->schedule, module->values, &drawn,
                                         gradient);
}

struct diffmm__denoiser_losses diffmm__module_step(diffmm_diffusion *module,
                                                   struct diffmm__module_workspace *workspace,
                                                   const struct diffmm__denoiser_batch *batch,
                                                   double rate)
{
    workspace->gradient.step =
        (struct diffmm__gradient_step){.factors = diffmm__adam_factors(rate, module->steps + 1),
                                       .parameters = module->values,
                                       .first_moment = module->first_moment,
                                       .second_moment = module->second_moment};
    struct diffmm__denoiser_losses losses = compute(module, workspace, batch, &workspace->gradient);
    if (!diffmm__denoiser_loss_wrong(&losses))
        module->steps++;
    return losses;
}

struct diffmm__denoiser_losses diffmm__module_losses(const diffmm_diffusion *module,
                                                     struct diffmm__module_workspace *workspace,
                                                     const struct diffmm__denoiser_batch *batch)
{
    return compute(module, workspace, batch, NULL);
}

/* Prepares the module's own workspace. It is made for the largest batch that the options allow, so
 * that the strategy for a batch does not depend on the batches before it. */
static diffmm_status prepare(diffmm_diffusion *module, const struct diffmm__denoiser_batch *batch)
{
    struct diffmm__module_workspace *workspace = &module->workspace;
    size_t most = module->settings.denoiser_batch, d = batch->msi.d;
    size_t entries = diffmm__batch_rows_entries(&batch->x0, batch->rows);
    if (batch->rows > most)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "batch: rows is %zu, above the option batch, which is %zu", batch->rows,
                            most);
    if (workspace->loss.plan.rows > 0 && workspace->loss.plan.d == d &&
        workspace->entries >= entries)
        return DIFFMM_OK;
    struct diffmm__loss_plan plan;
    diffmm__denoiser_loss_plan(&module->layers, most, d, DIFFMM__LOSS_CHEAPEST, &plan);
    diffmm__module_workspace_end(workspace);
    return diffmm__module_workspace_begin(module->context, &plan, entries, workspace);
}

static diffmm_status give(const struct diffmm__denoiser_batch *batch,
                          const struct diffmm__denoiser_losses *losses,
                          diffmm_diffusion_losses *out)
{
    const char *wrong = diffmm__denoiser_loss_wrong(losses);
    if (wrong)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "batch: its %s loss is not finite", wrong);
    if (out)
        *out = (diffmm_diffusion_losses){.total = losses->elbo + batch->msi.weight * losses->msi,
                                         .elbo = losses->elbo,
                                         .msi = losses->msi};
    return DIFFMM_OK;
}

/* Refuses squares of a gradient that have overflowed: Adam would no longer change that
 * parameter. */
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
    struct diffmm__denoiser_batch given;
    if (!status)
        status = diffmm__module_batch_read(module, batch, diffmm__module_draws, &given);
    if (!status)
        status = prepare(module, &given);
    if (status)
        return status;
    diffmm__denoiser_loss_prepare(&module->workspace.loss, &given);
    struct diffmm__denoiser_losses found = diffmm__module_step(
        module, &module->workspace, &given, module->settings.denoiser_learning_rate);
    if (!diffmm__denoiser_loss_wrong(&found) && (status = check_moments(module)))
        return status;
    return give(&given, &found, losses);
}

diffmm_status diffmm_diffusion_objective(diffmm_diffusion *module,
                                         const diffmm_diffusion_batch *batch,
                                         diffmm_diffusion_losses *losses, float *gradient)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, module, "module");
    struct diffmm__denoiser_batch given;
    if (!status)
        status = diffmm__module_batch_read(module, batch, diffmm__module_draws, &given);
    if (!status)
        status = prepare(module, &given);
    if (status)
        return status;
    diffmm__denoiser_loss_prepare(&module->workspace.loss, &given);
    struct diffmm__gradient whole = {.values = gradient, .if_finite = true};
    struct diffmm__denoiser_losses found =
        compute(module, &module->workspace, &given, gradient ? &whole : NULL);
    return give(&given, &found, losses);
}
