/* SPDX-License-Identifier: BSD-2-Clause */
#include "evaluation/popularity.h"

#include "support/failure.h"

enum { users = 4, items = 7 };

/* Items 5 and 2 have three users, 0 has two, 3 one, and 1, 4 and 6 have none. */
static const int64_t pointers[users + 1] = {0, 3, 6, 8, 9};
static const int32_t indices[] = {0, 2, 5, 0, 2, 5, 2, 5, 3};
static const int32_t order[items] = {2, 5, 0, 3, 1, 4, 6};
static const uint32_t twice[items] = {6, 12, 3, 8, 12, 3, 12};

START_TEST(equal_items_share_their_ranks)
{
    struct diffmm__csr rows = diffmm__csr_view(users, items, pointers, indices, NULL);
    struct diffmm__popularity popularity;
    expect_success(diffmm__popularity_begin(NULL, &rows, &popularity));
    for (size_t i = 0; i < items; i++) {
        ck_assert_int_eq(popularity.order[i], order[i]);
        ck_assert_uint_eq(popularity.twice_rank[i], twice[i]);
    }
    diffmm__popularity_end(&popularity);
}
END_TEST

START_TEST(without_interactions_all_are_equal)
{
    static const int64_t none[users + 1] = {0};
    struct diffmm__csr rows = diffmm__csr_view(users, items, none, NULL, NULL);
    struct diffmm__popularity popularity;
    expect_success(diffmm__popularity_begin(NULL, &rows, &popularity));
    for (size_t i = 0; i < items; i++) {
        ck_assert_int_eq(popularity.order[i], (int32_t)i);
        ck_assert_uint_eq(popularity.twice_rank[i], items + 1);
    }
    diffmm__popularity_end(&popularity);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equal_items_share_their_ranks,
                                  without_interactions_all_are_equal};
    return run_tests("popularity", tests, sizeof tests / sizeof *tests) != 0;
}
