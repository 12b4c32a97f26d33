/* SPDX-License-Identifier: BSD-2-Clause */
/* Folding a user in: the user's node joins the finished graph by the model's own propagation rule
 * (model/aggregate.c), and all other nodes keep the values that training left. With the items S,
 *
 *     s     = |S| + 1
 *     a_i   = 1 / sqrt(s t_i),   t_i = training users of item i + 1, and 1 more if the edge is new
 *     X_i   = sum_m w_m Xn_m,i
 *     P_i   = sum_{l < L} s^-(L-1-l) (row i of sum_{k <= l} A^k V)
 *
 * the forward pass comes down to sums over S:
 *
 *     own   = (1 + 1/s) E / s + G
 *     V     = own + sum_i a_i ((1 + 1/s) X_i + E_i)
 *     k     = 1 + 1/s + .. + 1/s^L + ris_lambda / max(||V||, 1e-12)
 *     final = k V + sum_i a_i P_i
 *
 * E is the user's learnt embedding and G what the generated neighbours bring. A known user's E is
 * in the model, and G follows from the final embedding, since V is parallel to
 * final - sum_i a_i P_i.
 * A new user takes the mean of the E of all users with training items, and G = 0.
 *
 * The term is from matrix factorisation (Sarwar et al., Incremental Singular Value Decomposition
 * Algorithms for Highly Scalable Recommender Systems, 2002); here a graph takes the user in. */
#ifndef DIFFMM_SERVE_FOLD_IN_H
#define DIFFMM_SERVE_FOLD_IN_H

#include <stdbool.h>

#include "base/ascending.h"
#include "serve/scorer.h"

/* A user with the items S: those of the training row and those of the list. */
struct diffmm__folded {
    const diffmm_scorer *scorer;
    const struct diffmm__fold_in_state *state;
    int32_t user;                   /* or DIFFMM_NEW_USER */
    const int32_t *row, *row_end;   /* training items; none of a new user */
    const int32_t *more, *more_end; /* ascending, may repeat themselves and the row */
    size_t items;                   /* |S| */
};

/* An edge of the folded user. */
struct diffmm__edge {
    int32_t item;
    float weight; /* a_i */
};

/* Check a caller's arguments and sort the items into `list`, which must be ended in any case. */
diffmm_status diffmm__fold_in_prepare(const diffmm_scorer *scorer, int32_t user, size_t count,
                                      const int32_t *items, struct diffmm__ascending *list,
                                      struct diffmm__folded *out);

/* The edges, by ascending item: a walk starts as a copy of the folded user. */
bool diffmm__fold_in_next(struct diffmm__folded *walk, struct diffmm__edge *edge);

/* Whether the list adds nothing to a known user. */
bool diffmm__fold_in_as_trained(const struct diffmm__folded *folded);

/* own, d floats. */
void diffmm__fold_in_own(const struct diffmm__folded *folded, float *own);

/* V from own, in place; returns k. */
double diffmm__fold_in_gather(const struct diffmm__folded *folded, float *vector);

/* final from V and k, in place. */
void diffmm__fold_in_propagate(const struct diffmm__folded *folded, double k, float *vector);

/* DIFFMM_ERROR_NUMERIC where the row, of the scorer's width, or one of its scores is not finite: the
 * rows of a model file that folding in reads have not been checked before. */
diffmm_status diffmm__fold_in_check(const struct diffmm__folded *folded, const float *row);

/* s^-(L-1-l), the share of layer l in P. */
float diffmm__fold_in_share(const struct diffmm__folded *folded, size_t layer);

#endif
