/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>

#include "naive_ranking.h"

enum { users = ranking_users, items = ranking_items };

static struct ranking_world world;

/* Holds every user against diffmm_recommend(). */
struct listener {
    pthread_t thread;
    const diffmm_scorer *scorer;
    const diffmm_query *query;
    int32_t next, stop_at; /* stop_at -1: never */
};

static int hear(int32_t user, const diffmm_hit *hits, size_t found, void *user_data)
{
    static diffmm_hit expected[items];
    struct listener *listener = user_data;
    size_t wanted;
    ck_assert(pthread_equal(listener->thread, pthread_self()));
    ck_assert_int_eq(user, listener->next++);
    if (user == listener->stop_at)
        return -3;
    diffmm_query query = *listener->query;
    query.count = query.count < items ? query.count : items;
    expect_success(diffmm_recommend(listener->scorer, user, &query, expected, &wanted));
    ck_assert_uint_eq(found, wanted);
    if (found)
        ck_assert_mem_eq(hits, expected, found * sizeof *hits);
    return 0;
}

static struct listener listener_of(const diffmm_scorer *scorer, const diffmm_query *query)
{
    return (struct listener){
        .thread = pthread_self(), .scorer = scorer, .query = query, .stop_at = -1};
}

START_TEST(every_user_in_order_with_the_same_bits)
{
    static struct drawn_query drawn;
    for (size_t threads = 1; threads <= 3; threads += 2) {
        ranking_begin(&world, threads, 8, threads == 3);
        for (uint64_t seed = 0; seed < 20; seed++) {
            draw_query(seed, items, &drawn);
            struct listener listener = listener_of(world.scorer, &drawn.query);
            expect_success(diffmm_recommend_all(world.scorer, &drawn.query, hear, &listener));
            ck_assert_int_eq(listener.next, users);
        }
        ranking_end(&world);
    }
}
END_TEST

START_TEST(the_callback_may_stop)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = 7};
    ranking_begin(&world, 2, 4, false);
    for (int32_t at = 0; at < users; at += 13) {
        struct listener listener = listener_of(world.scorer, &query);
        listener.stop_at = at;
        expect_failure(diffmm_recommend_all(world.scorer, &query, hear, &listener),
                       DIFFMM_CANCELLED, "the callback returned -3 at user ");
        ck_assert_int_eq(listener.next, at + 1);
    }
    ranking_end(&world);
}
END_TEST

static int refuse(int32_t user, int32_t item, int32_t *keep, void *user_data)
{
    (void)item;
    (void)keep;
    (void)user_data;
    return user == 30;
}

static int count_users(int32_t user, const diffmm_hit *hits, size_t found, void *user_data)
{
    (void)hits;
    (void)found;
    *(int32_t *)user_data = user + 1;
    return 0;
}

START_TEST(a_failing_filter_stops)
{
    int32_t told = 0;
    const diffmm_query query = {.struct_size = sizeof query, .count = 7, .filter = refuse};
    ranking_begin(&world, 2, 4, false);
    expect_failure(diffmm_recommend_all(world.scorer, &query, count_users, &told),
                   DIFFMM_ERROR_CALLBACK, "query->filter");
    ck_assert_int_le(told, 30);
    ranking_end(&world);
}
END_TEST

/* What is allocated at the same time. */
struct meter {
    size_t live, most;
};

static void *meter_allocate(size_t size, void *user_data)
{
    struct meter *meter = user_data;
    size_t *block = malloc(size + 64);
    *block = size;
    meter->live += size;
    meter->most = meter->live > meter->most ? meter->live : meter->most;
    return (char *)block + 64;
}

static void meter_release(void *pointer, void *user_data)
{
    struct meter *meter = user_data;
    if (!pointer)
        return;
    size_t *block = (size_t *)(void *)((char *)pointer - 64);
    meter->live -= *block;
    free(block);
}

START_TEST(memory_is_bounded_whatever_the_number_of_users)
{
    enum { many_users = 20000, few_items = 600 };
    struct meter meter = {0};
    int32_t told = 0;
    diffmm_context *context;
    diffmm_scorer *scorer;
    const diffmm_context_settings settings = {.struct_size = sizeof settings,
                                              .threads = 1,
                                              .allocate = meter_allocate,
                                              .release = meter_release,
                                              .allocator_data = &meter};
    expect_success(diffmm_context_create(&settings, &context));
    diffmm_model *model = small_model(context, many_users, few_items, 2, false);
    expect_success(diffmm_scorer_create(model, &scorer));
    diffmm_model_destroy(model);
    size_t before = meter.most = meter.live;
    const diffmm_query query = {.struct_size = sizeof query, .count = few_items};
    expect_success(diffmm_recommend_all(scorer, &query, count_users, &told));
    ck_assert_int_eq(told, many_users);
    ck_assert_uint_eq(meter.live, before);
    ck_assert_uint_le(meter.most - before, (9 << 20) + few_items * sizeof(diffmm_hit));
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
}
END_TEST

static diffmm_status run(void *argument)
{
    int32_t told;
    return diffmm_recommend_all(world.scorer, argument, count_users, &told);
}

START_TEST(any_allocation_may_fail)
{
    diffmm_query query = {.struct_size = sizeof query, .count = 7};
    ranking_begin(&world, 1, 4, false);
    ck_assert_uint_ge(fail_each_allocation(&world.allocations, run, &query), 4);
    ranking_end(&world);
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    diffmm_query query = {.struct_size = sizeof query, .count = 1};
    int32_t told = 0;
    ranking_begin(&world, 1, 4, false);
    expect_failure(diffmm_recommend_all(NULL, &query, count_users, &told), bad, "scorer");
    expect_failure(diffmm_recommend_all(world.scorer, NULL, count_users, &told), bad, "query");
    expect_failure(diffmm_recommend_all(world.scorer, &query, NULL, &told), bad, "function");
    query.count = 0;
    expect_failure(diffmm_recommend_all(world.scorer, &query, count_users, &told), bad,
                   "query->count is 0");
    ck_assert_int_eq(told, 0);
    ranking_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_user_in_order_with_the_same_bits,
                                  the_callback_may_stop,
                                  a_failing_filter_stops,
                                  memory_is_bounded_whatever_the_number_of_users,
                                  any_allocation_may_fail,
                                  bad_arguments_are_named};
    return run_in_all_ways("recommend_all", tests, sizeof tests / sizeof *tests) != 0;
}
