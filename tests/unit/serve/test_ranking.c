/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <pthread.h>

#include "naive_ranking.h"

enum { users = ranking_users, items = ranking_items };

static struct ranking_world world;

/* Keeps what the bits of a hash of user and item say, and counts. */
struct chooser {
    pthread_t thread;
    size_t asked, fail_at; /* 0: never */
    uint64_t one_in;       /* keep about one in so many */
};

static int choose(int32_t user, int32_t item, int32_t *keep, void *user_data)
{
    struct chooser *chooser = user_data;
    if (!pthread_equal(chooser->thread, pthread_self()) || *keep != 1 || user < 0 ||
        user >= users || item < 0 || item >= items)
        ck_abort_msg("asked of user %d, item %d, keep %d", user, item, *keep);
    if (++chooser->asked == chooser->fail_at)
        return 5;
    uint64_t place = (uint64_t)(user + 1) * items + (uint64_t)item;
    *keep = diffmm__random_below(1, 2, place, chooser->one_in) == 0;
    return 0;
}

static struct chooser chooser_of(uint64_t one_in)
{
    return (struct chooser){.thread = pthread_self(), .one_in = one_in};
}

START_TEST(a_callback_decides_for_each_user)
{
    static struct drawn_query drawn;
    static diffmm_hit hits[users * 5000];
    size_t found[users];
    for (int ties = 0; ties < 2; ties++) {
        ranking_begin(&world, 1 + 2 * (size_t)ties, 3, ties != 0);
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct chooser chooser = chooser_of(1 + seed % 7);
            draw_query(seed, items, &drawn);
            drawn.query.struct_size = sizeof drawn.query;
            drawn.query.filter = choose;
            drawn.query.filter_data = &chooser;
            int32_t user = (int32_t)(seed % users);
            expect_success(diffmm_recommend(world.scorer, user, &drawn.query, hits, found));
            expect_ranking(world.scorer, user, &drawn.query, hits, *found);
            expect_success(
                diffmm_recommend_users(world.scorer, users, NULL, &drawn.query, hits, found));
            for (int32_t u = 0; u < users; u++)
                expect_ranking(world.scorer, u, &drawn.query, hits + (size_t)u * drawn.query.count,
                               found[u]);
        }
        ranking_end(&world);
    }
}
END_TEST

START_TEST(a_callback_is_asked_of_the_best_only)
{
    diffmm_hit hits[3];
    size_t found;
    struct chooser chooser = chooser_of(1);
    const diffmm_query query = {
        .struct_size = sizeof query, .count = 3, .filter = choose, .filter_data = &chooser};
    ranking_begin(&world, 1, 16, false);
    expect_success(diffmm_recommend(world.scorer, 1, &query, hits, &found));
    ck_assert(found == 3 && chooser.asked >= 3 && chooser.asked < items / 2);
    ranking_end(&world);
}
END_TEST

static void expect_untouched(const diffmm_hit *hits, size_t hit_count, const size_t *found,
                             size_t found_count)
{
    for (size_t i = 0; i < hit_count; i++)
        if (hits[i].item != -7)
            ck_abort_msg("hit %zu was touched", i);
    for (size_t i = 0; i < found_count; i++)
        ck_assert_uint_eq(found[i], 77);
}

START_TEST(a_failing_callback_stops_and_touches_nothing)
{
    enum { count = 200 };
    static diffmm_hit hits[users * count];
    size_t found[users];
    ranking_begin(&world, 3, 4, false);
    for (size_t i = 0; i < users * count; i++)
        hits[i] = (diffmm_hit){-7, -7};
    for (size_t i = 0; i < users; i++)
        found[i] = 77;
    for (size_t wanted = 20; wanted <= count; wanted += 180)
        for (size_t fail_at = 1; fail_at < 1000; fail_at *= 3) {
            struct chooser chooser = chooser_of(2);
            const diffmm_query query = {.struct_size = sizeof query,
                                        .count = wanted,
                                        .filter = choose,
                                        .filter_data = &chooser};
            chooser.fail_at = fail_at < 200 ? fail_at : 1;
            expect_failure(diffmm_recommend(world.scorer, 2, &query, hits, found),
                           DIFFMM_ERROR_CALLBACK, "query->filter returned 5 at ");
            ck_assert_uint_eq(chooser.asked, chooser.fail_at); /* and asked no more */
            chooser.asked = 0;
            chooser.fail_at = fail_at;
            expect_failure(diffmm_recommend_users(world.scorer, users, NULL, &query, hits, found),
                           DIFFMM_ERROR_CALLBACK, "query->filter returned 5 at ");
            ck_assert_uint_eq(chooser.asked, fail_at);
            expect_untouched(hits, users * count, found, users);
        }
    ranking_end(&world);
}
END_TEST

START_TEST(any_allocation_for_a_callback_may_fail)
{
    static diffmm_hit hits[users * 200];
    size_t found[users] = {77};
    struct chooser chooser = chooser_of(2);
    const diffmm_query query = {
        .struct_size = sizeof query, .count = 200, .filter = choose, .filter_data = &chooser};
    ranking_begin(&world, 1, 4, false);
    atomic_store(&world.allocations.count, 0);
    atomic_store(&world.allocations.fail, 1);
    expect_failure(diffmm_recommend(world.scorer, 2, &query, hits, found), DIFFMM_ERROR_NO_MEMORY,
                   "");
    atomic_store(&world.allocations.count, 0);
    expect_failure(diffmm_recommend_users(world.scorer, users, NULL, &query, hits, found),
                   DIFFMM_ERROR_NO_MEMORY, "");
    atomic_store(&world.allocations.fail, 0);
    ck_assert(found[0] == 77 && chooser.asked == 0);
    ranking_end(&world);
}
END_TEST

