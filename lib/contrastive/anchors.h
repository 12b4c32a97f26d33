/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_CONTRASTIVE_ANCHORS_H
#define DIFFMM_CONTRASTIVE_ANCHORS_H

#include <diffmm/contrastive.h>

/* Scratch of diffmm__contrastive for one shape; made once, used for every batch. */
struct diffmm__contrastive_scratch;

diffmm_status diffmm__contrastive_scratch_create(const diffmm_context *context, size_t users,
                                                 size_t items, size_t d, size_t view_count,
                                                 size_t batch,
                                                 struct diffmm__contrastive_scratch **out);
/* What that will allocate. */
size_t diffmm__contrastive_scratch_bytes(size_t users, size_t items, size_t d, size_t view_count,
                                         size_t batch);
void diffmm__contrastive_scratch_destroy(struct diffmm__contrastive_scratch *scratch);

/* FLOPs of matrix products so far: of each InfoNCE, three products of distinct batch nodes, all
 * nodes and d (one where no gradient is asked for). */
double diffmm__contrastive_flops(const struct diffmm__contrastive_scratch *scratch);

/* diffmm_contrastive_loss() on valid arguments. Gradients, times `weight`, overwrite each of
 * grad_views and grad_main that is not NULL. */
double diffmm__contrastive(struct diffmm__contrastive_scratch *scratch, diffmm_anchor anchor,
                           const float *const *views, const float *main, size_t count,
                           const int32_t *batch_users, const int32_t *batch_items, double tau,
                           double weight, float *const *grad_views, float *grad_main);

#endif
