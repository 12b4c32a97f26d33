/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/ascending.h"
#include "base/random.h"
#include "support/failing.h"
#include "support/failure.h"

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

START_TEST(lists_ascend)
{
    enum { most = 1000 };
    int32_t numbers[most], kept[most], sorted[most];
    for (size_t count = 0; count <= most; count += count < 40 ? 1 : 117)
        for (uint64_t seed = 0; seed < 6; seed++) {
            struct diffmm__ascending list;
            for (size_t i = 0; i < count; i++)
                numbers[i] = (int32_t)diffmm__random_below(seed, 1, i, seed < 3 ? 10 : 5000);
            memcpy(kept, numbers, sizeof kept);
            memcpy(sorted, numbers, sizeof sorted);
            qsort(sorted, count, sizeof *sorted, ascending);
            expect_success(diffmm__ascending_begin(NULL, count, numbers, &list));
            ck_assert_uint_eq(list.count, count);
            if (count > 0) {
                ck_assert_mem_eq(list.numbers, sorted, count * sizeof *sorted);
                ck_assert_mem_eq(numbers, kept, count * sizeof *kept);
            }
            diffmm__ascending_end(NULL, &list);
        }
}
END_TEST

/* Of lists that are inserted and of those that are ordered by their bytes, in order or not. */
START_TEST(lists_sorted_with_room)
{
    enum { most = 1000 };
    static const uint64_t bounds[] = {3, 300, 70000, (uint64_t)INT32_MAX + 1};
    int32_t numbers[most], sorted[most], room[most];
    for (size_t count = 0; count <= most; count += count < 130 ? 1 : 145)
        for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
            for (size_t i = 0; i < count; i++)
                numbers[i] = (int32_t)diffmm__random_below(b, 2, i, bounds[b]);
            memcpy(sorted, numbers, count * sizeof *sorted);
            qsort(sorted, count, sizeof *sorted, ascending);
            for (int again = 0; again < 2; again++) {
                diffmm__ascending_sort_in(count, numbers, room);
                ck_assert(memcmp(numbers, sorted, count * sizeof *sorted) == 0);
            }
        }
}
END_TEST

START_TEST(places_of_numbers)
{
    static const int32_t numbers[] = {-3, 0, 0, 7, INT32_MAX};
    static const struct {
        int32_t number;
        size_t place;
        bool has;
    } cases[] = {{INT32_MIN, 0, false}, {-3, 0, true}, {-2, 1, false},      {0, 1, true},
                 {1, 3, false},         {7, 3, true},  {INT32_MAX, 4, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_uint_eq(diffmm__ascending_lower_bound(5, numbers, cases[i].number),
                          cases[i].place);
        ck_assert(diffmm__ascending_has(5, numbers, cases[i].number) == cases[i].has);
    }
    ck_assert_uint_eq(diffmm__ascending_lower_bound(3, numbers, 7), 3);
    ck_assert(!diffmm__ascending_has(3, numbers, 7) && !diffmm__ascending_has(0, NULL, 7));
}
END_TEST

START_TEST(memory_is_for_long_lists_in_disorder_only)
{
    enum { most = 1000 };
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    int32_t numbers[most];
    struct diffmm__ascending list;
    size_t before = atomic_load(&failing.count);
    for (int32_t i = 0; i < most; i++)
        numbers[i] = i / 2;
    expect_success(diffmm__ascending_begin(context, most, numbers, &list));
    ck_assert_ptr_eq(list.numbers, numbers);
    diffmm__ascending_end(context, &list);
    for (int32_t i = 0; i < most; i++)
        numbers[i] = most - i;
    expect_success(diffmm__ascending_begin(context, DIFFMM__FEW, numbers, &list));
    diffmm__ascending_end(context, &list);
    ck_assert_uint_eq(atomic_load(&failing.count), before);
    expect_success(diffmm__ascending_begin(context, DIFFMM__FEW + 1, numbers, &list));
    diffmm__ascending_end(context, &list);
    ck_assert_uint_eq(atomic_load(&failing.count), before + 1);
    atomic_store(&failing.fail, before + 2);
    expect_failure(diffmm__ascending_begin(context, most, numbers, &list), DIFFMM_ERROR_NO_MEMORY,
                   "");
    diffmm__ascending_end(context, &list);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {lists_ascend, lists_sorted_with_room, places_of_numbers,
                                  memory_is_for_long_lists_in_disorder_only};
    return run_tests("ascending", tests, sizeof tests / sizeof *tests) != 0;
}
