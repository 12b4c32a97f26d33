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
    const struct diffmm__basis basis = {.items = a.items, .rank = layers.items, .values = a.basis};
    struct diffmm__denoiser_batch batch = {.rows = a.rows,
                                           .t = a.t,
                                           .draws = {.noise = a.noise,
                                                     .dropout_scale = a.dropout_scale,
                                                     .dropout = a.dropout_scale ? a.dropout : 0.0},
                                           .msi = {.d = a.d,
                                                   .features = a.features,
                                                   .item_embedding = a.item_embedding,
                                                   .weight = a.e_loss},
                                           .basis = &basis};
    const struct diffmm__dense_loss dense = {.schedule = schedule,
                                             .parameters = a.parameters,
                                             .items = a.items,
                                             .x0 = a.x0,
                                             .loss = a.loss,
                                             .elbo = a.elbo,
                                             .msi = a.msi,
                                             .gradient = a.grad_parameters};
    return diffmm__denoiser_loss_of_dense(context, &layers, &dense, &batch);
}
