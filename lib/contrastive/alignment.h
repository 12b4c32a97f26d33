/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_CONTRASTIVE_ALIGNMENT_H
#define DIFFMM_CONTRASTIVE_ALIGNMENT_H

#include "losses/term.h"

/* The alignment of every modality's view with the main view, over the batch's users plus over its
 * positives; see losses/term.h. */
diffmm_status diffmm__alignment_term(const struct diffmm__term_batch *batch, double weight,
                                     void *scratch, double *value);

/* Takes scratch for one shape, used for every batch; see losses/term.h. */
void *diffmm__alignment_take(struct diffmm__arena *arena, const struct diffmm__term_shape *shape);

#endif
