/* SPDX-License-Identifier: BSD-2-Clause */
#include "naive_ranking.h"

#include <diffmm/new_items.h>

enum { users = 40, items = 500, d = 5 };

static diffmm_context *context;
static diffmm_model *model;
static diffmm_scorer *scorer;

static void begin(bool held_out)
{
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    model = small_model(context, users, items, d, false);
    if (held_out)
        small_held_out(model);
    expect_success(diffmm_scorer_create(model, &scorer));
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}

/* The users of each item, by asking every user. */
static void count_users(const diffmm_scorer *of, float *counts)
{
    memset(counts, 0, diffmm_scorer_items(of) * sizeof *counts);
    for (int32_t u = 0; u < users; u++) {
        const int32_t *seen;
        size_t count;
        expect_success(diffmm_scorer_seen(of, u, &seen, &count));
        for (size_t i = 0; i < count; i++)
            counts[seen[i]] += 1;
    }
}

static void compare(const diffmm_scorer *of, size_t total)
{
    static float counts[ranking_items];
    static diffmm_hit hits[5000], expected[ranking_items];
    static struct drawn_query drawn;
    count_users(of, counts);
    for (uint64_t seed = 0; seed < 60; seed++) {
        size_t found;
        draw_query(seed, total, &drawn);
        expect_success(diffmm_popular_items(of, &drawn.query, hits, &found));
        ck_assert_uint_eq(
            found, naive_ranking(total, counts, 0, NULL, DIFFMM_NEW_USER, &drawn.query, expected));
        if (found)
            ck_assert_mem_eq(hits, expected, found * sizeof *hits);
    }
}

START_TEST(by_the_number_of_users)
{
    begin(_i);
    compare(scorer, items);
    end();
}
END_TEST

/* What was held out counts too, as it counts as seen. */
START_TEST(held_out_counts)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = 1};
    diffmm_hit without, with;
    size_t found;
    begin(false);
    expect_success(diffmm_popular_items(scorer, &query, &without, &found));
    end();
    begin(true);
    expect_success(diffmm_popular_items(scorer, &query, &with, &found));
    ck_assert_float_gt(with.score, without.score);
    end();
}
END_TEST

/* New items have no users; those of others stay as they are, also through a file. */
START_TEST(of_an_extended_scorer)
{
    static const float rows[3 * d];
    diffmm_scorer *larger, *opened;
    size_t size;
    begin(true);
    expect_success(diffmm_scorer_extend(scorer, 3, NULL, rows, &larger));
    compare(larger, items + 3);
    expect_success(diffmm_scorer_save_memory(larger, NULL, 0, &size));
    void *file = malloc(size);
    expect_success(diffmm_scorer_save_memory(larger, file, size, &size));
    expect_success(diffmm_scorer_open_memory(context, file, size, &opened));
    compare(opened, items + 3);
    diffmm_scorer_destroy(opened);
    diffmm_scorer_destroy(larger);
    free(file);
    end();
}
END_TEST

static int keep_even(int32_t user, int32_t item, int32_t *keep, void *user_data)
{
    ck_assert_int_eq(user, DIFFMM_NEW_USER);
    *keep = item % 2 == 0;
    return user_data != NULL;
}

START_TEST(a_callback_filters)
{
    diffmm_hit hits[10];
    size_t found;
    diffmm_query query = {.struct_size = sizeof query, .count = 10, .filter = keep_even};
    begin(false);
    expect_success(diffmm_popular_items(scorer, &query, hits, &found));
    ck_assert_uint_eq(found, 10);
    for (size_t i = 0; i < found; i++)
        ck_assert(hits[i].item % 2 == 0);
    query.filter_data = &query;
    hits[0].item = -7;
    expect_failure(diffmm_popular_items(scorer, &query, hits, &found), DIFFMM_ERROR_CALLBACK,
                   "query->filter");
    ck_assert(hits[0].item == -7 && found == 10);
    end();
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    diffmm_hit hit = {-7, -7};
    size_t found = 77;
    diffmm_query query = {.struct_size = sizeof query, .count = 1};
    begin(false);
    expect_invalid(diffmm_popular_items(NULL, &query, &hit, &found), "scorer");
    expect_invalid(diffmm_popular_items(scorer, NULL, &hit, &found), "query");
    expect_invalid(diffmm_popular_items(scorer, &query, NULL, &found), "hits");
    expect_invalid(diffmm_popular_items(scorer, &query, &hit, NULL), "found");
    query.count = 0;
    expect_invalid(diffmm_popular_items(scorer, &query, &hit, &found), "query->count");
    ck_assert(hit.item == -7 && found == 77);
    end();
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("popular");
    with_traps(tests);
    tcase_add_loop_test(tests, by_the_number_of_users, 0, 2);
    tcase_add_test(tests, held_out_counts);
    tcase_add_test(tests, of_an_extended_scorer);
    tcase_add_test(tests, a_callback_filters);
    tcase_add_test(tests, bad_arguments_are_named);
    return run_case("popular", tests) != 0;
}
