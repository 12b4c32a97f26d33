/* SPDX-License-Identifier: BSD-2-Clause */
/* A query, checked and prepared once for all rankings under it. What is ranked is items, or users
 * where users are compared with users; a ranked row is called by its number. */
#ifndef DIFFMM_SERVE_QUERY_PLAN_H
#define DIFFMM_SERVE_QUERY_PLAN_H

#include "base/ascending.h"
#include "base/handle.h"
#include "linalg/kernels.h"
#include "serve/scorer.h"

struct diffmm__query_plan {
    struct diffmm__call call;
    const diffmm_scorer *scorer;
    const struct diffmm__vector_kernels *kernels;
    diffmm_query query;
    size_t total;                                /* how many numbers there are */
    size_t capacity;                             /* of a ranking */
    const struct diffmm__first_pass *first_pass; /* of what is ranked, or NULL */
    struct diffmm__ascending exclude, candidates;
};

/* Check a caller's query over `total` numbers called `what` ("items", "users") and prepare it. The
 * plan must be ended in any case: until then the scorer is held, where its host may be called.
 * (Elsewhere it is not, so that serving threads write to no memory that they share.) */
diffmm_status diffmm__query_plan_begin(struct diffmm__query_plan *plan, const diffmm_scorer *scorer,
                                       size_t total, const char *what, const diffmm_query *query);

/* The same over items, which are ranked by their products with users' rows or embeddings. */
diffmm_status diffmm__query_plan_begin_items(struct diffmm__query_plan *plan,
                                             const diffmm_scorer *scorer,
                                             const diffmm_query *query);
void diffmm__query_plan_end(struct diffmm__query_plan *plan);

#endif
