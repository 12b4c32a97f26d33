/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser's loss of a batch of users (paper, equations 8 to 11), over B users and I items:
 *     ELBO_b = w_t mean_i (x_hat - x0)^2,     dELBO/dx_hat = 2 w_t (x_hat - x0) / (I B),
 *     U = x_hat X - x0 E,  MSI_b = mean_d U^2,  dMSI/dx_hat = 2 U X^T / (d B).
 * x0 is sparse; x_hat becomes the residual, and then the gradient, in place. */
#include "diffusion/objective.h"

#include "base/pool.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

diffmm_status diffmm__objective_scratch_create(const diffmm_context *context, size_t rows, size_t d,
                                               struct diffmm__objective_scratch *out)
{
    *out = (struct diffmm__objective_scratch){.arena = diffmm__arena_on(context)};
    out->injected = diffmm__arena_take(&out->arena, rows * d, sizeof(float));
    out->elbo = diffmm__arena_take(&out->arena, rows, sizeof(double));
    out->msi = diffmm__arena_take(&out->arena, rows, sizeof(double));
    if (out->arena.failed) {
        diffmm__objective_scratch_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    return DIFFMM_OK;
}

void diffmm__objective_scratch_end(struct diffmm__objective_scratch *scratch)
{
    diffmm__arena_end(&scratch->arena);
}

struct terms {
    const struct diffmm__kernels *kernels;
    struct diffmm__pass *pass;
    struct diffmm__objective_scratch *scratch;
    const double *elbo_weight;
    size_t rows;
    const struct diffmm__batch_rows *x0;
    const int32_t *t;
    const struct diffmm__msi *msi;
};

/* U: the product x_hat X stands there already; subtract x0 E, row by row. */
static void msi_range(void *argument, size_t begin, size_t end)
{
    const struct terms *s = argument;
    size_t d = s->msi->d;
    for (size_t b = begin; b < end; b++) {
        float *u = s->scratch->injected + b * d;
        size_t row = diffmm__batch_row(s->x0, b);
        for (int64_t e = s->x0->pointers[row]; e < s->x0->pointers[row + 1]; e++)
            s->kernels->add_scaled(d, s->x0->values ? -s->x0->values[e] : -1.0f,
                                   s->msi->item_embedding + (size_t)s->x0->items[e] * d, u);
        s->scratch->msi[b] = s->kernels->dot(d, u, u) / (double)d;
        s->kernels->scale(d, (float)(2.0 * s->msi->weight / ((double)d * (double)s->rows)), u);
    }
}

static void elbo_range(void *argument, size_t begin, size_t end)
{
    const struct terms *s = argument;
    size_t items = s->pass->layers.items;
    for (size_t b = begin; b < end; b++) {
        float *residual = s->pass->output + b * items;
        double weight = s->elbo_weight[s->t[b]] / (double)items;
        diffmm__batch_row_add(s->x0, b, -1.0f, residual);
        s->scratch->elbo[b] = weight * s->kernels->dot(items, residual, residual);
        s->kernels->scale(items, (float)(2.0 * weight / (double)s->rows), residual);
    }
}

struct diffmm__denoiser_losses
diffmm__denoiser_objective(struct diffmm__pass *pass, struct diffmm__objective_scratch *scratch,
                           const diffmm_schedule *schedule, const float *parameters, size_t rows,
                           const struct diffmm__batch_rows *x0, const int32_t *t,
                           const struct diffmm__draws *draws, const struct diffmm__msi *msi,
                           float *grad_parameters)
{
    size_t items = pass->layers.items, d = msi->d;
    struct terms s = {.kernels = diffmm__kernels(), .pass = pass, .scratch = scratch,
                      .elbo_weight = schedule->values[DIFFMM_SCHEDULE_ELBO_WEIGHT], .rows = rows,
                      .x0 = x0, .t = t, .msi = msi};
    diffmm__corrupt(pass, schedule, x0, rows, t, draws);
    diffmm__denoiser_forward(pass, parameters, rows, t, false);
    if (d > 0) {
        diffmm__gemm(pass->context, rows, d, items, 1.0f, diffmm__plain(pass->output, items),
                     diffmm__plain(msi->features, d), 0.0f, scratch->injected, d);
        diffmm__parallel_ranges(pass->context, rows, 16, msi_range, &s);
    }
    diffmm__parallel_ranges(pass->context, rows, 16, elbo_range, &s);
    if (grad_parameters) {
        if (d > 0)
            diffmm__gemm(pass->context, rows, items, d, 1.0f, diffmm__plain(scratch->injected, d),
                         diffmm__transposed(msi->features, d), 1.0f, pass->output, items);
        diffmm__denoiser_backward(pass, parameters, rows, pass->output, grad_parameters);
    }
    struct diffmm__denoiser_losses losses = {0};
    for (size_t b = 0; b < rows; b++) {
        losses.elbo += scratch->elbo[b] / (double)rows;
        losses.msi += d > 0 ? scratch->msi[b] / (double)rows : 0.0;
    }
    return losses;
}
