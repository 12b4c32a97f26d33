/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_CONTRASTIVE_CONTRASTIVE_H
#define DIFFMM_CONTRASTIVE_CONTRASTIVE_H

#include <diffmm/contrastive.h>

#include "losses/term.h"

/* The contrastive loss of a batch, times ssl_reg; see losses/term.h. */
diffmm_status diffmm__contrastive_term(const struct diffmm__term_batch *batch, double weight,
                                       void *scratch, double *value);

/* Takes scratch for one shape, used for every batch; see losses/term.h. */
void *diffmm__contrastive_take(struct diffmm__arena *arena, const struct diffmm__term_shape *shape);

/* FLOPs of an epoch, where each InfoNCE is computed for every pair of a batch. */
double diffmm__contrastive_naive_flops(const struct diffmm__settings *settings,
                                       const struct diffmm__term_shape *shape);

/* FLOPs so far: of each InfoNCE, three products of distinct batch nodes, all nodes and d (one where
 * no gradient is asked for). */
double diffmm__contrastive_counted_flops(const void *scratch);

#endif
