/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "../support/failure.h"
#include "dataset/interner.h"

enum { count = 3000 };

static size_t name_of(size_t i, char name[32])
{
    return (size_t)snprintf(name, 32, "%s%zu", i % 3 ? "user-" : "u", i * 7919);
}

static void fill(struct diffmm__interner *interner)
{
    for (size_t i = 0; i < count; i++) {
        char name[32];
        int32_t number = -1;
        size_t length = name_of(i, name);
        expect_success(diffmm__interner_add(NULL, interner, name, length, &number));
        ck_assert_int_eq(number, (int32_t)i);
        expect_success(diffmm__interner_add(NULL, interner, name, length, &number));
        ck_assert_int_eq(number, (int32_t)i);
    }
}

static void expect_names(const struct diffmm__interner *interner, size_t known)
{
    for (size_t i = 0; i < count; i++) {
        char name[32];
        size_t length = name_of(i, name), stored = 0;
        ck_assert_int_eq(diffmm__interner_find(interner, name, length),
                         i < known ? (int32_t)i : -1);
        if (i < known)
            ck_assert_mem_eq(diffmm__interner_name(interner, i, &stored), name, length + 1);
        name[0] = 'v';
        ck_assert_int_eq(diffmm__interner_find(interner, name, length), -1);
    }
}

START_TEST(numbers_in_order_of_appearance)
{
    struct diffmm__interner interner = {0};
    ck_assert_int_eq(diffmm__interner_find(&interner, "a", 1), -1);
    fill(&interner);
    expect_names(&interner, count);
    diffmm__interner_truncate(&interner, count + 1);
    expect_names(&interner, count);
    diffmm__interner_truncate(&interner, 1000);
    expect_names(&interner, 1000);
    diffmm__interner_end(NULL, &interner);
    ck_assert_ptr_null(interner.text);
}
END_TEST

/* The same names stand in other places of each table, so that nobody can make them collide; what
 * the table says is the same. */
START_TEST(places_are_secret)
{
    struct diffmm__interner a = {0}, b = {0};
    fill(&a);
    fill(&b);
    ck_assert_uint_eq(a.slot_count, b.slot_count);
    ck_assert(memcmp(a.slots, b.slots, a.slot_count * sizeof *a.slots) != 0);
    ck_assert(memcmp(a.offsets, b.offsets, (count + 1) * sizeof *a.offsets) == 0);
    ck_assert(memcmp(a.text, b.text, (size_t)a.offsets[count]) == 0);
    diffmm__interner_end(NULL, &a);
    diffmm__interner_end(NULL, &b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {numbers_in_order_of_appearance, places_are_secret};
    return run_tests("dataset/interner", tests, sizeof tests / sizeof *tests) != 0;
}
