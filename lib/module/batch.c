/* SPDX-License-Identifier: BSD-2-Clause */
#include "module/batch.h"

#include <math.h>

#include "base/check.h"
#include "base/status.h"
#include "base/structs.h"

static diffmm_status check_rows(const diffmm_diffusion_batch *batch, const struct diffmm__csr *csr)
{
    const struct diffmm__csr_expected expected = {.prefix = "batch",
                                                  .pointers = "row_pointers",
                                                  .indices = "row_items",
                                                  .values = "row_values",
                                                  .columns = "items",
                                                  .ascending = true,
                                                  .status = DIFFMM_ERROR_INVALID_ARGUMENT};
    diffmm_status status = DIFFMM_OK;
    if (!batch->row_pointers)
        return diffmm__null("batch: row_pointers");
    if ((status = diffmm__check_size("batch: users", batch->users, 1, INT32_MAX)) ||
        (status = diffmm__check_size("batch: rows", batch->rows, 1,
                                     batch->row_numbers ? INT32_MAX : batch->users)))
        return status;
    if (batch->row_numbers)
        status = diffmm__check_known("batch: row_numbers", batch->row_numbers, batch->rows,
                                     batch->users, "users");
    for (size_t b = 0; b < batch->rows && !status; b++)
        status = diffmm__csr_check_row(csr, batch->row_numbers ? (size_t)batch->row_numbers[b] : b,
                                       &expected);
    return status;
}

static diffmm_status check_terms(const diffmm_diffusion_batch *batch)
{
    if (batch->d > 0 && (!batch->features || !batch->item_embedding))
        return diffmm__null(!batch->features ? "batch: features" : "batch: item_embedding");
    if (!isfinite(batch->e_loss))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "batch: e_loss is not finite");
    if (batch->epoch > UINT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "batch: epoch is %llu, not below 2^32",
                            (unsigned long long)batch->epoch);
    return diffmm__check_size("batch: d", batch->d, 0, diffmm__most_columns);
}

diffmm_status diffmm__module_batch_read(const diffmm_diffusion *module,
                                        const diffmm_diffusion_batch *callers,
                                        diffmm__module_draws_of draws,
                                        struct diffmm__denoiser_batch *out)
{
    if (!callers)
        return diffmm__null("batch");
    diffmm_diffusion_batch batch;
    diffmm_status status =
        diffmm__struct_read(&batch, &diffmm__layout_diffusion_batch, callers, "batch");
    if (status)
        return status;
    struct diffmm__csr matrix = diffmm__csr_view(batch.users, module->items, batch.row_pointers,
                                                 batch.row_items, batch.row_values);
    if (batch.rows == 0 && !batch.row_numbers)
        batch.rows = batch.users;
    if ((status = check_rows(&batch, &matrix)) || (status = check_terms(&batch)) ||
        (batch.t && (status = diffmm__schedule_check_steps(module->schedule, batch.rows, batch.t))))
        return status;
    *out = (struct diffmm__denoiser_batch){
        .rows = batch.rows,
        .x0 = {.matrix = matrix, .row_of = batch.row_numbers, .ascending = true},
        .t = batch.t,
        .draws = draws(module, batch.epoch),
        .basis = diffmm__module_basis(module),
        .dropped_only = module->settings.dropped_only,
        .msi = {.d = batch.d,
                .features = batch.features,
                .item_embedding = batch.item_embedding,
                .weight = batch.e_loss != 0.0 ? batch.e_loss : module->settings.e_loss}};
    out->draws.noise = batch.noise;
    out->draws.dropout_scale = batch.dropout_scale;
    return DIFFMM_OK;
}

void diffmm__module_batch_draw_steps(const diffmm_diffusion *module,
                                     struct diffmm__denoiser_batch *batch, int32_t *room)
{
    if (batch->t)
        return;
    for (size_t b = 0; b < batch->rows; b++)
        room[b] = diffmm__draws_step(&batch->draws, diffmm__batch_rows_row(&batch->x0, b),
                                     module->settings.steps);
    batch->t = room;
}
