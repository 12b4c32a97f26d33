/* SPDX-License-Identifier: BSD-2-Clause */
/* What folding a user in takes from a finished model (serve/fold_in.h has the formula): learnt
 * embeddings, each modality's normalised features, and what propagation hands on. */
#ifndef DIFFMM_MODEL_FOLD_IN_STATE_H
#define DIFFMM_MODEL_FOLD_IN_STATE_H

#include "model/blend_state.h"

/* Matrices are rows of d floats, borrowed or held by the arena. */
struct diffmm__fold_in_state {
    struct diffmm__arena arena;
    size_t modality_count, layers;
    char (*names)[64]; /* of modalities */
    float *weights;    /* softmax(modality_logits) */
    float ris_lambda;
    float *mean;                /* d: of E_U over the users who have training items */
    const float *users, *items; /* E_U, E_I */
    const float **content;      /* per modality, I x d: Xn_m */
    const float **propagated;   /* per layer l < L, I x d: items' rows of sum_{k <= l} A^k V */
    struct diffmm__blend_state *blend; /* its own; NULL without a blend */
};

/* Creates a state whose names, weights, mean and pointers the caller fills in. */
diffmm_status diffmm__fold_in_state_create(const diffmm_context *context, size_t modality_count,
                                           size_t layers, size_t d,
                                           struct diffmm__fold_in_state **out);
void diffmm__fold_in_state_destroy(struct diffmm__fold_in_state *state);

/* A copy of `count` floats that the state holds; NULL without memory, and its arena has failed. */
const float *diffmm__fold_in_state_keep(struct diffmm__fold_in_state *state, size_t count,
                                        const float *from);

/* A copy that borrows nothing but E_U and E_I, which the caller sets: they are parameters, and
 * whoever keeps the copy has them. */
diffmm_status diffmm__fold_in_state_copy(const diffmm_context *context,
                                         const struct diffmm__fold_in_state *from, size_t items,
                                         size_t d, struct diffmm__fold_in_state **out);

/* The same with `more` items that nobody has touched, whose rows of V are `v`: in the graph, such an
 * item has itself as its only neighbour, so sum_{k <= l} A^k V is (l + 1) V. They have learnt
 * nothing, E_I is 0, so that V is the mean of their content in all modalities; which of these it is
 * from is not known, and each has V. (Without modalities, V is E_I, which is the caller's.) */
diffmm_status diffmm__fold_in_state_extend(const diffmm_context *context,
                                           const struct diffmm__fold_in_state *from, size_t items,
                                           size_t d, size_t more, const float *v,
                                           struct diffmm__fold_in_state **out);

#endif
