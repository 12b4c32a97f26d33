/* SPDX-License-Identifier: BSD-2-Clause */
/* Users touch items close to them. Users and items are directions p_u, q_i in a space of hidden
 * factors. User u has n_u interactions: the items with the n_u smallest keys
 *
 *     r_ui / w_ui      with  w_ui = popularity_i (max(0, p_u q_i)^4 + 1e-4),
 *                            r_ui uniform in (0, 1),
 *
 * which is sampling in proportion to w (sequential Poisson sampling; Ohlsson 1998). It looks at
 * every item for every user. */
#ifndef DIFFMM_DATASET_SYNTHETIC_NEAR_H
#define DIFFMM_DATASET_SYNTHETIC_NEAR_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/dataset.h>

struct diffmm__synthetic_candidate {
    double key;
    int32_t item;
};

enum { DIFFMM__SYNTHETIC_MOST_FACTORS = 4096 };

/* A user's `count` interactions, of which the first is number `first` of all, in random order; with
 * room for `count` candidates. `items` are the directions of all items, items x factors, and
 * `popularity` one number for each. */
void diffmm__synthetic_near_choose(const diffmm_synthetic *spec, const double *items,
                                   const double *popularity, size_t user, size_t first,
                                   size_t count, struct diffmm__synthetic_candidate *room,
                                   int32_t *out);

#endif
