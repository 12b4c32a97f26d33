/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_CONTRASTIVE_ALIGNMENT_H
#define DIFFMM_CONTRASTIVE_ALIGNMENT_H

#include "losses/term.h"

/* The alignment of every modality's view with the main view, over the batch's users plus over its
 * positives; see losses/term.h. */
double diffmm__alignment_term(const struct diffmm__term_batch *batch, double weight, void *scratch);

/* Scratch for one shape; made once, used for every batch. */
size_t diffmm__alignment_scratch_bytes(const struct diffmm__term_shape *shape);
diffmm_status diffmm__alignment_scratch_create(const diffmm_context *context,
                                               const struct diffmm__term_shape *shape, void **out);
void diffmm__alignment_scratch_destroy(void *scratch);

#endif
