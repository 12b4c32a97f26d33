/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "dataset/dataset.h"
#include "support/failing.h"

enum { users = 400, items = 60 };

/* User u has touched (u % 12) items, spread over all; each pair is told twice. */
static size_t degree(int32_t user)
{
    return (size_t)user % 12;
}

static int32_t touched(int32_t user, size_t index)
{
    return (int32_t)(((size_t)user * 7 + index * 5) % items);
}

static void fill(diffmm_dataset *dataset)
{
    expect_success(diffmm_dataset_reserve(dataset, users, items));
    for (int32_t u = 0; u < users; u++)
        for (size_t i = 0; i < 2 * degree(u); i++) {
            int32_t item = touched(u, i % degree(u));
            expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, &u, &item));
        }
}

static diffmm_dataset *empty(void)
{
    diffmm_context *context;
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    diffmm_context_destroy(context);
    return dataset;
}

static diffmm_dataset *held_out(double valid, double test, uint64_t seed)
{
    diffmm_dataset *dataset = empty();
    fill(dataset);
    expect_success(diffmm_dataset_hold_out(dataset, valid, test, seed));
    expect_success(diffmm_dataset_seal(dataset));
    return dataset;
}

/* In how many of a user's rows an item stands. */
static size_t places(const diffmm_dataset *dataset, int32_t user, int32_t item)
{
    size_t found = 0;
    for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++)
        found +=
            diffmm__csr_has(diffmm__dataset_rows(dataset, (diffmm_split)split), (size_t)user, item);
    return found;
}

static size_t row_length(const diffmm_dataset *dataset, diffmm_split split, int32_t user)
{
    const int32_t *row;
    size_t count;
    expect_success(diffmm_dataset_row(dataset, split, user, &row, &count));
    return count;
}

START_TEST(each_interaction_goes_to_one_split)
{
    diffmm_dataset *dataset = held_out(0.2, 0.3, 1);
    for (int32_t u = 0; u < users; u++) {
        size_t kept = row_length(dataset, DIFFMM_TRAIN, u);
        size_t valid = row_length(dataset, DIFFMM_VALID, u);
        size_t test = row_length(dataset, DIFFMM_TEST, u), n = degree(u);
        ck_assert_uint_eq(kept + valid + test, n);
        for (size_t i = 0; i < n; i++)
            ck_assert_uint_eq(places(dataset, u, touched(u, i)), 1);
        /* Rounded up or down, but for the one that stays. */
        ck_assert(n == 0 || kept >= 1);
        ck_assert(fabs((double)valid - 0.2 * (double)n) < 1);
        ck_assert(fabs((double)(valid + test) - 0.5 * (double)n) < 1);
    }
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Users with one or two items would never give any away if their shares were rounded to the
 * nearest; here 10 % of two items is a fifth of the users with one each. */
START_TEST(shares_are_met_on_average)
{
    enum { many = 20000 };
    diffmm_dataset *dataset = empty();
    for (int32_t u = 0; u < many; u++)
        expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 2, (int32_t[]){u, u},
                                                       (int32_t[]){0, 1}));
    expect_success(diffmm_dataset_hold_out(dataset, 0.1, 0.2, 7));
    expect_success(diffmm_dataset_seal(dataset));
    double valid = (double)diffmm_dataset_interactions(dataset, DIFFMM_VALID);
    double test = (double)diffmm_dataset_interactions(dataset, DIFFMM_TEST);
    double first = 0;
    for (int32_t u = 0; u < many; u++)
        first += diffmm__csr_has(diffmm__dataset_rows(dataset, DIFFMM_VALID), (size_t)u, 0);
    /* Within 5 deviations of binomial draws. */
    ck_assert(fabs(valid - 0.2 * many) < 5 * sqrt(many * 0.2 * 0.8));
    ck_assert(fabs(test - 0.4 * many) < 5 * sqrt(many * 0.4 * 0.6));
    ck_assert(fabs(first - valid / 2) < 5 * sqrt(valid / 4));
    diffmm_dataset_destroy(dataset);
}
END_TEST

static bool same_rows(const diffmm_dataset *a, const diffmm_dataset *b)
{
    bool same = true;
    for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++)
        for (int32_t u = 0; u < users; u++) {
            const int32_t *x, *y;
            size_t m, n;
            expect_success(diffmm_dataset_row(a, (diffmm_split)split, u, &x, &m));
            expect_success(diffmm_dataset_row(b, (diffmm_split)split, u, &y, &n));
            same = same && m == n && memcmp(x, y, n * sizeof *x) == 0;
        }
    return same;
}

