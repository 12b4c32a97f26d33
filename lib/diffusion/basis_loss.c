/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/basis_loss.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "diffusion/elbo.h"
#include "diffusion/spectral_sample.h"
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
    return diffmm__denoiser_head_flops(layers, rows) + diffmm__denoiser_linear_flops(layers, rows) +
           6.0 * b * rank * h + 4.0 * b * rank * (double)d;
}

double diffmm__basis_loss_value_flops(const struct diffmm__layers *layers, size_t rows, size_t d)
{
    return diffmm__denoiser_flops(layers, rows) +
           2.0 * (double)rows * (double)layers->items * (double)d;
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

/* The square of what the basis cannot express of batch row b, ||x~0||^2 - ||z0||^2. It is not
 * negative, whatever rounding says. */
static double outside(const struct diffmm__basis *basis, const struct diffmm__batch_rows *x0,
                      size_t b, const float *z0)
{
    const struct diffmm__csr *matrix = &x0->matrix;
    size_t row = diffmm__batch_rows_row(x0, b);
    float weight = diffmm__basis_row_weight(basis, diffmm__csr_row_entries(matrix, row));
    double squares = -diffmm__kernels()->dot(basis->rank, z0, z0);
    for (int64_t e = matrix->pointers[row]; e < matrix->pointers[row + 1]; e++) {
        double x = (double)diffmm__basis_entry(basis, matrix, e, weight);
        squares += x * x;
    }
    return squares > 0.0 ? squares : 0.0;
}

/* Takes the entries that the denoiser was given out of the sum of squares, and of the residual
 *     sum_i (x_hat_i - x~_i) B_i,
 * which is half its gradient. */
static double leave_out_kept(const struct diffmm__denoiser_batch *batch, size_t b,
                             const float *z_hat, float *residual)
{
    const struct diffmm__basis *basis = batch->basis;
    const struct diffmm__csr *matrix = &batch->x0.matrix;
    size_t row = diffmm__batch_rows_row(&batch->x0, b), rank = basis->rank;
    float weight = diffmm__basis_row_weight(basis, diffmm__csr_row_entries(matrix, row));
    double squares = 0.0;
    for (int64_t e = matrix->pointers[row]; e < matrix->pointers[row + 1]; e++) {
        size_t item = (size_t)matrix->indices[e];
        const float *item_row = basis->values + item * rank;
        if (diffmm__spectral_sample_kept(&batch->draws, b, row, basis->items, item) == 0.0f)
            continue;
        double error = diffmm__kernels()->dot(rank, item_row, z_hat) -
                       (double)diffmm__basis_entry(basis, matrix, e, weight);
        squares += error * error;
        diffmm__kernels()->add_scaled(rank, (float)-error, item_row, residual);
    }
    return squares;
}

/* The ELBO term of batch row b, whose z_hat becomes the gradient in place; `z` is scratch. */
static double elbo_row(const struct diffmm__loss_run *run, size_t b, float *z, float *z_hat)
{
    const struct diffmm__denoiser_batch *batch = run->batch;
    const struct diffmm__basis *basis = batch->basis;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t rank = basis->rank;
    double weight = diffmm__elbo_weight(run->schedule, batch->t[b], basis->items);
    memset(z, 0, rank * sizeof *z);
    diffmm__basis_add_row(basis, &batch->x0, b, 1.0f, z);
    kernels->add_scaled(rank, -1.0f, z, z_hat);
    double squares = kernels->dot(rank, z_hat, z_hat) + outside(basis, &batch->x0, b, z);
    if (batch->dropped_only) {
        kernels->add_scaled(rank, 1.0f, z_hat, z); /* z_hat itself once more */
        squares -= leave_out_kept(batch, b, z, z_hat);
    }
    kernels->scale(rank, diffmm__elbo_slope(weight, batch->rows), z_hat);
    return squares > 0.0 ? weight * squares : isfinite(squares) ? 0.0 : squares;
}

struct terms {
    struct diffmm__basis_loss *loss;
    struct diffmm__loss_run *run;
};

static void terms_range(void *argument, size_t begin, size_t end)
{
    const struct terms *s = argument;
    const struct diffmm__loss_run *run = s->run;
    const struct diffmm__denoiser_batch *batch = run->batch;
    const struct diffmm__csr *matrix = &batch->x0.matrix;
    size_t rank = batch->basis->rank, d = batch->msi.d;
    for (size_t b = begin; b < end; b++) {
        run->elbo[b] = elbo_row(run, b, s->loss->z0 + b * rank, run->pass.output + b * rank);
        if (d == 0)
            continue;
        float *u = s->loss->u + b * d;
        size_t row = diffmm__batch_rows_row(&batch->x0, b);
        float weight = diffmm__basis_row_weight(batch->basis, diffmm__csr_row_entries(matrix, row));
        for (int64_t e = matrix->pointers[row]; e < matrix->pointers[row + 1]; e++)
            diffmm__kernels()->add_scaled(
                d, -diffmm__basis_entry(batch->basis, matrix, e, weight),
                batch->msi.item_embedding + (size_t)matrix->indices[e] * d, u);
        run->msi[b] = diffmm__msi_finish_row(&batch->msi, batch->rows, u);
    }
}

void diffmm__basis_loss_terms(struct diffmm__basis_loss *loss, struct diffmm__loss_run *run)
{
    struct diffmm__denoiser_pass *pass = &run->pass;
    const struct diffmm__denoiser_batch *batch = run->batch;
    size_t rank = batch->basis->rank, d = batch->msi.d;
    pass->linear = batch->basis->linear;
    diffmm__denoiser_forward(pass, run->parameters, batch->rows, batch->t);
    if (d > 0)
        diffmm__gemm(pass->context, batch->rows, d, rank, 1.0f, diffmm__plain(pass->output, rank),
                     diffmm__plain(loss->g, d), 0.0f, loss->u, d);
    struct terms s = {.loss = loss, .run = run};
    diffmm__parallel_ranges(pass->context, batch->rows, 16, terms_range, &s);
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
