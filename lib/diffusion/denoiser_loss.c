/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/denoiser_loss.h"

#include <math.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "diffusion/q_sample.h"
#include "diffusion/spectral_sample.h"

/* Whether the denoiser stands in a basis. */
static bool in_basis(const struct diffmm__loss_plan *plan)
{
    return plan->layers.basis_items > 0;
}

double diffmm__denoiser_loss_naive_flops(const struct diffmm__loss_plan *plan, size_t rows)
{
    if (!in_basis(plan))
        return diffmm__direct_loss_flops(&plan->layers, rows, plan->d);
    return plan->frozen ? diffmm__basis_loss_value_flops(&plan->layers, rows, plan->d)
                        : diffmm__basis_loss_flops(&plan->layers, rows, plan->d);
}

double diffmm__denoiser_loss_flops(const struct diffmm__loss_plan *plan, size_t rows)
{
    return plan->gram ? diffmm__gram_loss_flops(&plan->layers, rows, plan->d)
                      : diffmm__denoiser_loss_naive_flops(plan, rows);
}

double diffmm__denoiser_loss_prepare_flops(const struct diffmm__loss_plan *plan)
{
    return in_basis(plan) ? diffmm__basis_loss_prepare_flops(&plan->layers, plan->d) : 0.0;
}

void diffmm__denoiser_loss_plan(const struct diffmm__layers *layers, size_t rows, size_t d,
                                enum diffmm__loss_strategy strategy, struct diffmm__loss_plan *out)
{
    *out = (struct diffmm__loss_plan){.layers = *layers, .rows = rows, .d = d};
    if (in_basis(out))
        return;
    out->gram = strategy == DIFFMM__LOSS_GRAM || (strategy == DIFFMM__LOSS_CHEAPEST &&
                                                  diffmm__gram_loss_flops(layers, rows, d) <
                                                      diffmm__direct_loss_flops(layers, rows, d));
}

static void log_plan(const diffmm_context *context, const struct diffmm__loss_plan *plan)
{
    diffmm__log(context, DIFFMM_LOG_DEBUG,
                "denoiser loss: %s strategy (GFLOP of a batch: direct %.3g, Gram %.3g)",
                plan->gram ? "Gram" : "direct",
                diffmm__direct_loss_flops(&plan->layers, plan->rows, plan->d) * 1e-9,
                diffmm__gram_loss_flops(&plan->layers, plan->rows, plan->d) * 1e-9);
}

void diffmm__denoiser_loss_take(struct diffmm__arena *arena, const struct diffmm__loss_plan *plan,
                                size_t entries, struct diffmm__denoiser_loss *out)
{
    *out = (struct diffmm__denoiser_loss){.plan = *plan};
    if (!arena->measures && !in_basis(plan))
        log_plan(arena->context, plan);
    diffmm__denoiser_pass_take(arena, &plan->layers, plan->rows,
                               plan->gram ? DIFFMM__PASS_HEAD : DIFFMM__PASS_TRAIN, &out->run.pass);
    out->run.elbo = diffmm__arena_take(arena, plan->rows, sizeof(double));
    out->run.msi = diffmm__arena_take(arena, plan->rows, sizeof(double));
    if (in_basis(plan))
        diffmm__basis_loss_take(arena, &plan->layers, plan->rows, plan->d, &out->basis);
    else if (plan->gram)
        diffmm__gram_loss_take(arena, &plan->layers, plan->rows, plan->d, entries, &out->gram);
    else
        diffmm__direct_loss_take(arena, plan->rows, plan->d, &out->direct);
}

void diffmm__denoiser_loss_prepare(struct diffmm__denoiser_loss *loss,
                                   const struct diffmm__denoiser_batch *batch)
{
    if (batch->basis && batch->msi.d > 0)
        diffmm__basis_loss_prepare(&loss->basis, loss->run.pass.context, batch->basis, batch->msi.d,
                                   batch->msi.features);
}

static struct diffmm__denoiser_losses means(const struct diffmm__loss_run *run)
{
    struct diffmm__denoiser_losses losses = {0};
    double rows = (double)run->batch->rows;
    for (size_t b = 0; b < run->batch->rows; b++) {
        losses.elbo += run->elbo[b] / rows;
        losses.msi += run->batch->msi.d > 0 ? run->msi[b] / rows : 0.0;
    }
    return losses;
}

struct diffmm__denoiser_losses
diffmm__denoiser_loss_compute(struct diffmm__denoiser_loss *loss, const diffmm_schedule *schedule,
                              const float *parameters, const struct diffmm__denoiser_batch *batch,
                              const struct diffmm__gradient *gradient)
{
    struct diffmm__loss_run *run = &loss->run;
    run->schedule = schedule;
    run->parameters = parameters;
    run->batch = batch;
    if (!gradient && batch->basis && batch->basis->linear &&
        diffmm__layers_silent(&run->pass.layers, parameters))
        run->parameters = NULL; /* the layers add nothing */
    if (batch->basis)
        diffmm__spectral_sample_input(&run->pass, schedule, batch->basis, batch);
    else
        diffmm__q_sample_input(&run->pass, schedule, batch);
    if (batch->basis)
        diffmm__basis_loss_terms(&loss->basis, run);
    else if (loss->plan.gram)
        diffmm__gram_loss_terms(&loss->gram, run);
    else
        diffmm__direct_loss_terms(&loss->direct, run);
    struct diffmm__denoiser_losses losses = means(run);
    bool always = gradient && gradient->values && !gradient->if_finite;
    if (!gradient || !(always || isfinite(losses.elbo + losses.msi)))
        return losses;
    if (batch->basis)
        diffmm__basis_loss_gradient(&loss->basis, run, gradient);
    else if (loss->plan.gram)
        diffmm__gram_loss_gradient(&loss->gram, run, gradient);
    else
        diffmm__direct_loss_gradient(&loss->direct, run, gradient);
    return losses;
}

