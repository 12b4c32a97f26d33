/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch of users for the diffusion: their interactions, steps and random draws, and the constants
 * of the MSI term. */
#ifndef DIFFMM_DIFFUSION_DENOISER_BATCH_H
#define DIFFMM_DIFFUSION_DENOISER_BATCH_H

#include "diffusion/basis.h"
#include "diffusion/draws.h"
#include "diffusion/msi.h"

struct diffmm__denoiser_batch {
    size_t rows;                  /* users of the batch, B */
    struct diffmm__batch_rows x0; /* their interactions */
    const int32_t *t;             /* `rows` steps; the reverse chain does not read them */
    struct diffmm__draws draws;   /* their noise and dropout */
    struct diffmm__msi msi;       /* for the loss; d = 0: no MSI term */
    bool dropped_only;            /* with a basis: the ELBO leaves out the entries that are kept */
    const struct diffmm__basis *basis; /* of a spectral denoiser; else NULL */
};

#endif
