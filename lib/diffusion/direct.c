/* SPDX-License-Identifier: BSD-2-Clause */
/* The objective as its formulas stand:
 *     dELBO/dx_hat = 2 w_t (x_hat - x0) / (I B),   dMSI/dx_hat = 2 U X^T / (d B).
 * x0 is sparse; x_hat becomes the residual, and then the gradient, in place. */
#include "base/pool.h"
#include "diffusion/objective.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

struct terms {
    const struct diffmm__vector_kernels *kernels;
    struct diffmm__objective *objective;
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
        float *u = s->objective->injected + b * d;
        diffmm__batch_row_gather(s->x0, b, -1.0f, d, s->msi->item_embedding, u);
        s->objective->msi[b] = s->kernels->dot(d, u, u) / (double)d;
        s->kernels->scale(d, (float)(2.0 * s->msi->weight / ((double)d * (double)s->rows)), u);
    }
}

static void elbo_range(void *argument, size_t begin, size_t end)
{
    const struct terms *s = argument;
    size_t items = s->objective->pass.layers.items;
    for (size_t b = begin; b < end; b++) {
        float *residual = s->objective->pass.output + b * items;
        double weight = s->elbo_weight[s->t[b]] / (double)items;
        diffmm__batch_row_add(s->x0, b, -1.0f, residual);
        s->objective->elbo[b] = weight * s->kernels->dot(items, residual, residual);
        s->kernels->scale(items, (float)(2.0 * weight / (double)s->rows), residual);
    }
}

void diffmm__objective_direct(struct diffmm__objective *o, const diffmm_schedule *schedule,
                              const float *parameters, size_t rows,
                              const struct diffmm__batch_rows *x0, const int32_t *t,
                              const struct diffmm__msi *msi, struct diffmm__gradient *gradient)
{
    struct diffmm__pass *pass = &o->pass;
    size_t items = pass->layers.items, d = o->d;
    struct terms s = {.kernels = diffmm__kernels(),
                      .objective = o,
                      .elbo_weight = schedule->values[DIFFMM_SCHEDULE_ELBO_WEIGHT],
                      .rows = rows,
                      .x0 = x0,
                      .t = t,
                      .msi = msi};
    diffmm__denoiser_forward(pass, parameters, rows, t);
    if (d > 0) {
        diffmm__gemm(o->context, rows, d, items, 1.0f, diffmm__plain(pass->output, items),
                     diffmm__plain(msi->features, d), 0.0f, o->injected, d);
        diffmm__parallel_ranges(o->context, rows, 16, msi_range, &s);
    }
    diffmm__parallel_ranges(o->context, rows, 16, elbo_range, &s);
    if (!diffmm__objective_goes_back(o, rows, gradient))
        return;
    if (d > 0)
        diffmm__gemm(o->context, rows, items, d, 1.0f, diffmm__plain(o->injected, d),
                     diffmm__transposed(msi->features, d), 1.0f, pass->output, items);
    diffmm__denoiser_backward(pass, parameters, rows, pass->output, gradient);
}
