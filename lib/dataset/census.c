/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/census.h"

#include "base/log.h"

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

void diffmm__census_count_overlaps(const struct diffmm__csr *train, const struct diffmm__csr *valid,
                                   const struct diffmm__csr *test, struct diffmm__census *census)
{
    census->train_valid = count_common(train, valid);
    census->train_test = count_common(train, test);
    census->valid_test = count_common(valid, test);
}

void diffmm__census_warn(const diffmm_context *context, const struct diffmm__census *census)
{
    if (census->zeros)
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%zu entries of matrices are 0 and do not count as interactions; scipy's "
                    "eliminate_zeros() removes them",
                    census->zeros);
    if (census->negatives)
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
}
