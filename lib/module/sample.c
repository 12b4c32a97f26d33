/* SPDX-License-Identifier: BSD-2-Clause */
/* What a module computes without learning: noise, predictions, reverse chain, neighbours. */
#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/numbers.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "diffusion/generate_neighbors.h"
#include "diffusion/q_sample.h"
#include "module/batch.h"

/* Reads a batch, and checks that the caller can have an array of rows x columns floats. */
static diffmm_status read_batch(const diffmm_diffusion *module, const diffmm_diffusion_batch *batch,
                                const char *columns_name, size_t columns,
                                diffmm__module_draws_of draws, struct diffmm__denoiser_batch *out)
{
    diffmm_status status = diffmm__module_batch_read(module, batch, draws, out);
    return status ? status
                  : diffmm__size_check_array("batch: rows", out->rows, columns_name, columns,
                                             sizeof(float));
}

struct corrupt {
    const diffmm_diffusion *module;
    const struct diffmm__denoiser_batch *batch;
    float *x_t;
};

static void corrupt_range(void *argument, size_t begin, size_t end)
{
    const struct corrupt *c = argument;
    size_t items = c->module->layers.items;
    for (size_t b = begin; b < end; b++)
        diffmm__q_sample_row(c->module->schedule, c->batch, b, items, c->x_t + b * items);
}

diffmm_status diffmm_diffusion_corrupt(const diffmm_diffusion *module,
                                       const diffmm_diffusion_batch *batch, float *x_t)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !x_t)
        return diffmm__null(!module ? "module" : "x_t");
    struct diffmm__denoiser_batch given;
    diffmm_status status =
        read_batch(module, batch, "items", module->layers.items, diffmm__module_draws, &given);
    if (status)
        return status;
    int32_t *drawn = diffmm__allocate(module->context, given.rows, sizeof *drawn);
    if (!drawn)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__module_batch_draw_steps(module, &given, drawn);
    struct corrupt c = {.module = module, .batch = &given, .x_t = x_t};
    diffmm__parallel_ranges(module->context, given.rows, 8, corrupt_range, &c);
    diffmm__release(module->context, drawn);
    return DIFFMM_OK;
}

diffmm_status diffmm_diffusion_denoise(const diffmm_diffusion *module, size_t rows, const float *x,
                                       const int32_t *t, float *x_hat)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !x || !t || !x_hat)
        return diffmm__null(!module ? "module" : !x ? "x" : !t ? "t" : "x_hat");
    struct diffmm__denoiser_pass pass;
    size_t items = module->layers.items;
    diffmm_status status = diffmm__check_size("rows", rows, 0, INT32_MAX);
    if (status || (status = diffmm__size_check_array("rows", rows, "items", items, sizeof *x)) ||
        (status = diffmm__schedule_check_steps(module->schedule, rows, t)))
        return status;
    size_t bad = diffmm__first_not_finite(rows * items, x);
    if (bad < rows * items)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "x: value %zu is not finite", bad);
    if (rows == 0)
        return DIFFMM_OK;
    struct diffmm__arena arena = diffmm__arena_on(module->context);
    diffmm__denoiser_pass_take(&arena, &module->layers, rows, DIFFMM__PASS_FORWARD, &pass);
    status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status) {
        diffmm__denoiser_pass_read(&pass, rows, x, NULL);
        diffmm__denoiser_forward(&pass, module->values, rows, t);
        memcpy(x_hat, pass.output, rows * items * sizeof *x_hat);
    }
    diffmm__arena_end(&arena);
    return status;
}

diffmm_status diffmm_diffusion_reverse(const diffmm_diffusion *module,
                                       const diffmm_diffusion_batch *batch, float *x)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !x)
        return diffmm__null(!module ? "module" : "x");
    struct diffmm__denoiser_batch given;
    struct diffmm__denoiser_pass pass;
    diffmm_status status = read_batch(module, batch, "items", module->layers.items,
                                      diffmm__module_reverse_draws, &given);
    if (status)
        return status;
    struct diffmm__arena arena = diffmm__arena_on(module->context);
    diffmm__denoiser_pass_take(&arena, &module->layers, given.rows, DIFFMM__PASS_FORWARD, &pass);
    status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status) {
        struct diffmm__sampling sampling = diffmm__module_sampling(&module->settings);
        diffmm__reverse_chain_run(&pass, module->schedule, module->values, &sampling, &given, x);
    }
    diffmm__arena_end(&arena);
    return status;
}

diffmm_status diffmm_diffusion_generate(const diffmm_diffusion *module,
                                        const diffmm_diffusion_batch *batch, size_t count,
                                        int32_t *items, float *scores)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !items)
        return diffmm__null(!module ? "module" : "items");
    struct diffmm__denoiser_batch given;
    struct diffmm__generation plan;
    diffmm_status status = diffmm__check_size("count", count, 1, module->layers.items);
    if (!status)
        status = read_batch(module, batch, "count", count, diffmm__module_reverse_draws, &given);
    if (status)
        return status;
    struct diffmm__sampling sampling = diffmm__module_sampling(&module->settings);
    diffmm__generation_plan(&module->layers, module->settings.steps, &sampling, given.rows, count,
                            &plan);
    return diffmm__generator_run_all(module->context, &plan, module->schedule, module->values,
                                     &given, items, scores);
}