START_TEST(scores_at_the_least_one_are_in)
{
    const int32_t candidates[] = {3, 8, 40};
    float scores[3];
    diffmm_hit hits[3];
    size_t found;
    ranking_begin(&world, 1, 4, false);
    expect_success(diffmm_score(world.scorer, 0, 3, candidates, scores));
    for (size_t i = 0; i < 3; i++) {
        diffmm_query query = {.struct_size = sizeof query,
                              .count = 3,
                              .candidates = candidates,
                              .candidate_count = 3,
                              .min_score = 1e30F};
        size_t wanted = 0;
        expect_success(diffmm_recommend(world.scorer, 0, &query, hits, &found));
        ck_assert_uint_eq(found, 3); /* without has_min_score it is nothing */
        query.has_min_score = 1;
        query.min_score = scores[i];
        for (size_t j = 0; j < 3; j++)
            wanted += scores[j] >= scores[i];
        expect_success(diffmm_recommend(world.scorer, 0, &query, hits, &found));
        ck_assert_uint_eq(found, wanted);
        ck_assert(hits[found - 1].item == candidates[i]);
        query.min_score = -INFINITY;
        expect_success(diffmm_recommend(world.scorer, 0, &query, hits, &found));
        ck_assert_uint_eq(found, 3);
        query.min_score = INFINITY;
        expect_success(diffmm_recommend(world.scorer, 0, &query, hits, &found));
        ck_assert_uint_eq(found, 0);
    }
    ranking_end(&world);
}
END_TEST

/* NaN is never recommended, since no score is one. */
START_TEST(embeddings_whose_scores_overflow_are_refused)
{
    diffmm_hit hit = {.item = -7};
    size_t found = 77;
    float embedding[2] = {3e38F, 3e38F};
    diffmm_context *context;
    diffmm_scorer *scorer;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    diffmm_model *model = small_model(context, 2, 40, 2, false);
    model->final[2 * 5] = 1e37F;
    model->final[2 * 5 + 1] = -1e37F;
    expect_success(diffmm_scorer_create(model, &scorer));
    const diffmm_query query = {.struct_size = sizeof query, .count = 1};
    expect_failure(diffmm_recommend_embedding(scorer, embedding, &query, &hit, &found),
                   DIFFMM_ERROR_NUMERIC, "embedding: its scores overflow");
    ck_assert(hit.item == -7 && found == 77);
    embedding[0] = embedding[1] = 1.0F;
    expect_success(diffmm_recommend_embedding(scorer, embedding, &query, &hit, &found));
    ck_assert(found == 1 && isfinite(hit.score));
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(bad_filters_are_refused)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    static const uint8_t allowed[(items + 7) / 8];
    diffmm_hit hit = {-7, -7};
    size_t found = 77;
    ranking_begin(&world, 1, 4, false);
    diffmm_query query = {.struct_size = sizeof query, .count = 1, .allowed_size = 88};
    expect_failure(diffmm_recommend(world.scorer, 0, &query, &hit, &found), bad, "query->allowed");
    query.allowed = allowed;
    query.allowed_size = 87;
    expect_failure(diffmm_recommend(world.scorer, 0, &query, &hit, &found), bad,
                   "query->allowed_size is 87, but 700 items take 88 bytes");
    query.allowed_size = 88;
    expect_success(diffmm_recommend(world.scorer, 0, &query, &hit, &found));
    ck_assert(found == 0 && hit.item == -7);
    query = (diffmm_query){
        .struct_size = sizeof query, .count = 1, .has_min_score = 1, .min_score = NAN};
    expect_failure(diffmm_recommend(world.scorer, 0, &query, &hit, &found), bad, "min_score");
    query.has_min_score = 0;
    expect_success(diffmm_recommend(world.scorer, 0, &query, &hit, &found));
    ranking_end(&world);
}
END_TEST

START_TEST(a_query_of_before_has_no_filter)
{
    diffmm_hit hit;
    size_t found;
    diffmm_query query = {.struct_size = offsetof(diffmm_query, allowed), .count = 1};
    memset((char *)&query + query.struct_size, 0x5a, sizeof query - query.struct_size);
    ranking_begin(&world, 1, 4, false);
    expect_success(diffmm_recommend(world.scorer, 0, &query, &hit, &found));
    ck_assert_uint_eq(found, 1);
    ranking_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_callback_decides_for_each_user,
                                  a_callback_is_asked_of_the_best_only,
                                  a_failing_callback_stops_and_touches_nothing,
                                  any_allocation_for_a_callback_may_fail,
                                  scores_at_the_least_one_are_in,
                                  embeddings_whose_scores_overflow_are_refused,
                                  bad_filters_are_refused,
                                  a_query_of_before_has_no_filter};
    return run_in_all_ways("ranking", tests, sizeof tests / sizeof *tests) != 0;
}
