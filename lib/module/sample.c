/* SPDX-License-Identifier: BSD-2-Clause */
/* What a module computes without learning: noise, predictions, reverse chain, neighbours. */
#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/numbers.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "diffusion/reverse.h"
#include "linalg/kernels.h"
#include "module/batch.h"

struct diffmm__draws diffmm__module_reverse_draws(const diffmm_diffusion *module, uint64_t epoch)
{
    return (struct diffmm__draws){.seed = module->settings.seed,
                                  .noise_stream =
                                      diffmm__stream_reverse_noise(module->modality, epoch)};
}

/* A batch, and that its caller can have room for `columns` floats of each row. */
static diffmm_status read_batch(const diffmm_diffusion *module, const diffmm_diffusion_batch *batch,
                                const char *columns_name, size_t columns,
                                struct diffmm__module_batch *out)
{
    diffmm_status status = diffmm__module_batch_read(module, batch, out);
    return status ? status
                  : diffmm__size_check_array("batch: rows", out->rows, columns_name, columns,
                                             sizeof(float));
}

struct corrupt {
    const diffmm_diffusion *module;
    const struct diffmm__module_batch *batch;
    const int32_t *t;
    struct diffmm__draws draws;
    float *x_t;
};

static void corrupt_range(void *argument, size_t begin, size_t end)
{
    const struct corrupt *c = argument;
    size_t items = c->module->layers.items;
    for (size_t b = begin; b < end; b++)
        diffmm__q_sample_row(c->module->schedule, &c->batch->x0, b, (size_t)c->t[b], &c->draws,
                             items, c->x_t + b * items);
}

diffmm_status diffmm_diffusion_corrupt(const diffmm_diffusion *module,
                                       const diffmm_diffusion_batch *batch, float *x_t)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !x_t)
        return diffmm__null(!module ? "module" : "x_t");
    struct diffmm__module_batch given;
    diffmm_status status = read_batch(module, batch, "items", module->layers.items, &given);
    if (status)
        return status;
    int32_t *drawn = diffmm__allocate(module->context, given.rows, sizeof *drawn);
    if (!drawn)
        return DIFFMM_ERROR_NO_MEMORY;
    struct corrupt c = {
        .module = module,
        .batch = &given,
        .t = diffmm__module_batch_steps(module, &given, drawn),
        .draws = {.noise = given.noise,
                  .seed = module->settings.seed,
                  .noise_stream = diffmm__stream_noise(module->modality, given.epoch)},
        .x_t = x_t};
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
    struct diffmm__pass pass;
    size_t items = module->layers.items;
    diffmm_status status = diffmm__check_size("rows", rows, 0, INT32_MAX);
    if (status || (status = diffmm__size_check_array("rows", rows, "items", items, sizeof *x)) ||
        (status = diffmm__check_steps(module->schedule, rows, t)))
        return status;
    size_t bad = diffmm__first_not_finite(rows * items, x);
    if (bad < rows * items)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "x: value %zu is not finite", bad);
    if (rows == 0)
        return DIFFMM_OK;
    status =
        diffmm__pass_create(module->context, &module->layers, rows, DIFFMM__PASS_FORWARD, &pass);
    if (status)
        return status;
    diffmm__pass_read(&pass, rows, x, NULL);
    diffmm__denoiser_forward(&pass, module->values, rows, t);
    memcpy(x_hat, pass.output, rows * items * sizeof *x_hat);
    diffmm__pass_end(&pass);
    return DIFFMM_OK;
}

diffmm_status diffmm_diffusion_reverse(const diffmm_diffusion *module,
                                       const diffmm_diffusion_batch *batch, float *x)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !x)
        return diffmm__null(!module ? "module" : "x");
    struct diffmm__module_batch given;
    struct diffmm__pass pass;
    diffmm_status status = read_batch(module, batch, "items", module->layers.items, &given);
    if (!status)
        status = diffmm__pass_create(module->context, &module->layers, given.rows,
                                     DIFFMM__PASS_FORWARD, &pass);
    if (status)
        return status;
    struct diffmm__sampling sampling = diffmm__module_sampling(&module->settings);
    struct diffmm__draws draws = diffmm__module_reverse_draws(module, given.epoch);
    draws.noise = given.noise;
    diffmm__reverse_direct(&pass, module->schedule, module->values, given.rows, &given.x0,
                           &sampling, &draws, x);
    diffmm__pass_end(&pass);
    return DIFFMM_OK;
}

diffmm_status diffmm_diffusion_generate(const diffmm_diffusion *module,
                                        const diffmm_diffusion_batch *batch, size_t count,
                                        int32_t *items, float *scores)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !items)
        return diffmm__null(!module ? "module" : "items");
    struct diffmm__module_batch given;
    struct diffmm__generation plan;
    diffmm_status status = diffmm__check_size("count", count, 1, module->layers.items);
    if (!status)
        status = read_batch(module, batch, "count", count, &given);
    if (status)
        return status;
    struct diffmm__sampling sampling = diffmm__module_sampling(&module->settings);
    struct diffmm__draws draws = diffmm__module_reverse_draws(module, given.epoch);
    draws.noise = given.noise;
    diffmm__generation_plan(&module->layers, module->settings.steps, &sampling, given.rows, count,
                            &plan);
    return diffmm__generate_all(module->context, &plan, module->schedule, module->values, &given.x0,
                                &draws, items, scores);
}
