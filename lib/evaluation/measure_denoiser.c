/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures of a caller's module. */
#include "base/check.h"
#include "base/handle.h"
#include "base/status.h"
#include "base/structs.h"
#include "evaluation/denoiser_measures.h"
#include "module/batch.h"

/* The whole matrix is checked, not the batch's rows alone: popularity is counted in all of it. */
static diffmm_status check_matrix(const struct diffmm__csr *matrix, const char *prefix,
                                  const char *pointers, const char *indices)
{
    const struct diffmm__csr_expected expected = {.prefix = prefix,
                                                  .pointers = pointers,
                                                  .indices = indices,
                                                  .values = "row_values",
                                                  .columns = "items",
                                                  .ascending = true,
                                                  .status = DIFFMM_ERROR_INVALID_ARGUMENT};
    return diffmm__csr_check(matrix, &expected);
}

static size_t longest_row(const struct diffmm__denoiser_batch *batch)
{
    size_t longest = 0;
    for (size_t b = 0; b < batch->rows; b++) {
        size_t entries =
            diffmm__csr_row_entries(&batch->x0.matrix, diffmm__batch_rows_row(&batch->x0, b));
        longest = entries > longest ? entries : longest;
    }
    return longest;
}

static diffmm_status measure(const diffmm_diffusion *module,
                             const struct diffmm__denoiser_batch *batch,
                             const struct diffmm__csr *held, size_t cutoff,
                             diffmm_denoiser_measures *out)
{
    struct diffmm__sampling sampling = diffmm__module_sampling(&module->settings);
    struct diffmm__denoiser_measuring measuring;
    struct diffmm__popularity popularity;
    struct diffmm__generation plan;
    diffmm__denoiser_measuring_plan(&module->layers, module->settings.steps, &sampling,
                                    diffmm_diffusion_items(module), batch->rows, longest_row(batch),
                                    cutoff, &plan);
    diffmm_status status =
        diffmm__popularity_begin(module->context, &batch->x0.matrix, &popularity);
    if (status)
        return status;
    status = diffmm__denoiser_measuring_begin(module->context, &plan, &measuring);
    if (!status) {
        diffmm__denoiser_measuring_run(&measuring, module, NULL, batch, held, &popularity, cutoff,
                                       out);
        diffmm__denoiser_measuring_end(&measuring);
    }
    diffmm__popularity_end(&popularity);
    return status;
}

diffmm_status diffmm_diffusion_measure(const diffmm_diffusion *module,
                                       const diffmm_diffusion_batch *batch,
                                       const int64_t *held_pointers, const int32_t *held_items,
                                       size_t cutoff, diffmm_denoiser_measures *out)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !held_pointers || !out)
        return diffmm__null(!module ? "module" : !held_pointers ? "held_pointers" : "out");
    struct diffmm__denoiser_batch given;
    diffmm_denoiser_measures measures;
    diffmm_status status = diffmm__struct_check(&diffmm__layout_denoiser_measures, out, "out");
    if (!status)
        status = diffmm__check_size("cutoff", cutoff, 1, INT32_MAX);
    if (!status)
        status = diffmm__module_batch_read(module, batch, diffmm__module_reverse_draws, &given);
    if (status)
        return status;
    const struct diffmm__csr *train = &given.x0.matrix,
                             held = diffmm__csr_view(train->rows, train->columns, held_pointers,
                                                     held_items, NULL);
    status = check_matrix(train, "batch", "row_pointers", "row_items");
    if (!status)
        status = check_matrix(&held, NULL, "held_pointers", "held_items");
    if (!status)
        status = measure(module, &given, &held, cutoff, &measures);
    return status ? status
                  : diffmm__struct_write(out, &diffmm__layout_denoiser_measures, &measures, "out");
}
