/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser's training loss of one batch, value and gradient (paper, equations 8 to 11):
 *     L = mean_b (ELBO_b + e_loss MSI_b)   (elbo.h, msi.h).
 *
 * There are two strategies. The direct one (direct_loss.h) makes x_hat and goes back through it.
 * The Gram one (gram_loss.h) never makes x_hat: both terms are quadratic in it, so products of the
 * last layer's weights with themselves serve. Which is cheaper is a matter of shape; it is chosen
 * by counting FLOPs. */
#ifndef DIFFMM_DIFFUSION_DENOISER_LOSS_H
#define DIFFMM_DIFFUSION_DENOISER_LOSS_H

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
    bool gram;      /* the strategy */
};

void diffmm__denoiser_loss_plan(const struct diffmm__layers *layers, size_t rows, size_t d,
                                enum diffmm__loss_strategy strategy, struct diffmm__loss_plan *out);

/* FLOPs of matrix products of one batch of `rows` users: by the plan, and by the direct strategy. */
double diffmm__denoiser_loss_flops(const struct diffmm__loss_plan *plan, size_t rows);
double diffmm__denoiser_loss_naive_flops(const struct diffmm__loss_plan *plan, size_t rows);

/* The memory for it. */
struct diffmm__denoiser_loss {
    struct diffmm__loss_plan plan;
    struct diffmm__loss_run run;
    struct diffmm__direct_loss direct; /* the one that the plan names */
    struct diffmm__gram_loss gram;
};

/* In the caller's arena. `entries`: how many interactions a batch has at most. */
void diffmm__denoiser_loss_take(struct diffmm__arena *arena, const struct diffmm__loss_plan *plan,
                                size_t entries, struct diffmm__denoiser_loss *out);

struct diffmm__denoiser_losses {
    double elbo, msi; /* means over users; msi not weighted */
};

/* Mean over the batch's users of ELBO + weight MSI; gradients are overwritten, or not made where
 * `gradient` is NULL. A gradient of which a step is taken, or that is wanted `if_finite`, is not
 * made where the loss is not finite: no parameter changes then. */
struct diffmm__denoiser_losses
diffmm__denoiser_loss_compute(struct diffmm__denoiser_loss *loss, const diffmm_schedule *schedule,
                              const float *parameters, const struct diffmm__denoiser_batch *batch,
                              const struct diffmm__gradient *gradient);

/* "ELBO" or "MSI", whichever is not finite, or NULL. */
const char *diffmm__denoiser_loss_wrong(const struct diffmm__denoiser_losses *losses);

#endif
