/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/census.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"

/* How many pairs are in both. */
static size_t count_common(const struct diffmm__csr *a, const struct diffmm__csr *b)
{
    size_t common = 0;
    for (size_t u = 0; u < a->rows; u++) {
        int64_t i = a->pointers[u], j = b->pointers[u];
        while (i < a->pointers[u + 1] && j < b->pointers[u + 1]) {
            int32_t x = a->indices[i], y = b->indices[j];
            common += x == y;
            i += x <= y;
            j += y <= x;
        }
    }
    return common;
}

/* Users of `held` who have no training interaction. */
static size_t count_cold_users(const struct diffmm__csr *train, const struct diffmm__csr *held)
{
    size_t cold = 0;
    for (size_t u = 0; u < held->rows; u++)
        cold += diffmm__csr_row_entries(held, u) > 0 && diffmm__csr_row_entries(train, u) == 0;
    return cold;
}

/* Items of `held` that are not marked; they are marked then. */
static size_t count_cold_items(const struct diffmm__csr *held, bool *marked)
{
    size_t cold = 0, entries = diffmm__csr_entries(held);
    for (size_t e = 0; e < entries; e++) {
        cold += !marked[held->indices[e]];
        marked[held->indices[e]] = true;
    }
    return cold;
}

diffmm_status diffmm__census_count_splits(const diffmm_context *context,
                                          const struct diffmm__csr *train,
                                          const struct diffmm__csr held[2],
                                          struct diffmm__census *census)
{
    bool *marked = diffmm__allocate(context, train->columns, sizeof *marked);
    if (!marked)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t split = 0; split < 2; split++) {
        memset(marked, 0, train->columns * sizeof *marked);
        count_cold_items(train, marked);
        census->cold_items[split] = count_cold_items(&held[split], marked);
        census->cold_users[split] = count_cold_users(train, &held[split]);
    }
    diffmm__release(context, marked);
    census->train_valid = count_common(train, &held[0]);
    census->train_test = count_common(train, &held[1]);
    census->valid_test = count_common(&held[0], &held[1]);
    return DIFFMM_OK;
}

void diffmm__census_warn(const diffmm_context *context, const struct diffmm__census *census)
{
    if (census->zeros)
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%zu entries of matrices are 0 and do not count as interactions; scipy's "
                    "eliminate_zeros() removes them",
                    census->zeros);
    if (census->negatives && !census->ratings_used)
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%zu entries of matrices are negative and count as interactions like all "
                    "others; leave them out if they mean dislike",
                    census->negatives);
    if (census->repeated)
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%zu interactions repeat an earlier one of their split and do not count again",
                    census->repeated);
    if (census->train_valid || census->train_test)
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%zu interactions of validation and %zu of test are in training too: rankings "
                    "leave training items out, so these can never be hit and lower the metrics; "
                    "remove them from one split",
                    census->train_valid, census->train_test);
    if (census->valid_test)
        diffmm__log(
            context, DIFFMM_LOG_WARNING,
            "%zu interactions are in validation and in test, so the test split takes part in "
            "choosing the epoch; remove them from one split",
            census->valid_test);
    if (census->cold_users[0] || census->cold_users[1])
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%zu users of validation and %zu of test have no training interaction, so "
                    "nothing is known of their taste, and metrics leave them out; move one of "
                    "their interactions to training, or fold them in",
                    census->cold_users[0], census->cold_users[1]);
    if (census->cold_items[0] || census->cold_items[1])
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%zu items of validation and %zu of test have no training interaction: only "
                    "their features speak for them; move one of their interactions to training, or "
                    "place them as new items",
                    census->cold_items[0], census->cold_items[1]);
    if (census->ratings && !census->ratings_used)
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%zu interactions have a rating, and all count alike, low ones too; "
                    "diffmm_train --min-rating, or diffmm_dataset_filter_ratings(), leaves low "
                    "ones out",
                    census->ratings);
    if (census->timestamps && !census->times_used)
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%zu interactions have a timestamp, and nothing used them; diffmm_train "
                    "--hold-out-last, or diffmm_dataset_hold_out_last(), holds out by time",
                    census->timestamps);
}
