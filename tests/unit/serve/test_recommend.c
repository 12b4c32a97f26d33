/* SPDX-License-Identifier: BSD-2-Clause */
#include "naive_ranking.h"

enum { users = ranking_users, items = ranking_items };

static struct ranking_world world;

static void compare_with_full_sort(size_t threads, size_t d, bool ties)
{
    static struct drawn_query drawn;
    static diffmm_hit hits[users * 5000];
    static int32_t asked[users];
    size_t found[users];
    const diffmm_query *query = &drawn.query;
    ranking_begin(&world, threads, d, ties);
    for (uint64_t seed = 0; seed < 60; seed++) {
        draw_query(seed, items, &drawn);
        int32_t user = (int32_t)diffmm__random_below(seed, 8, 0, users);
        expect_success(diffmm_recommend(world.scorer, user, query, hits, found));
        expect_ranking(world.scorer, user, query, hits, *found);
        size_t count = (size_t)diffmm__random_below(seed, 9, 0, users + 1);
        bool all = seed % 3 == 0;
        for (size_t b = 0; b < count; b++)
            asked[b] = all ? (int32_t)b : (int32_t)diffmm__random_below(seed, 100, b, users);
        expect_success(
            diffmm_recommend_users(world.scorer, count, all ? NULL : asked, query, hits, found));
        for (size_t b = 0; b < count; b++)
            expect_ranking(world.scorer, asked[b], query, hits + b * query->count, found[b]);
    }
    ranking_end(&world);
}

START_TEST(equals_a_full_sort_with_ties)
{
    compare_with_full_sort(1, 3, true);
    compare_with_full_sort(3, 1, true);
}
END_TEST

START_TEST(equals_a_full_sort_of_real_scores)
{
    compare_with_full_sort(1, 64, false);
    compare_with_full_sort(3, 37, false);
}
END_TEST

START_TEST(hits_beyond_those_found_are_untouched)
{
    const int32_t candidates[] = {9, 2, 9};
    diffmm_hit hits[4] = {{-7, -7}, {-7, -7}, {-7, -7}, {-7, -7}};
    size_t found;
    ranking_begin(&world, 1, 4, false);
    diffmm_query query = {
        .count = 4, .candidates = candidates, .candidate_count = 3, .include_seen = 1};
    expect_success(diffmm_recommend(world.scorer, 1, &query, hits, &found));
    ck_assert_uint_eq(found, 2);
    ck_assert(hits[2].item == -7 && hits[3].item == -7);
    query.candidate_count = 0; /* only these, and there are none */
    expect_success(diffmm_recommend(world.scorer, 1, &query, hits, &found));
    ck_assert_uint_eq(found, 0);
    ranking_end(&world);
}
END_TEST

