/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of what a data set holds but probably should not hold. They are told once, in the log. */
#ifndef DIFFMM_DATASET_CENSUS_H
#define DIFFMM_DATASET_CENSUS_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

#include "linalg/csr.h"

/* Arrays of two: of validation, of test. */
struct diffmm__census {
    size_t zeros, negatives; /* such entries of matrices that were read */
    size_t repeated;         /* interactions beyond the first of the same pair in a split */
    size_t train_valid, train_test, valid_test; /* pairs that are in both splits */
    size_t cold_users[2], cold_items[2]; /* held-out ones that have no training interaction */
    size_t ratings, timestamps;          /* interactions that came with one */
    bool ratings_used, times_used;       /* by a filter or a hold-out */
};

/* Count what shows in the splits: pairs that are in two of them, cold users and cold items. */
diffmm_status diffmm__census_count_splits(const diffmm_context *context,
                                          const struct diffmm__csr *train,
                                          const struct diffmm__csr held[2],
                                          struct diffmm__census *census);

/* Write a warning to the log for each kind that occurs: how many there are, what the library does
 * with them, and what the user can do. */
void diffmm__census_warn(const diffmm_context *context, const struct diffmm__census *census);

#endif
