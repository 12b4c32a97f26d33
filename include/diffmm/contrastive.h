/* SPDX-License-Identifier: BSD-2-Clause */
/** @file contrastive.h
 *  The unit `contrastive`: InfoNCE, and the two ways of choosing what is contrasted with what.
 *
 *  Plain arrays, row-major without gaps. Gradients may be NULL; where given they are overwritten.
 *
 *  Context and threads: the context may be NULL; any thread at any time, on arrays that no other
 *  thread writes. */
#ifndef DIFFMM_CONTRASTIVE_H
#define DIFFMM_CONTRASTIVE_H

#include <diffmm/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** InfoNCE of two views of the same nodes (paper, equation 16), on row-normalised p and q:
 *  mean over the batch of -log( exp(p_b . q_b / tau) / sum over all nodes v of exp(p_b . q_v / tau)
 *  ). The denominator runs over all nodes and includes the positive.
 *  The loss is never negative, and keeps its digits where it is close to 0.
 *  @param context      or NULL
 *  @param nodes        N
 *  @param d            columns of the matrices
 *  @param p            nodes x d
 *  @param q            nodes x d
 *  @param batch_count  size of the batch, at least 1
 *  @param batch        `batch_count` nodes; repeated ones count as often as they stand there
 *  @param tau          temperature, above 0
 *  @param loss         the mean, or NULL
 *  @param grad_p       nodes x d, or NULL
 *  @param grad_q       nodes x d, or NULL */
DIFFMM_API diffmm_status diffmm_infonce(diffmm_context *context, size_t nodes, size_t d,
                                        const float *p, const float *q, size_t batch_count,
                                        const int32_t *batch, double tau, double *loss,
                                        float *grad_p, float *grad_q);

/** What the views are contrasted with. */
typedef enum diffmm_anchor {
    DIFFMM_ANCHOR_MODAL = 0, /**< each pair of modal views, the first as p */
    DIFFMM_ANCHOR_MAIN = 1   /**< the final embeddings as p, each modal view as q */
} diffmm_anchor;

/** The contrastive loss of all views: for each contrasted pair, InfoNCE over the users plus InfoNCE
 *  over the items. Views and main are (users + items) x d, users first.
 *  @param context      or NULL
 *  @param anchor       which pairs
 *  @param users        U
 *  @param items        I
 *  @param d            columns of the matrices
 *  @param view_count   M
 *  @param views        M pointers
 *  @param main         final embeddings; NULL with DIFFMM_ANCHOR_MODAL
 *  @param count        batch size
 *  @param batch_users  `count` users; repeated ones count as often as they stand there
 *  @param batch_items  `count` items (the batch's positives), numbered from 0; likewise
 *  @param tau          temperature, above 0
 *  @param loss         the sum, not weighted, or NULL
 *  @param grad_views   M pointers, or NULL
 *  @param grad_main    or NULL */
DIFFMM_API diffmm_status
diffmm_contrastive_loss(diffmm_context *context, diffmm_anchor anchor, size_t users, size_t items,
                        size_t d, size_t view_count, const float *const *views, const float *main,
                        size_t count, const int32_t *batch_users, const int32_t *batch_items,
                        double tau, double *loss, float *const *grad_views, float *grad_main);

#ifdef __cplusplus
}
#endif
#endif
