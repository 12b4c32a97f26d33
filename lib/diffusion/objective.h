/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser's training loss of one batch, value and gradient. */
#ifndef DIFFMM_DIFFUSION_OBJECTIVE_H
#define DIFFMM_DIFFUSION_OBJECTIVE_H

#include "diffusion/corrupt.h"

/* The MSI term's constants: X and E, items x d; d = 0: no such term. */
struct diffmm__msi {
    size_t d;
    const float *features, *item_embedding;
    double weight; /* e_loss */
};

struct diffmm__denoiser_losses {
    double elbo, msi; /* means over users; msi not weighted */
};

/* Scratch beside a pass: U = x_hat X - x0 E, and each row's losses. */
struct diffmm__objective_scratch {
    struct diffmm__arena arena;
    float *injected; /* rows x d */
    double *elbo, *msi;
};

diffmm_status diffmm__objective_scratch_create(const diffmm_context *context, size_t rows, size_t d,
                                               struct diffmm__objective_scratch *out);
void diffmm__objective_scratch_end(struct diffmm__objective_scratch *scratch);

/* Mean over `rows` users of ELBO + weight MSI; gradients, where not NULL, are overwritten. */
struct diffmm__denoiser_losses
diffmm__denoiser_objective(struct diffmm__pass *pass, struct diffmm__objective_scratch *scratch,
                           const diffmm_schedule *schedule, const float *parameters, size_t rows,
                           const struct diffmm__batch_rows *x0, const int32_t *t,
                           const struct diffmm__draws *draws, const struct diffmm__msi *msi,
                           float *grad_parameters);

#endif
