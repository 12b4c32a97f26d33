/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/reverse_chain.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "base/structs.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"

struct chain {
    const struct diffmm__vector_kernels *kernels;
    struct diffmm__denoiser_pass *pass;
    const diffmm_schedule *schedule;
    const struct diffmm__denoiser_batch *batch;
    diffmm__reverse_chain_add add;
    void *adds;
    size_t sampling_steps;
    float *x;
    size_t step, noise_block;
    float noise_scale; /* 0: none */
};

/* Adds `scale` times noise block `block` to row b. */
static void add_noise(const struct chain *c, size_t block, size_t b, float scale, float *x)
{
    size_t items = c->pass->layers.items;
    struct diffmm__draws draws = c->batch->draws;
    if (draws.noise) {
        size_t rows = draws.noise_rows > 0 ? draws.noise_rows : c->batch->rows;
        c->kernels->add_scaled(items, scale, draws.noise + (block * rows + b) * items, x);
        return;
    }
    draws.noise_stream = diffmm__stream_reverse_block(draws.noise_stream, block);
    /* The row of output is not used before the next forward pass. */
    float *noise = c->pass->output + b * items;
    diffmm__draws_noise(&draws, diffmm__batch_rows_row(&c->batch->x0, b), items, noise);
    c->kernels->add_scaled(items, scale, noise, x);
}

static void start_range(void *argument, size_t begin, size_t end)
{
    const struct chain *c = argument;
    size_t items = c->pass->layers.items;
    for (size_t b = begin; b < end; b++) {
        float *x = c->x + b * items, signal = 1.0f;
        memset(x, 0, items * sizeof *x);
        if (c->sampling_steps > 0) {
            signal = diffmm__schedule_signal(c->schedule, c->sampling_steps - 1);
            add_noise(c, 0, b, diffmm__schedule_noise(c->schedule, c->sampling_steps - 1), x);
        }
        c->add(c->adds, b, signal, x);
    }
}

/* Fills the denoiser's input: x, row-normalised if the shape says so. */
static void input_range(void *argument, size_t begin, size_t end)
{
    const struct chain *c = argument;
    size_t items = c->pass->layers.items, stride = c->pass->layers.layer[1].inputs;
    for (size_t b = begin; b < end; b++) {
        float *input = c->pass->input + b * stride;
        memcpy(input, c->x + b * items, items * sizeof *input);
        if (c->pass->layers.normalize)
            diffmm__normalize_row(items, input);
    }
}

static void step_range(void *argument, size_t begin, size_t end)
{
    const struct chain *c = argument;
    size_t items = c->pass->layers.items, i = c->step;
    float c1 = (float)c->schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0][i];
    float c2 = (float)c->schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT][i];
    for (size_t b = begin; b < end; b++) {
        float *x = c->x + b * items;
        c->kernels->scale(items, c2, x);
        c->kernels->add_scaled(items, c1, c->pass->output + b * items, x);
        if (c->noise_scale > 0.0f)
            add_noise(c, c->noise_block, b, c->noise_scale, x);
    }
}

/* The user's x0, or its coordinates. */
static void add_x0(void *argument, size_t b, float scale, float *x)
{
    const struct diffmm__denoiser_batch *batch = argument;
    if (batch->basis)
        diffmm__basis_add_row(batch->basis, &batch->x0, b, scale, x);
    else
        diffmm__batch_rows_add(&batch->x0, b, scale, x);
}

void diffmm__reverse_chain_run(struct diffmm__denoiser_pass *pass, const diffmm_schedule *schedule,
                               const float *parameters, const struct diffmm__sampling *sampling,
                               const struct diffmm__denoiser_batch *batch, float *x)
{
    struct diffmm__denoiser_batch own = *batch;
    diffmm__reverse_chain_run_from(pass, schedule, parameters, sampling, batch, add_x0, &own, x);
}

