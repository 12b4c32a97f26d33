/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser's training loss of one batch, value and gradient (paper, equations 8 to 11):
 *     L = mean_b (ELBO_b + e_loss MSI_b)   (elbo.h, msi.h).
 *
 * There are two strategies. The direct one (direct_loss.h) computes x_hat and goes back through
 * it. The Gram one (gram_loss.h) never computes x_hat: both terms are quadratic in it, so that
 * products of the last layer's weights with themselves are enough. Which of them is cheaper depends
 * on the shape: FLOPs are counted.
 *
 * A denoiser in a basis has a third way of its own (basis_loss.h), which is always taken. */
#ifndef DIFFMM_DIFFUSION_DENOISER_LOSS_H
#define DIFFMM_DIFFUSION_DENOISER_LOSS_H

#include "diffusion/basis_loss.h"
#include "diffusion/direct_loss.h"
#include "diffusion/gram_loss.h"

enum diffmm__loss_strategy {
    DIFFMM__LOSS_CHEAPEST = 0,
    DIFFMM__LOSS_DIRECT = 1,
    DIFFMM__LOSS_GRAM = 2
};

/* How the loss of batches of up to `rows` users will be computed. */
struct diffmm__loss_plan {
    struct diffmm__layers layers;
    size_t rows, d; /* d = 0: no MSI term */
    bool gram;      /* the strategy, without a basis */
    bool frozen;    /* with a basis: the value is wanted, no gradient; set by the caller */
};

void diffmm__denoiser_loss_plan(const struct diffmm__layers *layers, size_t rows, size_t d,
                                enum diffmm__loss_strategy strategy, struct diffmm__loss_plan *out);

/* FLOPs of matrix products of one batch of `rows` users: by the plan, and by the direct
 * strategy. */
double diffmm__denoiser_loss_flops(const struct diffmm__loss_plan *plan, size_t rows);
double diffmm__denoiser_loss_naive_flops(const struct diffmm__loss_plan *plan, size_t rows);

/* Memory for the loss by a plan. */
struct diffmm__denoiser_loss {
    struct diffmm__loss_plan plan;
    struct diffmm__loss_run run;
    struct diffmm__direct_loss direct; /* only the strategy of the plan has memory */
    struct diffmm__gram_loss gram;
    struct diffmm__basis_loss basis;
};

/* Takes that memory from the caller's arena, with which it ends. `entries` is the most interactions
 * that a batch has. */
void diffmm__denoiser_loss_take(struct diffmm__arena *arena, const struct diffmm__loss_plan *plan,
                                size_t entries, struct diffmm__denoiser_loss *out);

/* What comes before batches with these MSI constants and this basis: with a basis, products that
 * all of them share. */
void diffmm__denoiser_loss_prepare(struct diffmm__denoiser_loss *loss,
                                   const struct diffmm__denoiser_batch *batch);
double diffmm__denoiser_loss_prepare_flops(const struct diffmm__loss_plan *plan);

struct diffmm__denoiser_losses {
    double elbo, msi; /* means over users; msi not weighted */
};

/* The mean losses of a batch that is prepared for, and the gradient of ELBO + weight MSI, unless
 * `gradient` is NULL. Where the loss is not finite, no step is taken, and an array that is wanted
 * `if_finite` is left alone. */
struct diffmm__denoiser_losses
diffmm__denoiser_loss_compute(struct diffmm__denoiser_loss *loss, const diffmm_schedule *schedule,
                              const float *parameters, const struct diffmm__denoiser_batch *batch,
                              const struct diffmm__gradient *gradient);

/* The loss of one batch whose rows are dense: what the functions of plain arrays read and write. */
struct diffmm__dense_loss {
    const diffmm_schedule *schedule;
    const float *parameters;
    size_t items;
    const float *x0;           /* rows x items */
    double *loss, *elbo, *msi; /* receive the means, or are NULL */
    float *gradient;           /* receives that of all parameters, or is NULL */
};

/* Computes it, in memory of its own. The batch has no x0 yet. */
diffmm_status diffmm__denoiser_loss_of_dense(diffmm_context *context,
                                             const struct diffmm__layers *layers,
                                             const struct diffmm__dense_loss *dense,
                                             struct diffmm__denoiser_batch *batch);

/* The name of the loss that is not finite, "ELBO" or "MSI"; NULL if both are. */
const char *diffmm__denoiser_loss_wrong(const struct diffmm__denoiser_losses *losses);

#endif
