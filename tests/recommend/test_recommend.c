/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stdlib.h>

#include <diffmm/recommend.h>

#include "../support/failing.h"
#include "../support/failure.h"
#include "../support/small_model.h"

enum { users = 53, items = 700, most = 900 };

static struct failing allocations;
static diffmm_context *context;
static diffmm_scorer *scorer;

/* Embeddings of few distinct values, so that scores tie. */
static void begin(size_t threads, size_t d, bool ties)
{
    context = failing_context(&allocations, threads);
    diffmm_model *model = small_model(context, users, items, d, false);
    for (size_t i = 0; ties && i < (users + items) * d; i++)
        model->final[i] = (float)diffmm__random_below(5, 5, i, 3) - 1;
    expect_success(diffmm_scorer_create(model, &scorer));
    diffmm_model_destroy(model);
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
}

static int best_first(const void *a, const void *b)
{
    const diffmm_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* The slow way: score all, leave out, sort. */
static size_t expected(int32_t user, const diffmm_query *query, diffmm_hit *out)
{
    static float scores[items];
    bool allowed[items];
    const int32_t *seen;
    size_t seen_count, count = 0;
    expect_success(diffmm_score(scorer, user, items, NULL, scores));
    for (size_t i = 0; i < items; i++)
        allowed[i] = query->candidates == NULL;
    for (size_t i = 0; i < query->candidate_count; i++)
        allowed[query->candidates[i]] = true;
    for (size_t i = 0; i < query->exclude_count; i++)
        allowed[query->exclude[i]] = false;
    expect_success(diffmm_scorer_seen(scorer, user, &seen, &seen_count));
    for (size_t i = 0; !query->include_seen && i < seen_count; i++)
        allowed[seen[i]] = false;
    for (int32_t i = 0; i < items; i++)
        if (allowed[i])
            out[count++] = (diffmm_hit){.item = i, .score = scores[i]};
    qsort(out, count, sizeof *out, best_first);
    return count < query->count ? count : query->count;
}

static void expect_hits(int32_t user, const diffmm_query *query, const diffmm_hit *hits,
                        size_t found)
{
    static diffmm_hit wanted[items];
    size_t count = expected(user, query, wanted);
    ck_assert_uint_eq(found, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(hits[i].item, wanted[i].item);
        ck_assert(hits[i].score == wanted[i].score);
    }
}

/* Lists in any order, with repetition. */
static diffmm_query draw_query(uint64_t seed, int32_t exclude[most], int32_t candidates[most])
{
    static const size_t counts[] = {1, 5, 20, 200, items, 5000};
    static const size_t lengths[] = {0, 1, 10, 127, 129, most};
    diffmm_query query = {.struct_size = seed % 2 ? sizeof query : 0};
    query.count = counts[diffmm__random_below(seed, 1, 0, 6)];
    query.include_seen = (int32_t)diffmm__random_below(seed, 2, 0, 2);
    query.exclude_count = lengths[diffmm__random_below(seed, 3, 0, 6)];
    query.exclude = query.exclude_count ? exclude : NULL;
    for (size_t i = 0; i < query.exclude_count; i++)
        exclude[i] = (int32_t)diffmm__random_below(seed, 4, i, items);
    if (diffmm__random_below(seed, 5, 0, 2)) {
        query.candidate_count = lengths[diffmm__random_below(seed, 6, 0, 6)];
        query.candidates = candidates;
    }
    for (size_t i = 0; i < query.candidate_count; i++)
        candidates[i] = (int32_t)diffmm__random_below(seed, 7, i, items);
    return query;
}

static void compare_with_full_sort(size_t threads, size_t d, bool ties)
{
    static int32_t exclude[most], candidates[most];
    static diffmm_hit hits[users * 5000];
    static int32_t asked[users];
    size_t found[users];
    begin(threads, d, ties);
    for (uint64_t seed = 0; seed < 24; seed++) {
        diffmm_query query = draw_query(seed, exclude, candidates);
        int32_t user = (int32_t)diffmm__random_below(seed, 8, 0, users);
        expect_success(diffmm_recommend(scorer, user, &query, hits, found));
        expect_hits(user, &query, hits, *found);
        size_t count = (size_t)diffmm__random_below(seed, 9, 0, users + 1);
        bool all = seed % 3 == 0;
        for (size_t b = 0; b < count; b++)
            asked[b] = all ? (int32_t)b : (int32_t)diffmm__random_below(seed, 10, b, users);
        expect_success(
            diffmm_recommend_users(scorer, count, all ? NULL : asked, &query, hits, found));
        for (size_t b = 0; b < count; b++)
            expect_hits(asked[b], &query, hits + b * query.count, found[b]);
    }
    end();
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

START_TEST(a_short_list_for_one_user_needs_no_allocation)
{
    const int32_t exclude[] = {5, 3, 5};
    diffmm_hit hits[20];
    size_t found;
    begin(2, 8, false);
    const diffmm_query query = {.count = 20, .exclude = exclude, .exclude_count = 3};
    size_t before = atomic_load(&allocations.count);
    expect_success(diffmm_recommend(scorer, 4, &query, hits, &found));
    ck_assert_uint_eq(atomic_load(&allocations.count), before);
    ck_assert_uint_eq(found, 20);
    end();
}
END_TEST

START_TEST(hits_beyond_those_found_are_untouched)
{
    const int32_t candidates[] = {9, 2, 9};
    diffmm_hit hits[4] = {{-7, -7}, {-7, -7}, {-7, -7}, {-7, -7}};
    size_t found;
    begin(1, 4, false);
    diffmm_query query = {
        .count = 4, .candidates = candidates, .candidate_count = 3, .include_seen = 1};
    expect_success(diffmm_recommend(scorer, 1, &query, hits, &found));
    ck_assert_uint_eq(found, 2);
    ck_assert(hits[2].item == -7 && hits[3].item == -7);
    query.candidate_count = 0; /* only these, and there are none */
    expect_success(diffmm_recommend(scorer, 1, &query, hits, &found));
    ck_assert_uint_eq(found, 0);
    end();
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
    begin(1, 4, false);
    diffmm_query query = {.count = 1};
    expect_failure(diffmm_recommend(NULL, 0, &query, hits, found), bad, "scorer");
    expect_failure(diffmm_recommend(scorer, 0, NULL, hits, found), bad, "query");
    expect_failure(diffmm_recommend(scorer, 0, &query, NULL, found), bad, "hits");
    expect_failure(diffmm_recommend(scorer, 0, &query, hits, NULL), bad, "found");
    expect_failure(diffmm_recommend(scorer, users, &query, hits, found), bad, "user is 53");
    expect_failure(diffmm_recommend(scorer, -1, &query, hits, found), bad, "user is -1");
    query.count = 0;
    expect_failure(diffmm_recommend(scorer, 0, &query, hits, found), bad, "query->count is 0");
    query = (diffmm_query){.count = 1, .exclude_count = 1};
    expect_failure(diffmm_recommend(scorer, 0, &query, hits, found), bad, "query->exclude");
    query = (diffmm_query){.count = 1, .candidate_count = 1};
    expect_failure(diffmm_recommend(scorer, 0, &query, hits, found), bad, "query->candidates");
    query = (diffmm_query){.count = 1, .exclude = outside, .exclude_count = 2};
    expect_failure(diffmm_recommend(scorer, 0, &query, hits, found), bad,
                   "query->exclude[1] is 700");
    query = (diffmm_query){.count = 1, .candidates = negative, .candidate_count = 1};
    expect_failure(diffmm_recommend(scorer, 0, &query, hits, found), bad,
                   "query->candidates[0] is -1");
    memset((char *)&newer + sizeof newer.query, 1, sizeof newer - sizeof newer.query);
    expect_failure(diffmm_recommend(scorer, 0, &newer.query, hits, found), bad, "query");
    ck_assert(hits[0].item == -7 && found[0] == 77);
    memset((char *)&newer + sizeof newer.query, 0, sizeof newer - sizeof newer.query);
    expect_success(diffmm_recommend(scorer, 0, &newer.query, hits, found));

    query = (diffmm_query){.count = 1};
    found[0] = 77;
    expect_failure(diffmm_recommend_users(NULL, 1, NULL, &query, hits, found), bad, "scorer");
    expect_failure(diffmm_recommend_users(scorer, 1, NULL, NULL, hits, found), bad, "query");
    expect_failure(diffmm_recommend_users(scorer, 1, NULL, &query, NULL, found), bad, "hits");
    expect_failure(diffmm_recommend_users(scorer, 1, NULL, &query, hits, NULL), bad, "found");
    expect_failure(diffmm_recommend_users(scorer, users + 1, NULL, &query, hits, found), bad,
                   "user_count is 54");
    expect_failure(diffmm_recommend_users(scorer, 2, wrong_user, &query, hits, found), bad,
                   "users[1] is 53");
    query.count = 0;
    expect_failure(diffmm_recommend_users(scorer, 1, NULL, &query, hits, found), bad,
                   "query->count");
    query.count = 1;
    expect_success(diffmm_recommend_users(scorer, 0, NULL, &query, NULL, NULL));
    ck_assert_uint_eq(found[0], 77);
    end();
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
        request->many ? diffmm_recommend_users(scorer, 20, NULL, &request->query, hits, found)
                      : diffmm_recommend(scorer, 3, &request->query, hits, found);
    ck_assert((found[0] == 77) == (status != DIFFMM_OK));
    return status;
}

START_TEST(any_allocation_may_fail)
{
    static int32_t list[300];
    begin(1, 4, false);
    struct request request = {.query = {.count = 200,
                                        .exclude = list,
                                        .exclude_count = 300,
                                        .candidates = list,
                                        .candidate_count = 250}};
    for (int32_t i = 0; i < 300; i++)
        list[i] = i;
    for (int many = 0; many < 2; many++) {
        request.many = many != 0;
        ck_assert_uint_ge(fail_each_allocation(&allocations, ask, &request), many ? 6 : 4);
    }
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_a_full_sort_with_ties,
                                  equals_a_full_sort_of_real_scores,
                                  a_short_list_for_one_user_needs_no_allocation,
                                  hits_beyond_those_found_are_untouched,
                                  bad_queries_are_refused,
                                  any_allocation_may_fail};
    return run_tests("recommend", tests, sizeof tests / sizeof *tests) != 0;
}
