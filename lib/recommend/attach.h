/* SPDX-License-Identifier: BSD-2-Clause */
/* A user attached to the finished graph, by the model's own rule (model/aggregate.c). All other
 * nodes keep the values that training left. With the user's items S, s = |S| + 1 and
 *     a_i = 1 / sqrt(s t_i),   t_i = training users of item i + 1, and 1 more if the edge is new,
 *     X_i = sum_m w_m Xn_m,i,  P_i = sum_{l < L} s^-(L-1-l) (row i of sum_{k <= l} A^k V),
 * the forward pass comes down to sums over S:
 *     V     = own + sum_i a_i ((1 + 1/s) X_i + E_i),   own = (1 + 1/s) E / s + G,
 *     final = k V + sum_i a_i P_i,   k = 1 + 1/s + .. + 1/s^L + ris_lambda / max(||V||, 1e-12).
 * E is the user's learnt embedding and G what generated neighbours bring. A known user's E is in
 * the model, and G follows from the final embedding, since V is parallel to final - sum_i a_i P_i.
 * A new user takes the mean of all users' E, and G = 0. */
#ifndef DIFFMM_RECOMMEND_ATTACH_H
#define DIFFMM_RECOMMEND_ATTACH_H

#include <stdbool.h>

#include "recommend/list.h"
#include "recommend/scorer.h"

/* The user and the items, which are those of the training row and of the list. */
struct diffmm__attached {
    const diffmm_scorer *scorer;
    const struct diffmm__attachment *parts;
    int32_t user;                   /* or DIFFMM_NEW_USER */
    const int32_t *row, *row_end;   /* training items; none of a new user */
    const int32_t *more, *more_end; /* ascending, may repeat themselves and the row */
    size_t items;                   /* |S| */
};

/* An edge of the attached user. */
struct diffmm__edge {
    int32_t item;
    float weight; /* a_i */
};

/* Check a caller's arguments and sort the items into `list`, which must be ended in any case. */
diffmm_status diffmm__attach(const diffmm_scorer *scorer, int32_t user, size_t count,
                             const int32_t *items, struct diffmm__list *list,
                             struct diffmm__attached *out);

/* The edges, by ascending item: a walk starts as a copy of the attached user. */
bool diffmm__attached_next(struct diffmm__attached *walk, struct diffmm__edge *edge);

/* Whether the list adds nothing to a known user. */
bool diffmm__attached_as_trained(const struct diffmm__attached *attached);

/* own, d floats. */
void diffmm__attached_own(const struct diffmm__attached *attached, float *own);

/* V from own, in place; returns k. */
double diffmm__attached_gather(const struct diffmm__attached *attached, float *vector);

/* final from V and k, in place. DIFFMM_ERROR_NUMERIC where it or a score of it is not finite: of
 * the rows that it takes, a model file's are not checked before. */
diffmm_status diffmm__attached_propagate(const struct diffmm__attached *attached, double k,
                                         float *vector);

/* s^-(L-1-l), the share of layer l in P. */
float diffmm__attached_share(const struct diffmm__attached *attached, size_t layer);

#endif
