/* SPDX-License-Identifier: BSD-2-Clause */
/* The terms of the recommender's objective. */
#ifndef DIFFMM_MODEL_TERMS_H
#define DIFFMM_MODEL_TERMS_H

#include <diffmm/model.h>

#include "losses/term.h"

enum { DIFFMM__MAX_TERMS = 16 };

/* The weight of each term; 0: the term is off. */
struct diffmm__terms {
    double weight[DIFFMM__MAX_TERMS];
};

/* How many terms the table has, and entry `index` of it. */
size_t diffmm__terms_count(void);
const struct diffmm__term *diffmm__terms_at(size_t index);

/* The weights that options give. */
diffmm_status diffmm__terms_read(const diffmm_options *options, struct diffmm__terms *out);

/* Whether a term that is on reads the modal views. */
bool diffmm__terms_need_views(const struct diffmm__terms *terms);

/* The sum of all terms that are on, each into `values`; gradients are added. Fails only with peers. */
diffmm_status diffmm__terms_evaluate(const struct diffmm__terms *terms,
                                     struct diffmm__term_batch *batch, void *const *scratch,
                                     double *values, double *total);

/* Takes the scratch of all terms that are on, one pointer per term, from an arena. */
void diffmm__terms_take(struct diffmm__arena *arena, const struct diffmm__terms *terms,
                        const struct diffmm__term_shape *shape, void **scratch);

/* FLOPs of matrix products: of an epoch by the naive strategy, and counted since the scratch was
 * made. */
double diffmm__terms_naive_flops(const struct diffmm__terms *terms,
                                 const struct diffmm__settings *settings,
                                 const struct diffmm__term_shape *shape);
double diffmm__terms_counted_flops(void *const *scratch);

/* Where term `index` stands in the struct of the first version; NULL where the struct has no place
 * for it. */
double *diffmm__terms_member(size_t index, diffmm_losses *losses);

#endif
