/* SPDX-License-Identifier: BSD-2-Clause */
/* What a forward pass leaves behind for the backward pass, and scratch; allocated once per model.
 * N = users + items nodes; node matrices are N x d.
 *
 * On large data these are most of the memory, so what is never alive at the same time shares it:
 * the gradient of `final` begins to live when both passes forward have ended, that of V when those of
 * the views have come to the embeddings. */
#ifndef DIFFMM_MODEL_WORKSPACE_H
#define DIFFMM_MODEL_WORKSPACE_H

#include "model/model.h"

struct diffmm__modality_workspace {
    float *projected;  /* X_m, I x d */
    float *normalized; /* Xn_m, I x d */
    float *norms;      /* I */
    float *view;       /* contrastive view */
    float *grad_view;
    float *grad_normalized; /* I x d: the items of grad_view, once that has been used */
};

struct diffmm__workspace {
    struct diffmm__arena arena;
    struct diffmm__modality_workspace *modality;
    float *weights; /* M: softmax of the logits */
    double *grad_weights;
    float *v;          /* the aggregated view V */
    float *v_norms;    /* N: of its rows, in the backward pass */
    float *grad_final; /* of model->final; before it is known, scratch of the forward passes */
    float *grad_v;     /* in the memory of the first view, which is no longer needed then */
    float *scratch;
    float *collected; /* 2 B x d where peers may share a batch: rows of its users, and scratch */
    float *split_k;   /* scratch of diffmm__gemm_split_k for the widest projection */
    float *stored;    /* a block for each chunk of split-k, for the widest mapped modality */
    float **views, **grad_views;    /* M: each modality's view and grad_view */
    void *terms[DIFFMM__MAX_TERMS]; /* scratch of the objective's terms */
};

diffmm_status diffmm__workspace_create(diffmm_model *model);

/* What diffmm__workspace_create will allocate. */
struct diffmm__workspace_shape {
    size_t users, items, d, modalities;
    /* Whose rows are written to in batches, and whose are kept from epoch to epoch: all users', or of a
     * peer its own. What is allocated has room for all. */
    size_t batch_users, kept_users;
    size_t widest; /* raw features of the widest modality */
    size_t stored; /* the same of those that stay in a mapped file, and are converted */
    struct diffmm__terms terms;
    size_t batch, negatives; /* the options batch and contrastive.negatives */
    bool shared;             /* peers.batches */
};
size_t diffmm__workspace_bytes(const struct diffmm__workspace_shape *shape);
void diffmm__workspace_destroy(diffmm_model *model);

#endif
