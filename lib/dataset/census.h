/* SPDX-License-Identifier: BSD-2-Clause */
/* What a data set holds that is probably not meant: counted, and told once. */
#ifndef DIFFMM_DATASET_CENSUS_H
#define DIFFMM_DATASET_CENSUS_H

#include <stddef.h>

#include <diffmm/context.h>

#include "dataset/rows.h"

struct diffmm__census {
    size_t zeros, negatives; /* entries of matrices */
    size_t repeated;         /* interactions beyond the first of the same pair in a split */
    size_t train_valid, train_test, valid_test; /* pairs that are in both splits */
};

/* Count the pairs that are in two splits of so many users. */
void diffmm__census_count_overlaps(size_t users, const struct diffmm__rows *train,
                                   const struct diffmm__rows *valid,
                                   const struct diffmm__rows *test, struct diffmm__census *census);

/* A warning in the log for each kind that occurs: how many, what is done with them, and what can
 * be done about them. */
void diffmm__census_warn(const diffmm_context *context, const struct diffmm__census *census);

#endif
