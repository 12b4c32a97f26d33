/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/q_sample.h"

#include <string.h>

#include "base/check.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"

void diffmm__q_sample_row(const diffmm_schedule *schedule,
                          const struct diffmm__denoiser_batch *batch, size_t b, size_t items,
                          float *x_t)
{
    const struct diffmm__draws *draws = &batch->draws;
    size_t t = (size_t)batch->t[b];
    if (draws->noise)
        memcpy(x_t, draws->noise + b * items, items * sizeof *x_t);
    else
        diffmm__draws_noise(draws, diffmm__batch_rows_row(&batch->x0, b), items, x_t);
    diffmm__kernels()->scale(items, diffmm__schedule_noise(schedule, t), x_t);
    diffmm__batch_rows_add(&batch->x0, b, diffmm__schedule_signal(schedule, t), x_t);
}

struct input {
    struct diffmm__denoiser_pass *pass;
    const diffmm_schedule *schedule;
    const struct diffmm__denoiser_batch *batch;
};

static void input_range(void *argument, size_t begin, size_t end)
{
    const struct input *in = argument;
    const struct diffmm__layers *layers = &in->pass->layers;
    const struct diffmm__draws *draws = &in->batch->draws;
    size_t items = layers->items;
    for (size_t b = begin; b < end; b++) {
        float *x = in->pass->input + b * layers->layer[1].inputs;
        diffmm__q_sample_row(in->schedule, in->batch, b, items, x);
        if (layers->normalize)
            diffmm__normalize_row(items, x);
        if (draws->dropout_scale)
            for (size_t i = 0; i < items; i++)
                x[i] *= draws->dropout_scale[b * items + i];
        else if (draws->dropout > 0.0)
            diffmm__draws_drop(draws, diffmm__batch_rows_row(&in->batch->x0, b), items, x);
    }
}

void diffmm__q_sample_input(struct diffmm__denoiser_pass *pass, const diffmm_schedule *schedule,
                            const struct diffmm__denoiser_batch *batch)
{
    struct input in = {.pass = pass, .schedule = schedule, .batch = batch};
    diffmm__parallel_ranges(pass->context, batch->rows, 8, input_range, &in);
}

diffmm_status diffmm_q_sample(const diffmm_schedule *schedule, size_t rows, size_t items,
                              const float *x0, const int32_t *t, const float *noise, float *x_t)
{
    if (!schedule || !x0 || !t || !noise || !x_t)
        return diffmm__null(!schedule ? "schedule"
                            : !x0     ? "x0"
                            : !t      ? "t"
                            : !noise  ? "noise"
                                      : "x_t");
    diffmm_status status;
    if ((status = diffmm__check_size("rows", rows, 0, INT32_MAX)) ||
        (status = diffmm__check_size("items", items, 0, INT32_MAX)) ||
        (status = diffmm__size_check_array("rows", rows, "items", items, sizeof *x0)) ||
        (status = diffmm__schedule_check_steps(schedule, rows, t)))
        return status;
    for (size_t b = 0; b < rows; b++) {
        float signal = diffmm__schedule_signal(schedule, (size_t)t[b]);
        float spread = diffmm__schedule_noise(schedule, (size_t)t[b]);
        for (size_t i = b * items; i < (b + 1) * items; i++)
            x_t[i] = signal * x0[i] + spread * noise[i];
    }
    return DIFFMM_OK;
}