START_TEST(bad_queries_are_refused)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    const int32_t outside[] = {0, items}, negative[] = {-1}, wrong_user[] = {0, users};
    struct {
        diffmm_query query;
        unsigned char later;
    } newer = {.query = {.struct_size = sizeof newer, .count = 1}, .later = 0};
    diffmm_hit hits[4] = {{-7, -7}};
    size_t found[4] = {77};
    ranking_begin(&world, 1, 4, false);
    diffmm_query query = {.count = 1};
    expect_failure(diffmm_recommend(NULL, 0, &query, hits, found), bad, "scorer");
    expect_failure(diffmm_recommend(world.scorer, 0, NULL, hits, found), bad, "query");
    expect_failure(diffmm_recommend(world.scorer, 0, &query, NULL, found), bad, "hits");
    expect_failure(diffmm_recommend(world.scorer, 0, &query, hits, NULL), bad, "found");
    expect_failure(diffmm_recommend(world.scorer, users, &query, hits, found), bad, "user is 53");
    expect_failure(diffmm_recommend(world.scorer, -1, &query, hits, found), bad, "user is -1");
    query.count = 0;
    expect_failure(diffmm_recommend(world.scorer, 0, &query, hits, found), bad,
                   "query->count is 0");
    query = (diffmm_query){.count = 1, .reserved = 2};
    expect_failure(diffmm_recommend(world.scorer, 0, &query, hits, found), bad,
                   "query: reserved is 2, not 0");
    query = (diffmm_query){.count = 1, .exclude_count = 1};
    expect_failure(diffmm_recommend(world.scorer, 0, &query, hits, found), bad, "query->exclude");
    query = (diffmm_query){.count = 1, .candidate_count = 1};
    expect_failure(diffmm_recommend(world.scorer, 0, &query, hits, found), bad,
                   "query->candidates");
    query = (diffmm_query){.count = 1, .exclude = outside, .exclude_count = 2};
    expect_failure(diffmm_recommend(world.scorer, 0, &query, hits, found), bad,
                   "query->exclude[1] is 700");
    query = (diffmm_query){.count = 1, .candidates = negative, .candidate_count = 1};
    expect_failure(diffmm_recommend(world.scorer, 0, &query, hits, found), bad,
                   "query->candidates[0] is -1");
    memset((char *)&newer + sizeof newer.query, 1, sizeof newer - sizeof newer.query);
    expect_failure(diffmm_recommend(world.scorer, 0, &newer.query, hits, found), bad, "query");
    ck_assert(hits[0].item == -7 && found[0] == 77);
    memset((char *)&newer + sizeof newer.query, 0, sizeof newer - sizeof newer.query);
    expect_success(diffmm_recommend(world.scorer, 0, &newer.query, hits, found));

    query = (diffmm_query){.count = 1};
    found[0] = 77;
    expect_failure(diffmm_recommend_users(NULL, 1, NULL, &query, hits, found), bad, "scorer");
    expect_failure(diffmm_recommend_users(world.scorer, 1, NULL, NULL, hits, found), bad, "query");
    expect_failure(diffmm_recommend_users(world.scorer, 1, NULL, &query, NULL, found), bad, "hits");
    expect_failure(diffmm_recommend_users(world.scorer, 1, NULL, &query, hits, NULL), bad, "found");
    expect_failure(diffmm_recommend_users(world.scorer, users + 1, NULL, &query, hits, found), bad,
                   "user_count is 54");
    expect_failure(diffmm_recommend_users(world.scorer, 2, wrong_user, &query, hits, found), bad,
                   "users[1] is 53");
    query.count = 0;
    expect_failure(diffmm_recommend_users(world.scorer, 1, NULL, &query, hits, found), bad,
                   "query->count");
    query.count = 1;
    expect_success(diffmm_recommend_users(world.scorer, 0, NULL, &query, NULL, NULL));
    ck_assert_uint_eq(found[0], 77);
    ranking_end(&world);
}
END_TEST

struct request {
    diffmm_query query;
    bool many;
};

static diffmm_status ask(void *argument)
{
    const struct request *request = argument;
    static diffmm_hit hits[20 * 200];
    size_t found[20] = {77};
    diffmm_status status =
        request->many ? diffmm_recommend_users(world.scorer, 20, NULL, &request->query, hits, found)
                      : diffmm_recommend(world.scorer, 3, &request->query, hits, found);
    ck_assert((found[0] == 77) == (status != DIFFMM_OK));
    return status;
}

START_TEST(any_allocation_may_fail)
{
    static int32_t falling[300];
    ranking_begin(&world, 1, 4, false);
    struct request request = {.query = {.count = 200,
                                        .exclude = falling,
                                        .exclude_count = 300,
                                        .candidates = falling,
                                        .candidate_count = 270}};
    for (int32_t i = 0; i < 300; i++)
        falling[i] = 300 - i;
    for (int many = 0; many < 2; many++) {
        request.many = many != 0;
        ck_assert_uint_ge(fail_each_allocation(&world.allocations, ask, &request), 4);
    }
    ranking_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_a_full_sort_with_ties, equals_a_full_sort_of_real_scores,

                                  hits_beyond_those_found_are_untouched, bad_queries_are_refused,
                                  any_allocation_may_fail};
    return run_in_all_ways("recommend", tests, sizeof tests / sizeof *tests) != 0;
}
