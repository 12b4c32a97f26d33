/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/user_entries.h"

#include <string.h>

#include "base/random.h"
#include "support/failing.h"
#include "support/failure.h"

enum { users = 40, items = 15, count = 900 };

/* Pairs in all splits, with times, many of them equal; users 7 and 39 have none. */
static void fill(const diffmm_context *context, struct diffmm__draft *draft)
{
    expect_success(diffmm__draft_reserve(draft, users, items));
    for (size_t i = 0; i < count; i++) {
        struct diffmm__coo_entry entry = {.row = (int32_t)diffmm__random_below(1, 1, i, users - 1),
                                          .column = (int32_t)diffmm__random_below(1, 2, i, items),
                                          .rating = 1,
                                          .time = (int64_t)diffmm__random_below(1, 3, i, 10)};
        if (entry.row == 7)
            entry.row = 8;
        expect_success(diffmm__coo_add_entry(
            context, &draft->pairs[diffmm__random_below(1, 4, i, DIFFMM__SPLITS)], &entry));
    }
}

/* The entries of a user by looking at all of them. */
static size_t find(const struct diffmm__user_entries *entries, size_t user, size_t out[count])
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (diffmm__user_entries_at(entries, i).row == (int32_t)user)
            out[found++] = i;
    return found;
}

/* Blocks of one entry (of one user, then), of some, and of all give the same lists. */
START_TEST(lists_of_all_users)
{
    static const size_t blocks[] = {1, 23, 100, count, 0};
    struct diffmm__draft *draft = diffmm__draft_create(NULL);
    fill(NULL, draft);
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        struct diffmm__user_entries entries;
        struct diffmm__user_list list;
        size_t wanted[count];
        expect_success(diffmm__user_entries_begin(NULL, draft, blocks[b], &entries));
        ck_assert_uint_eq(entries.count, count);
        for (size_t u = 0; u < users; u++) {
            ck_assert(diffmm__user_entries_next(&entries, &list));
            ck_assert_uint_eq(list.user, u);
            ck_assert_uint_eq(list.count, find(&entries, u, wanted));
            ck_assert(memcmp(list.entry, wanted, list.count * sizeof *wanted) == 0);
            for (size_t i = 0; i < list.count; i++)
                list.entry[i] = SIZE_MAX; /* it is the caller's until the next */
        }
        ck_assert(!diffmm__user_entries_next(&entries, &list));
        diffmm__user_entries_end(&entries);
    }
    diffmm__draft_destroy(NULL, draft);
}
END_TEST

/* One entry of each item, the first or the last by time, then by number; then all by time. */
START_TEST(lists_without_repeats_in_order)
{
    struct diffmm__draft *draft = diffmm__draft_create(NULL);
    fill(NULL, draft);
    for (int keep = DIFFMM_KEEP_FIRST; keep <= DIFFMM_KEEP_LAST; keep++) {
        struct diffmm__user_entries entries;
        struct diffmm__user_list list;
        size_t kept = 0, repeated = 0;
        expect_success(diffmm__user_entries_begin(NULL, draft, 50, &entries));
        expect_success(diffmm__user_entries_check_times(&entries));
        while (diffmm__user_entries_next(&entries, &list)) {
            size_t all[count], all_count = find(&entries, list.user, all);
            repeated += diffmm__user_entries_deduplicate(&entries, (diffmm_keep)keep, &list);
            kept += list.count;
            for (size_t i = 0; i < list.count; i++) {
                struct diffmm__coo_entry entry = diffmm__user_entries_at(&entries, list.entry[i]);
                for (size_t j = 0; j < all_count; j++) {
                    struct diffmm__coo_entry other = diffmm__user_entries_at(&entries, all[j]);
                    if (other.column != entry.column || all[j] == list.entry[i])
                        continue;
                    bool later = other.time > entry.time ||
                                 (other.time == entry.time && all[j] > list.entry[i]);
                    ck_assert(later == (keep == DIFFMM_KEEP_FIRST));
                }
            }
            diffmm__user_entries_sort(&entries, &list);
            for (size_t i = 1; i < list.count; i++) {
                int64_t before = diffmm__user_entries_at(&entries, list.entry[i - 1]).time;
                int64_t time = diffmm__user_entries_at(&entries, list.entry[i]).time;
                ck_assert(before < time || (before == time && list.entry[i - 1] < list.entry[i]));
            }
        }
        ck_assert_uint_eq(kept + repeated, count);
        ck_assert_uint_gt(repeated, 300);
        diffmm__user_entries_end(&entries);
    }
    draft->pairs[DIFFMM_VALID].time[3] = DIFFMM__NO_TIME;
    struct diffmm__user_entries entries;
    expect_success(diffmm__user_entries_begin(NULL, draft, 0, &entries));
    expect_failure(diffmm__user_entries_check_times(&entries), DIFFMM_ERROR_STATE, "1 of 900");
    diffmm__user_entries_end(&entries);
    diffmm__draft_destroy(NULL, draft);
}
END_TEST

struct world {
    diffmm_context *context;
    struct diffmm__draft *draft;
};

static diffmm_status begin(void *argument)
{
    const struct world *world = argument;
    struct diffmm__user_entries entries;
    diffmm_status status = diffmm__user_entries_begin(world->context, world->draft, 0, &entries);
    if (!status)
        diffmm__user_entries_end(&entries);
    return status;
}

START_TEST(without_memory)
{
    struct failing failing = {0};
    struct world world = {.context = failing_context(&failing, 1)};
    world.draft = diffmm__draft_create(world.context);
    fill(world.context, world.draft);
    ck_assert_uint_ge(fail_each_allocation(&failing, begin, &world), 4);
    diffmm__draft_destroy(world.context, world.draft);
    diffmm_context_destroy(world.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {lists_of_all_users, lists_without_repeats_in_order,
                                  without_memory};
    return run_tests("user_entries", tests, sizeof tests / sizeof *tests);
}