START_TEST(the_seed_decides)
{
    diffmm_dataset *one = held_out(0.2, 0.2, 1), *again = held_out(0.2, 0.2, 1);
    diffmm_dataset *other = held_out(0.2, 0.2, 2);
    ck_assert(same_rows(one, again));
    ck_assert(!same_rows(one, other));
    diffmm_dataset_destroy(one);
    diffmm_dataset_destroy(again);
    diffmm_dataset_destroy(other);
}
END_TEST

START_TEST(ids_keep_their_numbers)
{
    static const char *const user[] = {"b", "a", "b", "b"};
    static const char *const item[] = {"z", "x", "y", "x"};
    diffmm_dataset *dataset = empty();
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 4, user, item));
    expect_success(diffmm_dataset_hold_out(dataset, 0, 0.67, 3));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_str_eq(diffmm_dataset_user_id(dataset, 0), "b");
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 0), "z");
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 2), "y");
    ck_assert_uint_eq(row_length(dataset, DIFFMM_TRAIN, 0), 1); /* 2.01 of 3 */
    ck_assert_uint_eq(row_length(dataset, DIFFMM_TEST, 0), 2);
    ck_assert_uint_eq(row_length(dataset, DIFFMM_TRAIN, 1), 1); /* the only one stays */
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_VALID), 0);
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(more_may_be_added_afterwards)
{
    diffmm_dataset *dataset = empty();
    expect_success(diffmm_dataset_hold_out(dataset, 0.1, 0.1, 1)); /* of nothing */
    fill(dataset);
    expect_success(diffmm_dataset_hold_out(dataset, 0.1, 0.1, 1));
    int32_t user = users, item = items;
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_VALID, 1, &user, &item));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(places(dataset, user, item), 1);
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(bad_input)
{
    diffmm_dataset *dataset = empty();
    fill(dataset);
    expect_invalid(diffmm_dataset_hold_out(NULL, 0.1, 0.1, 1), "dataset is NULL");
    expect_invalid(diffmm_dataset_hold_out(dataset, -0.1, 0.1, 1), "valid is -0.1");
    expect_invalid(diffmm_dataset_hold_out(dataset, 1, 0, 1), "valid is 1,");
    expect_invalid(diffmm_dataset_hold_out(dataset, 0.1, 1.5, 1), "test is 1.5");
    expect_invalid(diffmm_dataset_hold_out(dataset, (double)NAN, 0.1, 1), "valid is ");
    expect_invalid(diffmm_dataset_hold_out(dataset, 0.1, (double)NAN, 1), "test is ");
    expect_invalid(diffmm_dataset_hold_out(dataset, 0.5, 0.5, 1), "together");
    /* All that left the data set as it was. */
    expect_success(diffmm_dataset_hold_out(dataset, 0.1, 0.1, 1));
    expect_failure(diffmm_dataset_hold_out(dataset, 0.1, 0.1, 1), DIFFMM_ERROR_STATE,
                   "already holds out");
    expect_success(diffmm_dataset_seal(dataset));
    expect_failure(diffmm_dataset_hold_out(dataset, 0.1, 0.1, 1), DIFFMM_ERROR_STATE, "sealed");
    diffmm_dataset *whole = held_out(0.1, 0.1, 1);
    ck_assert(same_rows(dataset, whole));
    diffmm_dataset_destroy(whole);
    diffmm_dataset_destroy(dataset);
}
END_TEST

static diffmm_status hold_out(void *argument)
{
    diffmm_dataset *const *dataset = argument;
    return diffmm_dataset_hold_out(*dataset, 0.2, 0.2, 1);
}

START_TEST(without_memory)
{
    struct failing failing = {.fail = 0};
    diffmm_context *context = failing_context(&failing, 1);
    diffmm_dataset *want = held_out(0.2, 0.2, 1);
    for (size_t n = 1, done = 0; !done; n++) {
        diffmm_dataset *dataset;
        expect_success(diffmm_dataset_create(context, &dataset));
        fill(dataset);
        atomic_store(&failing.count, 0);
        atomic_store(&failing.fail, n);
        diffmm_status status = hold_out(&dataset);
        atomic_store(&failing.fail, 0);
        done = status == DIFFMM_OK;
        ck_assert(done || status == DIFFMM_ERROR_NO_MEMORY);
        ck_assert(!done || n > 6);
        if (!done) /* nothing has been lost */
            expect_success(hold_out(&dataset));
        expect_success(diffmm_dataset_seal(dataset));
        ck_assert(same_rows(dataset, want));
        diffmm_dataset_destroy(dataset);
    }
    diffmm_dataset_destroy(want);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_interaction_goes_to_one_split,
                                  shares_are_met_on_average,
                                  the_seed_decides,
                                  ids_keep_their_numbers,
                                  more_may_be_added_afterwards,
                                  bad_input,
                                  without_memory};
    return run_tests("dataset/hold_out", tests, sizeof tests / sizeof *tests) != 0;
}
