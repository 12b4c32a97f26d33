/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of hits after the ranking, against the C functions. */
#include <algorithm>
#include <vector>

#include "support.hpp"

static const std::size_t items = 30;

static diffmm::scorer trained(const diffmm::context &context)
{
    diffmm::dataset data = small_data(context);
    return diffmm::scorer(diffmm::trainer(data, small_options(2)).fit());
}

static bool alike(const std::vector<diffmm::hit> &some, const diffmm::hit *others,
                  std::size_t count)
{
    return some.size() == count &&
           std::equal(some.begin(), some.end(), others, [](diffmm::hit x, diffmm::hit y) {
               return x.item == y.item && x.score == y.score;
           });
}

START_TEST(hits_are_diversified)
{
    diffmm::context context(1);
    const diffmm::scorer scorer = trained(context);
    const auto hits = scorer.recommend(3, 12);
    diffmm::hit out[5];
    double scratch[24];
    std::size_t found = 0;
    for (const char *modality : {"", "image", "text"}) {
        diffmm::check(diffmm_diversify(scorer.get(), *modality ? modality : nullptr, .3,
                                       hits.size(), hits.data(), 5, scratch, out, &found));
        ck_assert(alike(scorer.diversify(hits, 5, .3, modality), out, found));
    }
    ck_assert(alike(scorer.diversify(hits, 5, 1), hits.data(), 5));
    ck_assert_uint_eq(scorer.diversify({}, 5, .5).size(), 0);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "lambda is 2",
                 [&] { scorer.diversify(hits, 5, 2); });
    assert_fails(DIFFMM_ERROR_NOT_FOUND, "'smell'",
                 [&] { scorer.diversify(hits, 5, .5, "smell"); });
}
END_TEST

START_TEST(popular_items_come_first)
{
    diffmm::context context(1);
    const diffmm::scorer scorer = trained(context);
    std::vector<float> counts(items);
    for (std::int32_t user = 0; user < static_cast<std::int32_t>(scorer.users()); user++)
        for (std::int32_t item : scorer.seen(user))
            counts[static_cast<std::size_t>(item)] += 1;
    const auto hits = scorer.popular_items(SIZE_MAX);
    ck_assert_uint_eq(hits.size(), items);
    for (std::size_t i = 0; i < items; i++) {
        ck_assert_float_eq(hits[i].score, counts[static_cast<std::size_t>(hits[i].item)]);
        ck_assert(i == 0 || hits[i].score <= hits[i - 1].score);
    }
    diffmm::query query;
    query.filter = [](std::int32_t, std::int32_t item) { return item % 2 == 0; };
    ck_assert_uint_eq(scorer.popular_items(items, query).size(), items / 2);
}
END_TEST

START_TEST(lists_are_limited_merged_and_explored)
{
    const std::vector<diffmm::hit> first = {{0, 5}, {1, 4}, {2, 3}, {3, 2}},
                                   second = {{9, 1}, {1, 0}};
    const std::vector<std::int32_t> groups = {7, 7, 7, -1};
    const diffmm::hit two[] = {{0, 5}, {1, 4}, {3, 2}};
    ck_assert(alike(diffmm::limit_groups(first, groups, 2), two, 3));
    ck_assert(alike(diffmm::limit_groups(first, groups, 2, 2), two, 2));
    const diffmm::hit merged[] = {{0, 5}, {9, 1}, {1, 4}, {2, 3}, {3, 2}};
    ck_assert(alike(diffmm::merge_hits(.5, first, second), merged, 5));
    ck_assert(alike(diffmm::merge_hits(.5, first, second, 3), merged, 3));
    diffmm::hit out[3];
    double scratch[3];
    std::size_t found = 0;
    diffmm::check(diffmm_explore(2, 7, 9, 4, first.data(), 3, scratch, out, &found));
    ck_assert(alike(diffmm::explore(first, 2, 7, 9, 3), out, found));
    ck_assert(alike(diffmm::explore(first, 0, 7, 9), first.data(), 4));
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "most is 0",
                 [&] { diffmm::limit_groups(first, groups, 0); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "share",
                 [&] { diffmm::merge_hits(2, first, second); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "temperature",
                 [&] { diffmm::explore(first, -1, 7, 9); });
}
END_TEST

TCase *rerank_cases()
{
    TCase *cases = tcase_create("rerank");
    tcase_add_test(cases, hits_are_diversified);
    tcase_add_test(cases, popular_items_come_first);
    tcase_add_test(cases, lists_are_limited_merged_and_explored);
    return cases;
}
