/* SPDX-License-Identifier: BSD-2-Clause */
/* Least squares from features to final embeddings by conjugate gradients on the normal equations,
 *
 *     Z^T Z W = Z^T Y,     Z items x D standardised features,  Y items x d,  W D x d,
 *
 * each column of W on its own but all in the same products (CGLS: Hestenes and Stiefel, Methods of
 * Conjugate Gradients for Solving Linear Systems, 1952). No D x D matrix is made. Stopping early
 * regularises: the number of steps is the largest at which the squared error on items held out is
 * within one per cent of the least. (Beyond the least, the error stays flat for long where there
 * are more items than features, while the ranking still gains; where there are fewer, it rises at
 * once.) */
#ifndef DIFFMM_COLD_START_LEAST_SQUARES_H
#define DIFFMM_COLD_START_LEAST_SQUARES_H

#include <diffmm/context.h>

/* Items with their features. Rows are in an order of its own, those held out last. */
struct diffmm__least_squares {
    diffmm_context *context;
    size_t items, held; /* in all, and of them held out */
    size_t features, d; /* D of all modalities together */
    const float *z;     /* items x features, standardised */
    const float *y;     /* items x d: final embeddings minus their mean */
};

/* `map` (features x d) from all items; and from those not held out, `held_map`. */
diffmm_status diffmm__least_squares_solve(const struct diffmm__least_squares *problem, float *map,
                                          float *held_map);

#endif
