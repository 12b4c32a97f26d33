/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and work of a module, from its shape. */
#include "base/check.h"
#include "base/context.h"
#include "base/handle.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "module/module.h"
#include "options/options.h"

/* Settings, and the blocks that hold them. */
enum { small_blocks = 8 << 10 };

size_t diffmm__module_bytes(const struct diffmm__layers *layers,
                            const struct diffmm__settings *settings)
{
    const size_t parts[] = {
        diffmm__size_product(3, diffmm__allocation_bytes(layers->size, sizeof(float))),
        diffmm__allocation_bytes(2 * layers->count, DIFFMM__TENSOR_NAME),
        diffmm__allocation_bytes(settings->steps * DIFFMM__SCHEDULE_QUANTITIES, sizeof(double)),
        diffmm__allocation_bytes(1, sizeof(diffmm_diffusion)), small_blocks};
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        bytes = diffmm__size_sum(bytes, parts[i]);
    return bytes;
}

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
    struct diffmm__objective objective;
    struct diffmm__generation generation;
    struct diffmm__sampling sampling = diffmm__module_sampling(&s);
    diffmm__objective_plan(&layers, s.batch, s.msi ? s.embedding_size : 0,
                           DIFFMM__OBJECTIVE_CHEAPEST, &objective);
    diffmm__generation_plan(&layers, s.steps, &sampling, users, s.rebuild_k, &generation);
    diffmm_diffusion_needs needs = {
        .struct_size = sizeof needs,
        .parameters = layers.size,
        .module_bytes = diffmm__module_bytes(&layers, &s),
        .training_bytes =
            diffmm__module_workspace_bytes(&objective, entries, diffmm_context_threads(context)),
        .generate_bytes = diffmm__size_sum(diffmm__generation_bytes(&generation), small_blocks),
        .step_flops = diffmm__objective_flops(&objective, s.batch),
        .generate_flops = diffmm__generation_flops(&generation)};
    return diffmm__struct_write(out, &diffmm__layout_diffusion_needs, &needs, "out");
}
