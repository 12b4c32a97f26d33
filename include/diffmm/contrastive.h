/* SPDX-License-Identifier: BSD-2-Clause */
/** @file contrastive.h
 *  The unit `contrastive`: InfoNCE, and the two choices of what is contrasted with what.
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

/** What diffmm_infonce_with() reads and writes. */
typedef struct diffmm_infonce_arguments {
    size_t struct_size; /**< as for diffmm_context_settings */
    size_t nodes;       /**< N */
    size_t d;           /**< columns of the matrices */
    const float *p;     /**< nodes x d */
    const float *q;     /**< nodes x d */
    size_t batch_count; /**< size of the batch, at least 1 */
    const int32_t
        *batch;    /**< `batch_count` nodes; repeated ones count as often as they stand there */
    double tau;    /**< temperature, above 0 */
    double *loss;  /**< receives the mean, or NULL */
    float *grad_p; /**< nodes x d, or NULL */
    float *grad_q; /**< nodes x d, or NULL */
    size_t negative_count;    /**< n drawn nodes; 0: the denominator runs over all nodes */
    const int32_t *negatives; /**< the drawn nodes; repeated ones count as often as they come */
} diffmm_infonce_arguments;

/** InfoNCE of two views of the same nodes (paper, equation 16), on row-normalised p and q:
 *
 *      mean over the batch of -log( exp(p_b . q_b / tau) / sum over v of exp(p_b . q_v / tau) ).
 *
 *  The denominator runs over all nodes and includes the positive. The loss is never negative, and
 *  keeps its digits where it is close to 0.
 *
 *  With n drawn nodes c_1 .. c_n (members that are read where struct_size is set) the denominator is
 *
 *      exp(p_b . q_b / tau) + (nodes / n) sum over j with c_j != b of exp(p_b . q_{c_j} / tau).
 *
 *  Where the c_j are drawn uniformly and with replacement, it is an estimate without bias of the
 *  denominator over all nodes, for any n. Of p and q, only the rows of drawn nodes and of the batch
 *  are read; rows of gradients are 0 for all others. Time and memory then do not grow with nodes
 *  times d, but for gradients to be set to 0.
 *  @param context    or NULL
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_infonce_with(diffmm_context *context,
                                             const diffmm_infonce_arguments *arguments);

/** diffmm_infonce_with(), one argument after the other: for unit tests of this term. */
DIFFMM_API diffmm_status diffmm_infonce(diffmm_context *context, size_t nodes, size_t d,
                                        const float *p, const float *q, size_t batch_count,
                                        const int32_t *batch, double tau, double *loss,
                                        float *grad_p, float *grad_q);

/** What the views are contrasted with. */
typedef enum diffmm_anchor {
    DIFFMM_ANCHOR_MODAL = 0, /**< each pair of modal views, the first as p */
    DIFFMM_ANCHOR_MAIN = 1   /**< the final embeddings as p, each modal view as q */
} diffmm_anchor;

/** What diffmm_contrastive_loss_with() reads and writes. */
typedef struct diffmm_contrastive_loss_arguments {
    size_t struct_size;        /**< as for diffmm_context_settings */
    diffmm_anchor anchor;      /**< which pairs */
    size_t users;              /**< U */
    size_t items;              /**< I */
    size_t d;                  /**< columns of the matrices */
    size_t view_count;         /**< M */
    const float *const *views; /**< M pointers to (U + I) x d, users first */
    const float *main;         /**< final embeddings, likewise; NULL with DIFFMM_ANCHOR_MODAL */
    size_t count;              /**< batch size */
    const int32_t
        *batch_users; /**< `count` users; repeated ones count as often as they stand there */
    const int32_t
        *batch_items; /**< `count` items (the batch's positives), numbered from 0; likewise */
    double tau;       /**< temperature, above 0 */
    double *loss;     /**< receives the sum, not weighted, or NULL */
    float *const *grad_views; /**< M pointers to gradients, each of which may be NULL; or NULL */
    float *grad_main;         /**< or NULL */
    size_t negative_count; /**< drawn users, and drawn items; 0: denominators run over all nodes */
    const int32_t *user_negatives; /**< `negative_count` users */
    const int32_t *item_negatives; /**< `negative_count` items, numbered from 0 */
} diffmm_contrastive_loss_arguments;

/** The contrastive loss of all views: for each contrasted pair, InfoNCE over the users plus InfoNCE
 *  over the items (paper, section 3.4). Drawn nodes are shared by all pairs, and used as
 *  diffmm_infonce_with() says.
 *  @param context    or NULL
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_contrastive_loss_with(
    diffmm_context *context, const diffmm_contrastive_loss_arguments *arguments);

/** diffmm_contrastive_loss_with(), one argument after the other: for unit tests of this term. */
DIFFMM_API diffmm_status
diffmm_contrastive_loss(diffmm_context *context, diffmm_anchor anchor, size_t users, size_t items,
                        size_t d, size_t view_count, const float *const *views, const float *main,
                        size_t count, const int32_t *batch_users, const int32_t *batch_items,
                        double tau, double *loss, float *const *grad_views, float *grad_main);

/** Alignment (Wang and Isola 2020, equation 2): the mean squared distance between the rows of x and
 *  y at unit length, which is 2 - 2 cos of each pair. For a modality's view and the main view, it
 *  is the term of the objective that the option `alignment` weights:
 *
 *      mean over b of || x_b / max(||x_b||, 1e-12) - y_b / max(||y_b||, 1e-12) ||^2.
 *
 *  @param context  or NULL
 *  @param rows     at least 1
 *  @param d        columns of the matrices
 *  @param x        rows x d
 *  @param y        rows x d
 *  @param loss     receives the mean, or NULL
 *  @param grad_x   rows x d, or NULL
 *  @param grad_y   rows x d, or NULL */
DIFFMM_API diffmm_status diffmm_alignment(diffmm_context *context, size_t rows, size_t d,
                                          const float *x, const float *y, double *loss,
                                          float *grad_x, float *grad_y);

#ifdef __cplusplus
}
#endif
#endif
