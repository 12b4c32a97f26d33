/* SPDX-License-Identifier: BSD-2-Clause */
/* Scorers with further items. */
#include <float.h>
#include <math.h>

#include <diffmm/new_items.h>

#include "support/failing.h"
#include "support/folder.h"
#include "support/small_model.h"

enum { users = 7, items = 37, d = 5, more = 4 };

static const char *const ids[more] = {"new", "newer", "7", "newest"};
static float rows[more * d];

struct scorers {
    diffmm_context *context;
    diffmm_model *model;
    diffmm_scorer *scorer;
};

static struct scorers begin(bool named)
{
    struct scorers s;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &s.context));
    s.model = small_model(s.context, users, items, d, named);
    expect_success(diffmm_scorer_create(s.model, &s.scorer));
    for (size_t i = 0; i < more * d; i++)
        rows[i] = 1.5f * cosf((float)i);
    return s;
}

static void end(struct scorers *s)
{
    diffmm_scorer_destroy(s->scorer);
    diffmm_model_destroy(s->model);
    diffmm_context_destroy(s->context);
}

/* Old items score as before, new ones as their rows say; the ranking holds both. */
static void expect_extended(const diffmm_scorer *larger, const struct scorers *s)
{
    float old[items], got[items + more];
    for (int32_t u = 0; u < users; u++) {
        diffmm_hit hits[items + more];
        diffmm_query query = {.struct_size = sizeof query, .count = items + more};
        const int32_t *seen, *seen_before;
        size_t found, count, count_before;
        expect_success(diffmm_score(s->scorer, u, items, NULL, old));
        expect_success(diffmm_score(larger, u, items + more, NULL, got));
        ck_assert_mem_eq(old, got, sizeof old);
        for (size_t i = 0; i < more; i++) {
            double exact = 0;
            for (size_t j = 0; j < d; j++)
                exact += (double)s->model->final[(size_t)u * d + j] * (double)rows[i * d + j];
            ck_assert(fabs((double)got[items + i] - exact) <= 1e-5);
        }
        expect_success(diffmm_scorer_seen(s->scorer, u, &seen_before, &count_before));
        expect_success(diffmm_scorer_seen(larger, u, &seen, &count));
        ck_assert_uint_eq(count, count_before);
        ck_assert_mem_eq(seen, seen_before, count * sizeof *seen);
        expect_success(diffmm_recommend(larger, u, &query, hits, &found));
        ck_assert_uint_eq(found, items + more - count);
        size_t fresh = 0;
        for (size_t h = 0; h < found; h++) {
            ck_assert(hits[h].score == got[hits[h].item]);
            fresh += hits[h].item >= items;
        }
        ck_assert_uint_eq(fresh, more);
    }
}

START_TEST(new_items_are_ranked_beside_the_known)
{
    struct scorers s = begin(true);
    diffmm_scorer *larger, *largest;
    expect_success(diffmm_scorer_extend(s.scorer, more, ids, rows, &larger));
    ck_assert_uint_eq(diffmm_scorer_users(larger), users);
    ck_assert_uint_eq(diffmm_scorer_items(larger), items + more);
    ck_assert_uint_eq(diffmm_scorer_dimensions(larger), d);
    ck_assert_uint_eq(diffmm_scorer_items(s.scorer), items);
    expect_extended(larger, &s);
    int32_t number;
    for (int32_t i = 0; i < items + more; i++) {
        const char *id = diffmm_scorer_item_id(larger, i);
        ck_assert_str_eq(id, i < items ? diffmm_scorer_item_id(s.scorer, i) : ids[i - items]);
        expect_success(diffmm_scorer_find_item(larger, id, &number));
        ck_assert_int_eq(number, i);
    }
    ck_assert_str_eq(diffmm_scorer_user_id(larger, 3), "user3-");
    expect_success(diffmm_scorer_find_user(larger, "user6-", &number));
    ck_assert_int_eq(number, 6);
    expect_success(diffmm_scorer_extend(larger, 1, (const char *const[]){"last"}, rows, &largest));
    diffmm_scorer_destroy(larger); /* the larger one stands alone */
    ck_assert_uint_eq(diffmm_scorer_items(largest), items + more + 1);
    expect_success(diffmm_scorer_find_item(largest, "newest", &number));
    ck_assert_int_eq(number, items + 3);
    diffmm_scorer_destroy(largest);
    end(&s);
}
END_TEST

START_TEST(numbers_go_on)
{
    struct scorers s = begin(false);
    diffmm_scorer *larger, *called;
    int32_t number;
    expect_success(diffmm_scorer_extend(s.scorer, more, NULL, rows, &larger));
    expect_extended(larger, &s);
    ck_assert_str_eq(diffmm_scorer_item_id(larger, items + 1), "38");
    expect_success(diffmm_scorer_find_item(larger, "40", &number));
    ck_assert_int_eq(number, 40);
    expect_success(
        diffmm_scorer_extend(s.scorer, 1, (const char *const[]){"called"}, rows, &called));
    expect_success(diffmm_scorer_find_item(called, "called", &number));
    ck_assert_int_eq(number, items);
    expect_success(diffmm_scorer_find_item(called, "36", &number));
    ck_assert_int_eq(number, 36);
    diffmm_scorer_destroy(larger);
    diffmm_scorer_destroy(called);
    end(&s);
}
END_TEST

