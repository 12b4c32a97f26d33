/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways of searching, told and chosen; each gives the same hits. */
#include <stddef.h>
#include <string.h>

#include "naive_ranking.h"

enum { users = 20, items = 40000, d = 24, count = 50 };

struct world {
    struct failing allocations;
    diffmm_context *context;
    diffmm_scorer *scorer;
};

/* Embeddings with a few common directions, and ties. */
static void begin(struct world *world, size_t threads)
{
    memset(world, 0, sizeof *world);
    world->context = failing_context(&world->allocations, threads);
    diffmm_model *model = small_model(world->context, users, items, d, false);
    for (size_t i = 0; i < users + items; i++) {
        float *row = model->final + i * d;
        row[i % 3] += 2.0f;
        if (i >= users + 1000 && i % 9 == 0)
            memcpy(row, row - 500 * d, d * sizeof *row);
    }
    expect_success(diffmm_scorer_create(model, &world->scorer));
    diffmm_model_destroy(model);
}

static void end(struct world *world)
{
    diffmm_scorer_destroy(world->scorer);
    diffmm_context_destroy(world->context);
}

static diffmm_scorer_info describe(const diffmm_scorer *scorer)
{
    diffmm_scorer_info info = {.struct_size = sizeof info};
    expect_success(diffmm_scorer_describe(scorer, &info));
    return info;
}

/* Everything that a scorer ranks. */
struct answers {
    diffmm_hit user[users][count], block[users][count], alike[users][count], cosine[users][count];
    size_t found[4][users];
};

static void ask(const diffmm_scorer *scorer, size_t threads, struct answers *out)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = count, .threads = threads};
    memset(out, 0, sizeof *out);
    expect_success(
        diffmm_recommend_users(scorer, users, NULL, &query, out->block[0], out->found[1]));
    for (int32_t u = 0; u < users; u++) {
        expect_success(diffmm_recommend(scorer, u, &query, out->user[u], &out->found[0][u]));
        expect_success(diffmm_similar_items(scorer, 31 * u, DIFFMM_DOT, &query, out->alike[u],
                                            &out->found[2][u]));
        expect_success(diffmm_similar_items(scorer, 31 * u, DIFFMM_COSINE, &query, out->cosine[u],
                                            &out->found[3][u]));
    }
    ck_assert_mem_eq(out->user, out->block, sizeof out->user);
}

START_TEST(all_ways_give_the_same_bits)
{
    static struct answers flat, other;
    struct world world;
    begin(&world, 3);
    expect_success(diffmm_scorer_set_search(world.scorer, DIFFMM_SEARCH_FLAT));
    ask(world.scorer, 0, &flat);
    for (size_t threads = 0; threads < 9; threads = 2 * threads + 1)
        for (int search = 0; search < 3; search++) {
            expect_success(diffmm_scorer_set_search(world.scorer, (diffmm_search)search));
            ask(world.scorer, threads, &other);
            ck_assert_mem_eq(&flat, &other, sizeof flat);
        }
    end(&world);
}
END_TEST

START_TEST(a_scorer_tells_how_it_searches)
{
    struct world world;
    begin(&world, 1);
    diffmm_scorer_info info = describe(world.scorer);
    ck_assert(info.users == users && info.items == items && info.dimensions == d);
    ck_assert_int_eq((int)info.search, DIFFMM_SEARCH_FIRST_PASS); /* by itself, so many items */
    ck_assert(info.head_dimensions > 0 && info.head_dimensions <= d);
    ck_assert_uint_ge(info.search_bytes, items * (d + 8));
    ck_assert_uint_le(info.search_bytes, diffmm_search_bytes(items, d, d, DIFFMM_SEARCH_AUTO));
    ck_assert_str_ne(info.kernels, "");
    expect_success(diffmm_scorer_set_search(world.scorer, DIFFMM_SEARCH_FLAT));
    info = describe(world.scorer);
    ck_assert_int_eq((int)info.search, DIFFMM_SEARCH_FLAT);
    ck_assert(info.head_dimensions == 0 && info.search_bytes == 0);
    end(&world);
}
END_TEST

/* What is held is what was asked of the host's allocator. */
static size_t live_bytes;

static void *counting_allocate(size_t size, void *user_data)
{
    size_t *block = malloc(sizeof(max_align_t) + size);
    (void)user_data;
    *block = size;
    live_bytes += size;
    return (char *)block + sizeof(max_align_t);
}

static void counting_release(void *pointer, void *user_data)
{
    size_t *block = (size_t *)(void *)((char *)pointer - sizeof(max_align_t));
    (void)user_data;
    live_bytes -= *block;
    free(block);
}

