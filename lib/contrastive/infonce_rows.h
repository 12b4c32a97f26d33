/* SPDX-License-Identifier: BSD-2-Clause */
/* Which nodes InfoNCE reads of a view, each as a row. If the denominators run over all nodes, row v
 * is node v. If they run over drawn ones, the rows are the distinct drawn nodes, then those of the
 * batch that were not drawn: what a batch costs does not grow with the number of nodes. */
#ifndef DIFFMM_CONTRASTIVE_INFONCE_ROWS_H
#define DIFFMM_CONTRASTIVE_INFONCE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "base/memory.h"
#include "peers/peers.h"

/* The distinct nodes of a batch, and how often each stands in it. */
struct diffmm__batch_nodes {
    size_t count; /* distinct */
    size_t total;
    int32_t *rows; /* their rows, in no order but the same for the same batch */
    float *times;
};

struct diffmm__infonce_rows {
    size_t count;      /* rows */
    size_t candidates; /* the first of them stand in the denominators */
    int32_t *nodes;    /* of each row; NULL: row v is node v */
    float *factors;    /* of each candidate: N / n times how often drawn; NULL: 1 */
    struct diffmm__batch_nodes batch;
    /* Scratch: a number for each node, all 0 between calls; and for each candidate or distinct node
     * of the batch. */
    int32_t *seen, *counts;
};

/* Sizes that rows are taken for. */
struct diffmm__infonce_shape {
    size_t nodes;
    size_t batch;     /* of a batch at most */
    size_t negatives; /* drawn nodes at most; 0: the denominators run over all */
};

/* The most rows and candidates that there can be. */
size_t diffmm__infonce_rows_most(const struct diffmm__infonce_shape *shape);
size_t diffmm__infonce_rows_candidates(const struct diffmm__infonce_shape *shape);

/* DIFFMM_ERROR_INVALID_ARGUMENT where drawn nodes are not among `nodes`, or are too many. */
diffmm_status diffmm__infonce_rows_check(const char *name, size_t count, const int32_t *negatives,
                                         size_t nodes);

/* Takes the arrays from an arena. */
struct diffmm__infonce_rows diffmm__infonce_rows_take(struct diffmm__arena *arena,
                                                      const struct diffmm__infonce_shape *shape);

/* Sets the rows of a batch, against all nodes or against drawn ones (at least one). */
void diffmm__infonce_rows_all(struct diffmm__infonce_rows *rows, size_t nodes, size_t batch_count,
                              const int32_t *batch);
void diffmm__infonce_rows_drawn(struct diffmm__infonce_rows *rows, size_t nodes, size_t batch_count,
                                const int32_t *batch, size_t negative_count,
                                const int32_t *negatives);

/* The rows of a view, nodes x d, at length 1; and their norms. */
void diffmm__infonce_rows_normalize(const diffmm_context *context,
                                    const struct diffmm__infonce_rows *rows, size_t d,
                                    const float *view, float *normalized, float *norms);

/* The gradient of the view, of which `grad` is kept times `keep` (0 or 1) and added to, from that
 * of its normalised rows, whose memory serves as scratch; for the nodes of `own` alone. */
void diffmm__infonce_rows_backward(const diffmm_context *context,
                                   const struct diffmm__infonce_rows *rows, struct diffmm__part own,
                                   size_t d, const float *normalized, const float *norms,
                                   float *gradient, float keep, float *grad);

#endif
