/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_CONTRASTIVE_INFONCE_H
#define DIFFMM_CONTRASTIVE_INFONCE_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

#include "contrastive/infonce_rows.h"
#include "peers/peers.h"

/* How many floats of scratch a call needs for up to `candidates` rows in the denominator, all nodes
 * or drawn ones, and up to `batch` distinct nodes in the batch. */
size_t diffmm__infonce_scratch(size_t candidates, bool drawn, size_t d, size_t batch);

/* What InfoNCE is computed by and with. */
struct diffmm__infonce_setting {
    const diffmm_context *context;
    const struct diffmm__peers *peers; /* that share the work */
    size_t d;
    double tau, weight;
    float *scratch;
};

/* InfoNCE on the normalised rows p and q, rows->count x d: the mean over the batch into *loss;
 * gradients with respect to the normalised rows, times `weight`, are added to grad_p and grad_q
 * (both or neither NULL). Fails only with peers, which each add to the rows of their
 * candidates alone (infonce_tiles.h), and all add to the rows that are no candidates'. */
diffmm_status diffmm__infonce(const struct diffmm__infonce_setting *setting,
                              const struct diffmm__infonce_rows *rows, const float *p,
                              const float *q, float *grad_p, float *grad_q, double *loss);

/* DIFFMM_ERROR_INVALID_ARGUMENT where tau is not above 0, or 1 / tau overflows a float. */
diffmm_status diffmm__infonce_check_tau(double tau);

#endif