void diffmm__reverse_chain_run_from(struct diffmm__denoiser_pass *pass,
                                    const diffmm_schedule *schedule, const float *parameters,
                                    const struct diffmm__sampling *sampling,
                                    const struct diffmm__denoiser_batch *batch,
                                    diffmm__reverse_chain_add add, void *adds, float *x)
{
    size_t rows = batch->rows;
    struct chain c = {.kernels = diffmm__kernels(),
                      .pass = pass,
                      .schedule = schedule,
                      .batch = batch,
                      .add = add,
                      .adds = adds,
                      .sampling_steps = sampling->sampling_steps,
                      .x = x};
    const double *log_variance = schedule->values[DIFFMM_SCHEDULE_POSTERIOR_LOG_VARIANCE];
    pass->linear = batch->basis ? batch->basis->linear : NULL;
    if (parameters && pass->linear && diffmm__layers_silent(&pass->layers, parameters))
        parameters = NULL;
    diffmm__parallel_ranges(pass->context, rows, 8, start_range, &c);
    c.noise_block = sampling->sampling_steps > 0 ? 1 : 0;
    for (size_t i = schedule->steps; i-- > 0; c.noise_block++) {
        c.step = i;
        c.noise_scale =
            sampling->sampling_noise && i > 0 ? (float)exp(0.5 * log_variance[i]) : 0.0f;
        diffmm__parallel_ranges(pass->context, rows, 8, input_range, &c);
        for (size_t b = 0; b < rows; b++)
            pass->steps[b] = (int32_t)i;
        diffmm__denoiser_forward(pass, parameters, rows, pass->steps);
        diffmm__parallel_ranges(pass->context, rows, 8, step_range, &c);
    }
}

static diffmm_status check(const diffmm_reverse_chain_arguments *a, const diffmm_schedule *schedule,
                           size_t items)
{
    if (!schedule || !a->parameters || !a->x0 || !a->x)
        return diffmm__null(!schedule        ? "schedule"
                            : !a->parameters ? "parameters"
                            : !a->x0         ? "x0"
                                             : "x");
    if (a->sampling_steps > schedule->steps)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "sampling_steps is %zu, but the schedule has %zu steps",
                            a->sampling_steps, schedule->steps);
    if (!a->noise && (a->sampling_steps > 0 || a->sampling_noise))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "noise is NULL, but sampling_steps or sampling_noise needs it");
    diffmm_status status = diffmm__check_size("rows", a->rows, 0, INT32_MAX);
    return status ? status
                  : diffmm__size_check_array("rows", a->rows, "shape: items", items, sizeof *a->x0);
}

diffmm_status diffmm_reverse_chain_with(diffmm_context *context, const diffmm_schedule *schedule,
                                        const diffmm_reverse_chain_arguments *arguments)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL schedule_call = diffmm__call_reads(schedule);
    if (!arguments)
        return diffmm__null("arguments");
    struct diffmm__layers layers;
    diffmm_reverse_chain_arguments a;
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_reverse_chain_arguments, arguments, "arguments");
    if (status || (status = diffmm__struct_reserved(a.reserved, "arguments")) ||
        (status = diffmm__layers_read(a.shape, &layers)) ||
        (status = check(&a, schedule, layers.items)) || a.rows == 0)
        return status;
    struct diffmm__sampling sampling = {.sampling_steps = a.sampling_steps,
                                        .sampling_noise = a.sampling_noise != 0};
    struct diffmm__denoiser_batch batch = {.rows = a.rows, .draws = {.noise = a.noise}};
    struct diffmm__denoiser_pass pass;
    struct diffmm__arena arena = diffmm__arena_on(context);
    status = diffmm__batch_rows_from_dense(&arena, a.rows, layers.items, a.x0, &batch.x0);
    if (!status) {
        diffmm__denoiser_pass_take(&arena, &layers, a.rows, DIFFMM__PASS_FORWARD, &pass);
        status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    }
    if (!status)
        diffmm__reverse_chain_run(&pass, schedule, a.parameters, &sampling, &batch, a.x);
    diffmm__arena_end(&arena);
    return status;
}

diffmm_status diffmm_reverse_chain(diffmm_context *context, const diffmm_denoiser_shape *shape,
                                   const diffmm_schedule *schedule, const float *parameters,
                                   size_t rows, const float *x0, size_t sampling_steps,
                                   int sampling_noise, const float *noise, float *x)
{
    const diffmm_reverse_chain_arguments arguments = {.struct_size = sizeof arguments,
                                                      .shape = shape,
                                                      .parameters = parameters,
                                                      .rows = rows,
                                                      .x0 = x0,
                                                      .sampling_steps = sampling_steps,
                                                      .sampling_noise = sampling_noise,
                                                      .noise = noise,
                                                      .x = x};
    return diffmm_reverse_chain_with(context, schedule, &arguments);
}
