/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch on its way through the denoiser's loss, as both strategies see it. */
#ifndef DIFFMM_DIFFUSION_LOSS_RUN_H
#define DIFFMM_DIFFUSION_LOSS_RUN_H

#include "diffusion/denoiser.h"
#include "diffusion/denoiser_batch.h"
#include "diffusion/schedule.h"

struct diffmm__loss_run {
    struct diffmm__denoiser_pass pass; /* its input is the batch's x_t, dropped out */
    double *elbo, *msi;                /* each user's terms, which a strategy writes */
    const diffmm_schedule *schedule;
    const float *parameters;
    const struct diffmm__denoiser_batch *batch;
};

#endif