const char *diffmm__denoiser_loss_wrong(const struct diffmm__denoiser_losses *losses)
{
    return !isfinite(losses->elbo) ? "ELBO" : !isfinite(losses->msi) ? "MSI" : NULL;
}

static void give(const struct diffmm__dense_loss *dense, double weight,
                 const struct diffmm__denoiser_losses *losses)
{
    if (dense->loss)
        *dense->loss = losses->elbo + weight * losses->msi;
    if (dense->elbo)
        *dense->elbo = losses->elbo;
    if (dense->msi)
        *dense->msi = losses->msi;
}

diffmm_status diffmm__denoiser_loss_of_dense(diffmm_context *context,
                                             const struct diffmm__layers *layers,
                                             const struct diffmm__dense_loss *dense,
                                             struct diffmm__denoiser_batch *batch)
{
    struct diffmm__loss_plan plan;
    struct diffmm__denoiser_loss loss;
    struct diffmm__arena arena = diffmm__arena_on(context);
    diffmm__denoiser_loss_plan(layers, batch->rows, batch->msi.d, DIFFMM__LOSS_CHEAPEST, &plan);
    diffmm_status status =
        diffmm__batch_rows_from_dense(&arena, batch->rows, dense->items, dense->x0, &batch->x0);
    if (!status) {
        diffmm__denoiser_loss_take(&arena, &plan, diffmm__csr_entries(&batch->x0.matrix), &loss);
        status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    }
    if (!status) {
        struct diffmm__gradient gradient = {.values = dense->gradient};
        diffmm__denoiser_loss_prepare(&loss, batch);
        struct diffmm__denoiser_losses losses = diffmm__denoiser_loss_compute(
            &loss, dense->schedule, dense->parameters, batch, dense->gradient ? &gradient : NULL);
        give(dense, batch->msi.weight, &losses);
    }
    diffmm__arena_end(&arena);
    return status;
}

static diffmm_status check(const diffmm_denoiser_loss_arguments *a, const diffmm_schedule *schedule,
                           size_t items)
{
    if (!schedule || !a->parameters || !a->x0 || !a->t || !a->noise)
        return diffmm__null(!schedule        ? "schedule"
                            : !a->parameters ? "parameters"
                            : !a->x0         ? "x0"
                            : !a->t          ? "t"
                                             : "noise");
    if (a->d > 0 && (!a->features || !a->item_embedding))
        return diffmm__null(!a->features ? "features" : "item_embedding");
    if (!isfinite(a->e_loss))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "e_loss is not finite");
    diffmm_status status = diffmm__check_size("rows", a->rows, 1, INT32_MAX);
    if (!status)
        status = diffmm__check_size("d", a->d, 0, diffmm__most_columns);
    if (!status)
        status = diffmm__size_check_array("rows", a->rows, "shape: items", items, sizeof *a->x0);
    return status ? status : diffmm__schedule_check_steps(schedule, a->rows, a->t);
}

diffmm_status diffmm_denoiser_loss_with(diffmm_context *context, const diffmm_schedule *schedule,
                                        const diffmm_denoiser_loss_arguments *arguments)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL schedule_call = diffmm__call_reads(schedule);
    if (!arguments)
        return diffmm__null("arguments");
    struct diffmm__layers layers;
    diffmm_denoiser_loss_arguments a;
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_denoiser_loss_arguments, arguments, "arguments");
    if (status || (status = diffmm__layers_read(a.shape, &layers)) ||
        (status = check(&a, schedule, layers.items)))
        return status;
    struct diffmm__denoiser_batch batch = {
        .rows = a.rows,
        .t = a.t,
        .draws = {.noise = a.noise, .dropout_scale = a.dropout_scale},
        .msi = {.d = a.d,
                .features = a.features,
                .item_embedding = a.item_embedding,
                .weight = a.e_loss}};
    const struct diffmm__dense_loss dense = {.schedule = schedule,
                                             .parameters = a.parameters,
                                             .items = layers.items,
                                             .x0 = a.x0,
                                             .loss = a.loss,
                                             .elbo = a.elbo,
                                             .msi = a.msi,
                                             .gradient = a.grad_parameters};
    return diffmm__denoiser_loss_of_dense(context, &layers, &dense, &batch);
}

diffmm_status diffmm_denoiser_loss(diffmm_context *context, const diffmm_denoiser_shape *shape,
                                   const diffmm_schedule *schedule, const float *parameters,
                                   size_t rows, const float *x0, const int32_t *t,
                                   const float *noise, const float *dropout_scale, size_t d,
                                   const float *features, const float *item_embedding,
                                   double e_loss, double *loss, double *elbo, double *msi,
                                   float *grad_parameters)
{
    const diffmm_denoiser_loss_arguments arguments = {.struct_size = sizeof arguments,
                                                      .shape = shape,
                                                      .parameters = parameters,
                                                      .rows = rows,
                                                      .x0 = x0,
                                                      .t = t,
                                                      .noise = noise,
                                                      .dropout_scale = dropout_scale,
                                                      .d = d,
                                                      .features = features,
                                                      .item_embedding = item_embedding,
                                                      .e_loss = e_loss,
                                                      .loss = loss,
                                                      .elbo = elbo,
                                                      .msi = msi,
                                                      .grad_parameters = grad_parameters};
    return diffmm_denoiser_loss_with(context, schedule, &arguments);
}
