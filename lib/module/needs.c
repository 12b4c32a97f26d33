/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and FLOPs of a module, from its shape. */
#include "base/check.h"
#include "base/context.h"
#include "base/handle.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "diffusion/generate_neighbors.h"
#include "module/module.h"
#include "options/options.h"

diffmm_status diffmm_diffusion_forecast(diffmm_context *context, size_t items, size_t users,
                                        size_t entries, const diffmm_options *options,
                                        diffmm_diffusion_needs *out)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    if (!context || !out)
        return diffmm__null(!context ? "context" : "out");
    struct diffmm__settings s;
    struct diffmm__layers layers;
    diffmm_options *copy = NULL;
    diffmm_status status;
    if ((status = diffmm__check_size("items", items, 1, INT32_MAX)) ||
        (status = diffmm__check_size("users", users, 1, INT32_MAX)) ||
        (status = diffmm__check_size("entries", entries, 0, users * items)) ||
        (status = diffmm__options_copy(context, options, &copy)))
        return status;
    status = diffmm__settings_read(copy, &s);
    diffmm_options_destroy(copy);
    if (!status)
        status = diffmm__module_layers(items, &s, &layers);
    if (!status && s.rebuild_k > items)
        status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "rebuild_k is %zu, but there are %zu items", s.rebuild_k, items);
    if (status)
        return status;
    enum { small_blocks = 8 << 10 }; /* the generator's handle */
    struct diffmm__loss_plan loss;
    struct diffmm__generation generation;
    struct diffmm__sampling sampling = diffmm__module_sampling(&s);
    diffmm__denoiser_loss_plan(&layers, s.denoiser_batch, s.msi ? s.embedding_size : 0,
                               DIFFMM__LOSS_CHEAPEST, &loss);
    diffmm__generation_plan(&layers, s.steps, &sampling, users, s.rebuild_k, &generation);
    diffmm_diffusion_needs needs = {
        .struct_size = sizeof needs,
        .parameters = layers.size,
        .module_bytes = diffmm__module_bytes(&layers, &s),
        .training_bytes =
            diffmm__module_workspace_bytes(&loss, entries, diffmm_context_threads(context)),
        .generate_bytes = diffmm__size_sum(diffmm__generator_bytes(&generation), small_blocks),
        .step_flops = diffmm__denoiser_loss_prepare_flops(&loss) +
                      diffmm__denoiser_loss_flops(&loss, s.denoiser_batch),
        .generate_flops = diffmm__generation_flops(&generation)};
    return diffmm__struct_write(out, &diffmm__layout_diffusion_needs, &needs, "out");
}
