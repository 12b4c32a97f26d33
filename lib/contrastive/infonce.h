/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_CONTRASTIVE_INFONCE_H
#define DIFFMM_CONTRASTIVE_INFONCE_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

/* The distinct nodes of a batch, ascending, and how often each stands in it. */
struct diffmm__batch_nodes {
    size_t count; /* distinct */
    size_t total;
    int32_t *nodes;
    float *times;
};

/* Fill `out`, whose arrays have room for min(batch_count, nodes); `seen` has `nodes` numbers, all 0
 * before and after. */
void diffmm__infonce_batch(size_t nodes, size_t batch_count, const int32_t *batch, int32_t *seen,
                           struct diffmm__batch_nodes *out);

/* How many floats of scratch a call needs for up to `batch` distinct nodes of `nodes`. */
size_t diffmm__infonce_scratch(size_t nodes, size_t d, size_t batch);

/* InfoNCE on row-normalised views p and q, nodes x d: returns the mean over the batch; gradients
 * with respect to the normalised rows, times `weight`, are added to grad_p and grad_q (both or
 * neither NULL). */
double diffmm__infonce(const diffmm_context *context, size_t nodes, size_t d, const float *p,
                       const float *q, const struct diffmm__batch_nodes *batch, double tau,
                       double weight, float *grad_p, float *grad_q, float *scratch);

/* DIFFMM_ERROR_INVALID_ARGUMENT where tau is not above 0, or 1 / tau overflows a float. */
diffmm_status diffmm__infonce_check_tau(double tau);

#endif
