/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_OPTIM_BPR_H
#define DIFFMM_OPTIM_BPR_H

#include "losses/term.h"

/* The users' rows: a matrix with one of each user; or, where `rows` is not NULL, one of each triple's. */
struct diffmm__bpr_users {
    const float *matrix, *rows;
};

/* diffmm_bpr() on valid arguments, by the threads of a context, which may be NULL; gradients are added to
 * what is there, and may be NULL. Of the users' gradient only the rows of `own` are. */
double diffmm__bpr(const diffmm_context *context, size_t d, struct diffmm__bpr_users users,
                   const float *item_matrix, size_t count, const int32_t *user,
                   const int32_t *positive, const int32_t *negative, double divisor,
                   struct diffmm__part own, float *grad_user, float *grad_item);

/* BPR over the batch, divided by the option `batch` whatever the batch's size; see losses/term.h.
 * */
diffmm_status diffmm__bpr_term(const struct diffmm__term_batch *batch, double weight, void *scratch,
                               double *value);

#endif
