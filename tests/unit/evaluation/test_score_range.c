/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include <diffmm/metrics.h>

#include "evaluation/score_range.h"
#include "support/failure.h"

static diffmm_status check(float user, float item)
{
    const float users[] = {0, 1, user, user}, items[] = {item, item, item, item, 0, 0};
    return diffmm__score_range_check("it", 2, 3, 2, users, items, NULL);
}

START_TEST(products_of_norms_decide)
{
    expect_success(check(0, 0));
    expect_success(check(1e19f, 1e18f));
    expect_success(check(1e30f, 1e7f));
    expect_success(check(3e38f, 0));
    expect_failure(check(1e19f, 1e19f), DIFFMM_ERROR_NUMERIC, "it: scores overflow");
    expect_failure(check(3e38f, 1), DIFFMM_ERROR_NUMERIC, "norms of up to 4.24");
    expect_failure(check(NAN, 1), DIFFMM_ERROR_NUMERIC, "scores overflow");
}
END_TEST

START_TEST(an_evaluation_refuses_what_overflows)
{
    const int32_t user[] = {0, 0}, item[] = {0, 1};
    const size_t cutoff = 1;
    const float users[] = {1e20f}, items[] = {1e20f, -1e20f}, small[] = {1, 2};
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_metrics metrics = {.users = 77};
    expect_success(diffmm_context_create(NULL, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, user, item));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TEST, 1, user + 1, item + 1));
    expect_success(diffmm_dataset_seal(dataset));
    expect_failure(
        diffmm_evaluate(context, dataset, DIFFMM_TEST, 1, users, items, 1, &cutoff, &metrics),
        DIFFMM_ERROR_NUMERIC, "embeddings: scores overflow, with norms of up to 1.00");
    ck_assert_uint_eq(metrics.users, 77);
    expect_success(
        diffmm_evaluate(context, dataset, DIFFMM_TEST, 1, users, small, 1, &cutoff, &metrics));
    ck_assert(metrics.users == 1 && metrics.recall == 1.0);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {products_of_norms_decide, an_evaluation_refuses_what_overflows};
    return run_tests("score_range", tests, sizeof tests / sizeof *tests) != 0;
}
