/* SPDX-License-Identifier: BSD-2-Clause */
/* What a module computes without learning: noise, predictions, reverse chain, neighbours. */
#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "diffusion/generate_neighbors.h"
#include "diffusion/q_sample.h"
#include "diffusion/spectral_sample.h"
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

/* Room for the coordinates of `rows` rows; NULL where the denoiser is not spectral. */
static float *take_coordinates(struct diffmm__arena *arena, const diffmm_diffusion *module,
                               size_t rows)
{
    return module->basis_values
               ? diffmm__arena_take(arena, rows * module->basis.rank, sizeof(float))
               : NULL;
}

/* The rows over the items that have the coordinates z, of the batch's users. */
static void write_rows(const diffmm_diffusion *module, const struct diffmm__denoiser_batch *batch,
                       float *z, float *x)
{
    for (size_t b = 0; b < batch->rows; b++)
        diffmm__basis_unweight_row(batch->basis, &batch->x0, b, z + b * batch->basis->rank);
    diffmm__basis_write(module->context, batch->basis, batch->rows, z, x);
}

struct corrupt {
    const diffmm_diffusion *module;
    const struct diffmm__denoiser_batch *batch;
    float *x_t; /* or z_t */
};

static void corrupt_range(void *argument, size_t begin, size_t end)
{
    const struct corrupt *c = argument;
    const struct diffmm__basis *basis = c->batch->basis;
    size_t width = c->module->layers.items;
    for (size_t b = begin; b < end; b++)
        if (basis)
            diffmm__spectral_sample_row(c->module->schedule, basis, c->batch, b, false,
                                        c->x_t + b * width);
        else
            diffmm__q_sample_row(c->module->schedule, c->batch, b, width, c->x_t + b * width);
}

diffmm_status diffmm_diffusion_corrupt(const diffmm_diffusion *module,
                                       const diffmm_diffusion_batch *batch, float *x_t)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !x_t)
        return diffmm__null(!module ? "module" : "x_t");
    struct diffmm__denoiser_batch given;
    diffmm_status status =
        read_batch(module, batch, "items", module->items, diffmm__module_draws, &given);
    if (status)
        return status;
    struct diffmm__arena arena = diffmm__arena_on(module->context);
    int32_t *drawn = diffmm__arena_take(&arena, given.rows, sizeof *drawn);
    float *z = take_coordinates(&arena, module, given.rows);
    status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status) {
        diffmm__module_batch_draw_steps(module, &given, drawn);
        struct corrupt c = {.module = module, .batch = &given, .x_t = z ? z : x_t};
        diffmm__parallel_ranges(module->context, given.rows, 8, corrupt_range, &c);
        if (z)
            write_rows(module, &given, z, x_t);
    }
    diffmm__arena_end(&arena);
    return status;
}

diffmm_status diffmm_diffusion_denoise(const diffmm_diffusion *module, size_t rows, const float *x,
                                       const int32_t *t, float *x_hat)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !x || !t || !x_hat)
        return diffmm__null(!module ? "module" : !x ? "x" : !t ? "t" : "x_hat");
    struct diffmm__denoiser_pass pass;
    size_t items = module->items;
    diffmm_status status = diffmm__check_size("rows", rows, 0, INT32_MAX);
    if (status || (status = diffmm__size_check_array("rows", rows, "items", items, sizeof *x)) ||
        (status = diffmm__schedule_check_steps(module->schedule, rows, t)))
        return status;
    if ((status = diffmm__check_finite("x", rows * items, x)) || rows == 0)
        return status;
    struct diffmm__arena arena = diffmm__arena_on(module->context);
    diffmm__denoiser_pass_take(&arena, &module->layers, rows, DIFFMM__PASS_FORWARD, &pass);
    float *z = take_coordinates(&arena, module, rows);
    struct diffmm__denoiser_batch given = {.rows = rows, .basis = &module->basis};
    if (z)
        diffmm__batch_rows_from_dense(&arena, rows, items, x, &given.x0);
    status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status) {
        pass.linear = module->linear;
        for (size_t b = 0; b < rows && z; b++) {
            memset(z + b * module->basis.rank, 0, module->basis.rank * sizeof *z);
            diffmm__basis_add_row(&module->basis, &given.x0, b, 1.0f, z + b * module->basis.rank);
        }
        diffmm__denoiser_pass_read(&pass, rows, z ? z : x, NULL);
        diffmm__denoiser_forward(&pass, module->values, rows, t);
        if (z)
            write_rows(module, &given, pass.output, x_hat);
        else
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
    diffmm_status status =
        read_batch(module, batch, "items", module->items, diffmm__module_reverse_draws, &given);
    if (status)
        return status;
    struct diffmm__arena arena = diffmm__arena_on(module->context);
    diffmm__denoiser_pass_take(&arena, &module->layers, given.rows, DIFFMM__PASS_FORWARD, &pass);
    float *z = take_coordinates(&arena, module, given.rows);
    status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status) {
        struct diffmm__sampling sampling = diffmm__module_sampling(&module->settings);
        diffmm__reverse_chain_run(&pass, module->schedule, module->values, &sampling, &given,
                                  z ? z : x);
        if (z)
            write_rows(module, &given, z, x);
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
    diffmm_status status = diffmm__check_size("count", count, 1, module->items);
    if (!status)
        status = read_batch(module, batch, "count", count, diffmm__module_reverse_draws, &given);
    if (status)
        return status;
    struct diffmm__sampling sampling = diffmm__module_sampling(&module->settings);
    diffmm__generation_plan(&module->layers, module->settings.steps, &sampling, given.rows, count,
                            &plan);
    plan.unseen = module->settings.generate_unseen;
    return diffmm__generator_run_all(module->context, &plan, module->schedule, module->values,
                                     &given, items, scores);
}
