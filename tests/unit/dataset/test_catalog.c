/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/catalog.h"

#include <diffmm/diffmm.h>

#include "base/memory.h"
#include "support/context.h"
#include "support/failure.h"

START_TEST(catalogs_are_counted)
{
    diffmm_context *context = new_context(0);
    struct diffmm__catalog *catalog = diffmm__catalog_create(context);
    ck_assert_ptr_nonnull(catalog);
    diffmm_context_destroy(context); /* the catalog keeps it */
    expect_success(diffmm__ids_begin_numeric(catalog->context, 3, &catalog->user_ids));
    ck_assert_ptr_eq(diffmm__catalog_retain(catalog), catalog);
    diffmm__catalog_release(catalog);
    ck_assert_str_eq(diffmm__ids_text(&catalog->user_ids, 2), "2");
    diffmm__catalog_release(catalog);
    diffmm__catalog_release(NULL);
    ck_assert_ptr_null(diffmm__catalog_retain(NULL));
}
END_TEST

/* What is numbered by int32_t must fit: nodes of graphs, and training pairs. */
START_TEST(counts_that_are_too_large)
{
    const size_t most = INT32_MAX;
    expect_success(diffmm__catalog_check_counts(1, 1, most));
    expect_success(diffmm__catalog_check_counts(most - 1, 1, 0));
    expect_success(diffmm__catalog_check_counts(1, most - 1, 0));
    expect_failure(
        diffmm__catalog_check_counts(1, 1, most + 1), DIFFMM_ERROR_INVALID_ARGUMENT,
        "the data set has 2147483648 different training interactions, more than 2147483647");
    expect_failure(diffmm__catalog_check_counts(1, 1, SIZE_MAX), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "more");
    expect_failure(diffmm__catalog_check_counts(most, 1, 0), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "the data set has 2147483647 users and 1 items, together more than 2147483647");
    expect_failure(diffmm__catalog_check_counts(1, most, 0), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "together");
    expect_failure(diffmm__catalog_check_counts(SIZE_MAX, SIZE_MAX, 0),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "together");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {catalogs_are_counted, counts_that_are_too_large};
    return run_tests("catalog", tests, sizeof tests / sizeof *tests);
}
