/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/spectral_sample.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"

float diffmm__spectral_sample_kept(const struct diffmm__draws *draws, size_t b, size_t row,
                                   size_t items, size_t item)
{
    return draws->dropout_scale ? draws->dropout_scale[b * items + item]
                                : diffmm__draws_factor(draws, row, items, item);
}

/* Adds scale z_d. */
static void add_kept(const struct diffmm__basis *basis, const struct diffmm__denoiser_batch *batch,
                     size_t b, float scale, float *z)
{
    const struct diffmm__csr *x0 = &batch->x0.matrix;
    const struct diffmm__draws *draws = &batch->draws;
    size_t row = diffmm__batch_rows_row(&batch->x0, b);
    float weight = diffmm__basis_row_weight(basis, diffmm__csr_row_entries(x0, row));
    for (int64_t e = x0->pointers[row]; e < x0->pointers[row + 1]; e++) {
        size_t item = (size_t)x0->indices[e];
        float factor = scale * diffmm__basis_entry(basis, x0, e, weight) *
                       diffmm__spectral_sample_kept(draws, b, row, basis->items, item);
        if (factor != 0.0f)
            diffmm__kernels()->add_scaled(basis->rank, factor, basis->values + item * basis->rank,
                                          z);
    }
}

void diffmm__spectral_sample_row(const diffmm_schedule *schedule, const struct diffmm__basis *basis,
                                 const struct diffmm__denoiser_batch *batch, size_t b, bool drops,
                                 float *z_t)
{
    const struct diffmm__draws *draws = &batch->draws;
    size_t t = (size_t)batch->t[b], rank = basis->rank;
    if (draws->noise)
        memcpy(z_t, draws->noise + b * rank, rank * sizeof *z_t);
    else
        diffmm__draws_noise(draws, diffmm__batch_rows_row(&batch->x0, b), rank, z_t);
    float signal = diffmm__schedule_signal(schedule, t),
          spread = diffmm__schedule_noise(schedule, t);
    if (drops) {
        diffmm__kernels()->scale(rank, spread / sqrtf(1.0f - (float)draws->dropout), z_t);
        add_kept(basis, batch, b, signal, z_t);
    } else {
        diffmm__kernels()->scale(rank, spread, z_t);
        diffmm__basis_add_row(basis, &batch->x0, b, signal, z_t);
    }
}

struct input {
    struct diffmm__denoiser_pass *pass;
    const diffmm_schedule *schedule;
    const struct diffmm__basis *basis;
    const struct diffmm__denoiser_batch *batch;
};

static void input_range(void *argument, size_t begin, size_t end)
{
    const struct input *in = argument;
    const struct diffmm__layers *layers = &in->pass->layers;
    for (size_t b = begin; b < end; b++) {
        float *z = in->pass->input + b * layers->layer[1].inputs;
        diffmm__spectral_sample_row(in->schedule, in->basis, in->batch, b, true, z);
        if (layers->normalize)
            diffmm__normalize_row(in->basis->rank, z);
    }
}

void diffmm__spectral_sample_input(struct diffmm__denoiser_pass *pass,
                                   const diffmm_schedule *schedule,
                                   const struct diffmm__basis *basis,
                                   const struct diffmm__denoiser_batch *batch)
{
    struct input in = {.pass = pass, .schedule = schedule, .basis = basis, .batch = batch};
    diffmm__parallel_ranges(pass->context, batch->rows, 8, input_range, &in);
}
