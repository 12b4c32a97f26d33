/* SPDX-License-Identifier: BSD-2-Clause */
#include "module/batch.h"

#include <math.h>

#include "base/check.h"
#include "base/status.h"
#include "base/structs.h"

static diffmm_status check_row(const diffmm_diffusion_batch *batch, size_t row, size_t items)
{
    int64_t begin = batch->row_pointers[row], end = batch->row_pointers[row + 1], last = -1;
    if (begin < 0 || end < begin)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "batch: row_pointers[%zu] is %lld, and the next is %lld", row,
                            (long long)begin, (long long)end);
    if (end > begin && !batch->row_items)
        return diffmm__null("batch: row_items");
    for (int64_t e = begin; e < end; last = batch->row_items[e++]) {
        int32_t item = batch->row_items[e];
        if (item < 0 || (size_t)item >= items)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "batch: row_items[%lld] is %d, but there are %zu items",
                                (long long)e, item, items);
        if (item <= last)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "batch: row_items[%lld] is %d, not above the one before it in row "
                                "%zu, %lld",
                                (long long)e, item, row, (long long)last);
        if (batch->row_values && !isfinite(batch->row_values[e]))
            return diffmm__fail(DIFFMM_ERROR_NUMERIC, "batch: row_values[%lld] is not finite",
                                (long long)e);
    }
    return DIFFMM_OK;
}

static diffmm_status check_rows(const diffmm_diffusion_batch *batch, size_t items)
{
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
        status = check_row(batch, batch->row_numbers ? (size_t)batch->row_numbers[b] : b, items);
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
    if (batch.rows == 0 && !batch.row_numbers)
        batch.rows = batch.users;
    if ((status = check_rows(&batch, module->layers.items)) || (status = check_terms(&batch)) ||
        (batch.t && (status = diffmm__schedule_check_steps(module->schedule, batch.rows, batch.t))))
        return status;
    *out = (struct diffmm__denoiser_batch){
        .rows = batch.rows,
        .x0 = {.pointers = batch.row_pointers,
               .items = batch.row_items,
               .values = batch.row_values,
               .row_of = batch.row_numbers,
               .ascending = true},
        .t = batch.t,
        .draws = draws(module, batch.epoch),
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