START_TEST(bytes_are_counted)
{
    const diffmm_context_settings settings = {
        .threads = 1, .allocate = counting_allocate, .release = counting_release};
    diffmm_context *context;
    diffmm_scorer *scorer;
    expect_success(diffmm_context_create(&settings, &context));
    diffmm_model *model = small_model(context, users, 3000, d, false);
    expect_success(diffmm_scorer_create(model, &scorer));
    size_t before = live_bytes;
    expect_success(diffmm_scorer_set_search(scorer, DIFFMM_SEARCH_FIRST_PASS));
    ck_assert_uint_eq(live_bytes - before, describe(scorer).search_bytes);
    ck_assert_uint_le(live_bytes - before,
                      diffmm_search_bytes(3000, d, d, DIFFMM_SEARCH_FIRST_PASS));
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
    ck_assert_uint_eq(live_bytes, 0);
}
END_TEST

START_TEST(bytes_are_told_beforehand)
{
    ck_assert_uint_eq(diffmm_search_bytes(16383, 64, 64, DIFFMM_SEARCH_AUTO), 0);
    ck_assert_uint_gt(diffmm_search_bytes(16384, 64, 64, DIFFMM_SEARCH_AUTO), 16384 * 64);
    ck_assert_uint_eq(diffmm_search_bytes(1 << 20, 15, 15, DIFFMM_SEARCH_AUTO), 0);
    ck_assert_uint_eq(diffmm_search_bytes(1 << 20, 64, 64, DIFFMM_SEARCH_FLAT), 0);
    ck_assert_uint_eq(diffmm_search_bytes(1 << 20, 1025, 1025, DIFFMM_SEARCH_FIRST_PASS), 0);
    size_t plain = diffmm_search_bytes(1 << 20, 320, 320, DIFFMM_SEARCH_AUTO);
    ck_assert_uint_gt(diffmm_search_bytes(1 << 20, 320, 64, DIFFMM_SEARCH_AUTO), plain);
    ck_assert_uint_gt(diffmm_search_bytes(SIZE_MAX, 320, 64, DIFFMM_SEARCH_AUTO), SIZE_MAX / 2);
}
END_TEST

static diffmm_status choose_first_pass(void *scorer)
{
    return diffmm_scorer_set_search(scorer, DIFFMM_SEARCH_FIRST_PASS);
}

START_TEST(without_memory_a_scorer_is_flat)
{
    struct world world;
    static struct answers flat, other;
    begin(&world, 1);
    expect_success(diffmm_scorer_set_search(world.scorer, DIFFMM_SEARCH_FLAT));
    ask(world.scorer, 0, &flat);
    ck_assert_uint_gt(fail_each_allocation(&world.allocations, choose_first_pass, world.scorer),
                      20);
    world.allocations.onwards = false;
    atomic_store(&world.allocations.count, 0);
    atomic_store(&world.allocations.fail, 5);
    expect_failure(choose_first_pass(world.scorer), DIFFMM_ERROR_NO_MEMORY, "");
    atomic_store(&world.allocations.fail, 0);
    ck_assert_int_eq((int)describe(world.scorer).search, DIFFMM_SEARCH_FLAT);
    ask(world.scorer, 0, &other);
    ck_assert_mem_eq(&flat, &other, sizeof flat);
    end(&world);
}
END_TEST

struct shared_query {
    const diffmm_scorer *scorer;
    diffmm_hit hits[count];
    size_t found;
};

static diffmm_status recommend_shared(void *argument)
{
    struct shared_query *shared = argument;
    const diffmm_query query = {.struct_size = sizeof query, .count = count, .threads = 2};
    return diffmm_recommend(shared->scorer, 3, &query, shared->hits, &shared->found);
}

START_TEST(any_allocation_of_threads_may_fail)
{
    struct world world;
    begin(&world, 2);
    struct shared_query shared = {.scorer = world.scorer};
    ck_assert_uint_gt(fail_each_allocation(&world.allocations, recommend_shared, &shared), 1);
    ck_assert_uint_eq(shared.found, count);
    end(&world);
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    struct world world;
    diffmm_scorer_info info = {.struct_size = 12};
    begin(&world, 1);
    expect_failure(diffmm_scorer_set_search(NULL, DIFFMM_SEARCH_FLAT),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "scorer is NULL");
    expect_failure(diffmm_scorer_set_search(world.scorer, (diffmm_search)3),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "search is 3, not one of diffmm_search");
    expect_failure(diffmm_scorer_describe(NULL, &info), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "scorer is NULL");
    expect_failure(diffmm_scorer_describe(world.scorer, NULL), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "out is NULL");
    expect_failure(diffmm_scorer_describe(world.scorer, &info), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "struct_size");
    end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_ways_give_the_same_bits,
                                  a_scorer_tells_how_it_searches,
                                  bytes_are_counted,
                                  bytes_are_told_beforehand,
                                  without_memory_a_scorer_is_flat,
                                  any_allocation_of_threads_may_fail,
                                  bad_arguments_are_named};
    return run_tests("scorer_search", tests, sizeof tests / sizeof *tests) != 0;
}
