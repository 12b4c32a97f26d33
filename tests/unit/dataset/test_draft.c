/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/draft.h"

#include <string.h>

#include "support/failure.h"

static void add(struct diffmm__draft *draft, const char *user, const char *item)
{
    int32_t row, column;
    expect_success(diffmm__draft_item(NULL, draft, item, strlen(item), &column));
    expect_success(diffmm__draft_user(NULL, draft, user, strlen(user), &row));
    expect_success(diffmm__coo_add(NULL, &draft->pairs[DIFFMM_TRAIN], row, column));
}

static struct diffmm__draft *three_by_three(void)
{
    struct diffmm__draft *draft = diffmm__draft_create(NULL);
    draft->naming = DIFFMM__NAMING_TEXT;
    add(draft, "a", "x");
    add(draft, "b", "y");
    add(draft, "c", "z");
    add(draft, "a", "z");
    return draft;
}

START_TEST(those_that_stay_are_numbered_anew)
{
    struct diffmm__draft *draft = three_by_three();
    expect_success(
        diffmm__draft_keep(NULL, draft, (bool[]){true, false, true}, (bool[]){false, true, true}));
    ck_assert_uint_eq(draft->user_ids.count, 2);
    ck_assert_str_eq(diffmm__ids_text(&draft->user_ids, 1), "c");
    ck_assert_str_eq(diffmm__ids_text(&draft->item_ids, 1), "z");
    const struct diffmm__coo *pairs = &draft->pairs[DIFFMM_TRAIN];
    ck_assert_uint_eq(pairs->count, 2);
    ck_assert_mem_eq(pairs->row, ((int32_t[]){1, 0}), 8);
    ck_assert_mem_eq(pairs->column, ((int32_t[]){1, 1}), 8);
    add(draft, "c", "x"); /* an id that went may come again */
    ck_assert_int_eq(pairs->column[2], 2);
    diffmm__draft_destroy(NULL, draft);
}
END_TEST

START_TEST(numbers_stay_what_they_are)
{
    struct diffmm__draft *draft = diffmm__draft_create(NULL);
    draft->naming = DIFFMM__NAMING_NUMBERS;
    expect_success(diffmm__draft_reserve(draft, 2, 3));
    expect_success(diffmm__coo_add(NULL, &draft->pairs[DIFFMM_TEST], 0, 0));
    expect_success(diffmm__coo_add(NULL, &draft->pairs[DIFFMM_TEST], 1, 2));
    expect_success(diffmm__draft_keep(NULL, draft, NULL, (bool[]){false, true, true}));
    ck_assert_uint_eq(draft->items, 3);
    ck_assert_uint_eq(draft->pairs[DIFFMM_TEST].count, 1);
    ck_assert_int_eq(draft->pairs[DIFFMM_TEST].column[0], 2);
    diffmm__draft_destroy(NULL, draft);
}
END_TEST

/* Rows of features go by the declared list, also once some of its items have gone. */
START_TEST(declared_items_remember_their_rows)
{
    struct diffmm__draft *draft = three_by_three();
    draft->items_declared = true;
    expect_success(diffmm__draft_keep(NULL, draft, NULL, (bool[]){false, true, true}));
    expect_success(diffmm__draft_keep(NULL, draft, NULL, (bool[]){false, true}));
    ck_assert_uint_eq(draft->row_ids->ids.count, 3);
    ck_assert_str_eq(diffmm__ids_text(&draft->row_ids->ids, 0), "x");
    int32_t number;
    expect_failure(diffmm__draft_item(NULL, draft, "x", 1, &number), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "'x'");
    diffmm__draft_destroy(NULL, draft);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {those_that_stay_are_numbered_anew, numbers_stay_what_they_are,
                                  declared_items_remember_their_rows};
    return run_tests("draft", tests, sizeof tests / sizeof *tests);
}
