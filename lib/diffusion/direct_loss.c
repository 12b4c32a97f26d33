/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/direct_loss.h"

#include "base/pool.h"
#include "diffusion/elbo.h"

void diffmm__direct_loss_take(struct diffmm__arena *arena, size_t rows, size_t d,
                              struct diffmm__direct_loss *out)
{
    out->u = diffmm__arena_take(arena, rows * d, sizeof *out->u);
}

double diffmm__direct_loss_flops(const struct diffmm__layers *layers, size_t rows, size_t d)
{
    double b = (double)rows, items = (double)layers->items;
    double h = (double)layers->layer[layers->count - 1].inputs;
    return diffmm__denoiser_head_flops(layers, rows) + 6.0 * b * items * h +
           4.0 * b * items * (double)d;
}

/* x0 is sparse; x_hat becomes the residual, and then the gradient, in place. */
static void elbo_range(void *argument, size_t begin, size_t end)
{
    const struct diffmm__loss_run *run = argument;
    const struct diffmm__denoiser_batch *batch = run->batch;
    size_t items = run->pass.layers.items;
    for (size_t b = begin; b < end; b++) {
        float *residual = run->pass.output + b * items;
        double weight = diffmm__elbo_weight(run->schedule, batch->t[b], items);
        diffmm__batch_rows_add(&batch->x0, b, -1.0f, residual);
        run->elbo[b] = diffmm__elbo_row(weight, batch->rows, items, residual);
    }
}

void diffmm__direct_loss_terms(struct diffmm__direct_loss *loss, struct diffmm__loss_run *run)
{
    struct diffmm__denoiser_pass *pass = &run->pass;
    const struct diffmm__denoiser_batch *batch = run->batch;
    diffmm__denoiser_forward(pass, run->parameters, batch->rows, batch->t);
    if (batch->msi.d > 0)
        diffmm__msi_terms(pass->context, &batch->msi, &batch->x0, batch->rows, pass->layers.items,
                          pass->output, loss->u, run->msi);
    diffmm__parallel_ranges(pass->context, batch->rows, 16, elbo_range, run);
}

void diffmm__direct_loss_gradient(struct diffmm__direct_loss *loss, struct diffmm__loss_run *run,
                                  const struct diffmm__gradient *gradient)
{
    struct diffmm__denoiser_pass *pass = &run->pass;
    const struct diffmm__denoiser_batch *batch = run->batch;
    if (batch->msi.d > 0)
        diffmm__msi_gradient(pass->context, &batch->msi, batch->rows, pass->layers.items, loss->u,
                             1.0f, pass->output);
    diffmm__denoiser_backward(pass, run->parameters, batch->rows, pass->output, gradient);
}
