/* SPDX-License-Identifier: BSD-2-Clause */
/* One computation of the denoiser's loss: what both strategies read, and the terms they write. */
#ifndef DIFFMM_DIFFUSION_LOSS_RUN_H
#define DIFFMM_DIFFUSION_LOSS_RUN_H

#include "diffusion/denoiser.h"
#include "diffusion/denoiser_batch.h"
#include "diffusion/schedule.h"

struct diffmm__loss_run {
    struct diffmm__denoiser_pass pass; /* its input is the batch's x_t after dropout */
    double *elbo, *msi;                /* receive each user's terms */
    const diffmm_schedule *schedule;
    const float *parameters;
    const struct diffmm__denoiser_batch *batch;
};

#endif
