/* SPDX-License-Identifier: BSD-2-Clause */
/* The loss of a spectral denoiser as a term of its own, on plain arrays. */
#include <math.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "diffusion/denoiser_loss.h"

static diffmm_status check_arrays(const diffmm_spectral_loss_arguments *a,
                                  const diffmm_schedule *schedule)
{
    if (!schedule || !a->basis || !a->parameters || !a->x0 || !a->t || !a->noise)
        return diffmm__null(!schedule        ? "schedule"
                            : !a->basis      ? "basis"
                            : !a->parameters ? "parameters"
                            : !a->x0         ? "x0"
                            : !a->t          ? "t"
                                             : "noise");
    if (a->d > 0 && (!a->features || !a->item_embedding))
        return diffmm__null(!a->features ? "features" : "item_embedding");
    return DIFFMM_OK;
}

static diffmm_status check(const diffmm_spectral_loss_arguments *a, const diffmm_schedule *schedule,
                           size_t rank)
{
    diffmm_status status = check_arrays(a, schedule);
    if (status)
        return status;
    if (!isfinite(a->e_loss))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "e_loss is not finite");
    if (!(a->dropout >= 0.0 && a->dropout < 1.0))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "dropout is not from 0 to below 1");
    if ((status = diffmm__check_size("items", a->items, 1, INT32_MAX)) ||
        (status = diffmm__check_size("rows", a->rows, 1, INT32_MAX)) ||
        (status = diffmm__check_size("d", a->d, 0, diffmm__most_columns)) ||
        (status = diffmm__size_check_array("rows", a->rows, "items", a->items, sizeof *a->x0)) ||
        (status = diffmm__size_check_array("items", a->items, "rank", rank, sizeof *a->basis)))
        return status;
    if (rank > a->items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "shape: items, the rank of the basis, is %zu, above the %zu items",
                            rank, a->items);
    return diffmm__schedule_check_steps(schedule, a->rows, a->t);
}

static diffmm_status compute(struct diffmm__arena *arena, const diffmm_schedule *schedule,
                             const struct diffmm__layers *layers,
                             const diffmm_spectral_loss_arguments *a)
{
    const struct diffmm__basis basis = {
        .items = a->items, .rank = layers->items, .values = a->basis};
    struct diffmm__denoiser_batch batch = {
        .rows = a->rows,
        .t = a->t,
        .draws = {.noise = a->noise,
                  .dropout_scale = a->dropout_scale,
                  .dropout = a->dropout_scale ? a->dropout : 0.0},
        .msi = {.d = a->d,
                .features = a->features,
                .item_embedding = a->item_embedding,
                .weight = a->e_loss},
        .basis = &basis};
    struct diffmm__loss_plan plan;
    struct diffmm__denoiser_loss loss;
    diffmm__denoiser_loss_plan(layers, a->rows, a->d, DIFFMM__LOSS_CHEAPEST, &plan);
    diffmm_status status =
        diffmm__batch_rows_from_dense(arena, a->rows, a->items, a->x0, &batch.x0);
    if (status)
        return status;
    diffmm__denoiser_loss_take(arena, &plan, diffmm__csr_entries(&batch.x0.matrix), &loss);
    if (arena->failed)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__denoiser_loss_prepare(&loss, &batch);
    struct diffmm__gradient gradient = {.values = a->grad_parameters};
    struct diffmm__denoiser_losses losses = diffmm__denoiser_loss_compute(
        &loss, schedule, a->parameters, &batch, a->grad_parameters ? &gradient : NULL);
    if (a->loss)
        *a->loss = losses.elbo + a->e_loss * losses.msi;
    if (a->elbo)
        *a->elbo = losses.elbo;
    if (a->msi)
        *a->msi = losses.msi;
    return DIFFMM_OK;
}

diffmm_status diffmm_spectral_loss_with(diffmm_context *context, const diffmm_schedule *schedule,
                                        const diffmm_spectral_loss_arguments *arguments)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL schedule_call = diffmm__call_reads(schedule);
    if (!arguments)
        return diffmm__null("arguments");
    struct diffmm__layers layers;
    diffmm_spectral_loss_arguments a;
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_spectral_loss_arguments, arguments, "arguments");
    if (status || (status = diffmm__layers_read(a.shape, &layers)) ||
        (status = check(&a, schedule, layers.items)))
        return status;
    diffmm__layers_set_basis(&layers, a.items);
    struct diffmm__arena arena = diffmm__arena_on(context);
    status = compute(&arena, schedule, &layers, &a);
    diffmm__arena_end(&arena);
    return status;
}
