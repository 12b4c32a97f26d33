/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/basis_loss.h"

#include "base/pool.h"
#include "diffusion/elbo.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

void diffmm__basis_loss_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                             size_t rows, size_t d, struct diffmm__basis_loss *out)
{
    out->z0 = diffmm__arena_take(arena, rows * layers->items, sizeof *out->z0);
    out->u = diffmm__arena_take(arena, rows * d, sizeof *out->u);
    out->g = diffmm__arena_take(arena, layers->items * d, sizeof *out->g);
}

double diffmm__basis_loss_flops(const struct diffmm__layers *layers, size_t rows, size_t d)
{
    double b = (double)rows, rank = (double)layers->items;
    double h = (double)layers->layer[layers->count - 1].inputs;
    return diffmm__denoiser_head_flops(layers, rows) + 6.0 * b * rank * h +
           4.0 * b * rank * (double)d;
}

double diffmm__basis_loss_prepare_flops(const struct diffmm__layers *layers, size_t d)
{
    return 2.0 * (double)layers->basis_items * (double)layers->items * (double)d;
}

void diffmm__basis_loss_prepare(struct diffmm__basis_loss *loss, const diffmm_context *context,
                                const struct diffmm__basis *basis, size_t d, const float *features)
{
    diffmm__gemm(context, basis->rank, d, basis->items, 1.0f,
                 diffmm__transposed(basis->values, basis->rank), diffmm__plain(features, d), 0.0f,
                 loss->g, d);
}

/* ||x0||^2 - ||z0||^2 of batch row b: the square of what the basis cannot express. It is not
 * negative, whatever rounding says. */
static double outside(const struct diffmm__batch_rows *x0, size_t b, size_t rank, const float *z0)
{
    const struct diffmm__csr *matrix = &x0->matrix;
    size_t row = diffmm__batch_rows_row(x0, b);
    double squares = -diffmm__kernels()->dot(rank, z0, z0);
    for (int64_t e = matrix->pointers[row]; e < matrix->pointers[row + 1]; e++)
        squares += matrix->values ? (double)matrix->values[e] * (double)matrix->values[e] : 1.0;
    return squares > 0.0 ? squares : 0.0;
}

struct terms {
    struct diffmm__basis_loss *loss;
    struct diffmm__loss_run *run;
};

/* z_hat becomes the residual, and then the gradient, in place. */
static void elbo_range(void *argument, size_t begin, size_t end)
{
    const struct terms *s = argument;
    const struct diffmm__loss_run *run = s->run;
    const struct diffmm__denoiser_batch *batch = run->batch;
    const struct diffmm__basis *basis = batch->basis;
    size_t rank = basis->rank;
    for (size_t b = begin; b < end; b++) {
        float *z0 = s->loss->z0 + b * rank, *residual = run->pass.output + b * rank;
        double weight = diffmm__elbo_weight(run->schedule, batch->t[b], basis->items);
        diffmm__basis_coordinates(basis, &batch->x0, b, z0);
        diffmm__kernels()->add_scaled(rank, -1.0f, z0, residual);
        run->elbo[b] = diffmm__elbo_row(weight, batch->rows, rank, residual) +
                       weight * outside(&batch->x0, b, rank, z0);
        if (batch->msi.d > 0)
            run->msi[b] = diffmm__msi_row(&batch->msi, &batch->x0, b, batch->rows,
                                          s->loss->u + b * batch->msi.d);
    }
}

void diffmm__basis_loss_terms(struct diffmm__basis_loss *loss, struct diffmm__loss_run *run)
{
    struct diffmm__denoiser_pass *pass = &run->pass;
    const struct diffmm__denoiser_batch *batch = run->batch;
    size_t rank = batch->basis->rank, d = batch->msi.d;
    diffmm__denoiser_forward(pass, run->parameters, batch->rows, batch->t);
    if (d > 0)
        diffmm__gemm(pass->context, batch->rows, d, rank, 1.0f, diffmm__plain(pass->output, rank),
                     diffmm__plain(loss->g, d), 0.0f, loss->u, d);
    struct terms s = {.loss = loss, .run = run};
    diffmm__parallel_ranges(pass->context, batch->rows, 16, elbo_range, &s);
}

void diffmm__basis_loss_gradient(struct diffmm__basis_loss *loss, struct diffmm__loss_run *run,
                                 const struct diffmm__gradient *gradient)
{
    struct diffmm__denoiser_pass *pass = &run->pass;
    const struct diffmm__denoiser_batch *batch = run->batch;
    size_t rank = batch->basis->rank, d = batch->msi.d;
    if (d > 0)
        diffmm__gemm(pass->context, batch->rows, rank, d, 1.0f, diffmm__plain(loss->u, d),
                     diffmm__transposed(loss->g, d), 1.0f, pass->output, rank);
    diffmm__denoiser_backward(pass, run->parameters, batch->rows, pass->output, gradient);
}
