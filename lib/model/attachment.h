/* SPDX-License-Identifier: BSD-2-Clause */
/* What it takes to attach a user to a finished model's graph (recommend/attach.h has the formula):
 * learnt embeddings, each modality's normalised features, and what propagation hands on. */
#ifndef DIFFMM_MODEL_ATTACHMENT_H
#define DIFFMM_MODEL_ATTACHMENT_H

#include "base/memory.h"
#include "model/model.h"

/* Matrices are rows of d floats, borrowed or held by the arena. */
struct diffmm__attachment {
    struct diffmm__arena arena;
    size_t modality_count, layers;
    char (*names)[64]; /* of modalities */
    float *weights;    /* softmax(modality_logits) */
    float ris_lambda;
    float *mean;                /* d: of E_U over the users who have training items */
    const float *users, *items; /* E_U, E_I */
    const float **content;      /* per modality, I x d: Xn_m */
    const float **propagated;   /* per layer l < L, I x d: items' rows of sum_{k <= l} A^k V */
};

/* One with names, weights, mean and pointers still to be filled in. */
diffmm_status diffmm__attachment_allocate(const diffmm_context *context, size_t modality_count,
                                          size_t layers, size_t d, struct diffmm__attachment **out);
void diffmm__attachment_destroy(struct diffmm__attachment *attachment);

/* A copy that borrows nothing. */
diffmm_status diffmm__attachment_copy(const diffmm_context *context,
                                      const struct diffmm__attachment *from, size_t users,
                                      size_t items, size_t d, struct diffmm__attachment **out);

/* That of a model's last forward pass, which borrows from the model; NULL for a model read from
 * a file without. */
diffmm_status diffmm__attachment_of_model(const diffmm_model *model,
                                          struct diffmm__attachment **out);

#endif
