/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_CONTRASTIVE_INFONCE_H
#define DIFFMM_CONTRASTIVE_INFONCE_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

#include "contrastive/infonce_rows.h"

/* How many floats of scratch a call needs for up to `candidates` rows in the denominator, all nodes
 * or drawn ones, and up to `batch` distinct nodes in the batch. */
size_t diffmm__infonce_scratch(size_t candidates, bool drawn, size_t d, size_t batch);

/* InfoNCE on the normalised rows p and q, rows->count x d: returns the mean over the batch;
 * gradients with respect to the normalised rows, times `weight`, are added to grad_p and grad_q
 * (both or neither NULL). */
double diffmm__infonce(const diffmm_context *context, const struct diffmm__infonce_rows *rows,
                       size_t d, const float *p, const float *q, double tau, double weight,
                       float *grad_p, float *grad_q, float *scratch);

/* DIFFMM_ERROR_INVALID_ARGUMENT where tau is not above 0, or 1 / tau overflows a float. */
diffmm_status diffmm__infonce_check_tau(double tau);

#endif