START_TEST(a_mapped_model_file_is_extended_too)
{
    struct scorers s = begin(true);
    struct folder folder = folder_begin();
    char path[128];
    diffmm_scorer *opened, *larger;
    folder_file(&folder, "model.safetensors", path);
    expect_success(diffmm_model_save(s.model, path));
    expect_success(diffmm_scorer_open(s.context, path, &opened));
    expect_success(diffmm_scorer_extend(opened, more, ids, rows, &larger));
    diffmm_scorer_destroy(opened);
    expect_extended(larger, &s);
    diffmm_scorer_destroy(larger);
    folder_end(&folder);
    end(&s);
}
END_TEST

/* Rows whose scores are floats, but not their products with each other. */
START_TEST(large_rows_are_alike_too)
{
    struct scorers s = begin(true);
    float large[more * d];
    diffmm_scorer *larger;
    diffmm_hit hits[items + more];
    const diffmm_query query = {.struct_size = sizeof query, .count = items + more};
    for (size_t i = 0; i < more * d; i++)
        large[i] = (i / d % 2 ? -1e30f : 1e30f) * (1 + (float)(i % d));
    expect_success(diffmm_scorer_extend(s.scorer, more, ids, large, &larger));
    for (int32_t i = 0; i < items + more; i++) {
        size_t found;
        expect_success(diffmm_similar_items(larger, i, DIFFMM_DOT, &query, hits, &found));
        ck_assert_uint_eq(found, items + more - 1);
        for (size_t h = 0; h < found; h++)
            ck_assert(isfinite(hits[h].score) && (h == 0 || hits[h].score <= hits[h - 1].score));
        if (i == items)
            ck_assert(hits[0].item == items + 2 && hits[0].score == FLT_MAX);
        expect_success(diffmm_similar_items(larger, i, DIFFMM_COSINE, &query, hits, &found));
        ck_assert_uint_eq(found, items + more - 1);
    }
    diffmm_scorer_destroy(larger);
    end(&s);
}
END_TEST

START_TEST(bad_input)
{
    struct scorers s = begin(true);
    diffmm_scorer *out = s.scorer;
    const char *const missing[] = {"new", NULL}, *const empty[] = {"new", ""},
                      *const broken[] = {"\xff", "new"}, *const known[] = {"new", "item4-"},
                      *const twice[] = {"new", "new"};
    float infinite[2 * d] = {[d + 2] = INFINITY};
    expect_invalid(diffmm_scorer_extend(NULL, more, ids, rows, &out), "scorer");
    expect_invalid(diffmm_scorer_extend(s.scorer, more, ids, rows, NULL), "out");
    expect_invalid(diffmm_scorer_extend(s.scorer, more, ids, NULL, &out), "rows");
    expect_invalid(diffmm_scorer_extend(s.scorer, more, NULL, rows, &out), "ids");
    expect_invalid(diffmm_scorer_extend(s.scorer, 0, ids, rows, &out), "count is 0");
    expect_invalid(diffmm_scorer_extend(s.scorer, INT32_MAX, ids, rows, &out),
                   "2147483647 more items than 37");
    expect_invalid(diffmm_scorer_extend(s.scorer, 2, missing, rows, &out), "ids[1] is NULL");
    expect_invalid(diffmm_scorer_extend(s.scorer, 2, empty, rows, &out), "ids[1] is empty");
    expect_invalid(diffmm_scorer_extend(s.scorer, 2, broken, rows, &out), "ids[0] is not UTF-8");
    expect_invalid(diffmm_scorer_extend(s.scorer, 2, known, rows, &out), "'item4-' is given twice");
    expect_invalid(diffmm_scorer_extend(s.scorer, 2, twice, rows, &out), "'new' is given twice");
    expect_failure(diffmm_scorer_extend(s.scorer, 2, ids, infinite, &out), DIFFMM_ERROR_NUMERIC,
                   "value 2 of item 1");
    ck_assert_ptr_eq(out, s.scorer);
    end(&s);
}
END_TEST

static diffmm_status extend(void *argument)
{
    diffmm_scorer *larger = NULL;
    diffmm_status status = diffmm_scorer_extend(argument, more, ids, rows, &larger);
    diffmm_scorer_destroy(larger);
    return status;
}

START_TEST(failing_allocations)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    diffmm_model *model = small_model(context, users, items, d, true);
    diffmm_scorer *scorer;
    expect_success(diffmm_scorer_create(model, &scorer));
    ck_assert_uint_ge(fail_each_allocation(&failing, extend, scorer), 20);
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {new_items_are_ranked_beside_the_known,
                                  numbers_go_on,
                                  a_mapped_model_file_is_extended_too,
                                  large_rows_are_alike_too,
                                  bad_input,
                                  failing_allocations};
    return run_tests("scorer_extend", tests, sizeof tests / sizeof *tests) != 0;
}
