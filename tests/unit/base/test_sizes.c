/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include "base/sizes.h"
#include "support/failure.h"

START_TEST(nothing_wraps_around)
{
    ck_assert_uint_eq(diffmm__size_product(0, SIZE_MAX), 0);
    ck_assert_uint_eq(diffmm__size_product(SIZE_MAX, 1), SIZE_MAX);
    ck_assert_uint_eq(diffmm__size_product(SIZE_MAX / 2 + 1, 2), SIZE_MAX);
    ck_assert_uint_eq(diffmm__size_product(SIZE_MAX / 3, 3), SIZE_MAX / 3 * 3);
    ck_assert_uint_eq(diffmm__size_product((size_t)1 << 40, (size_t)1 << 40), SIZE_MAX);
    ck_assert_uint_eq(diffmm__size_sum(SIZE_MAX - 1, 1), SIZE_MAX);
    ck_assert_uint_eq(diffmm__size_sum(SIZE_MAX, SIZE_MAX), SIZE_MAX);
    ck_assert_uint_eq(diffmm__size_sum(5, 6), 11);
}
END_TEST

START_TEST(arrays_that_there_can_be)
{
    const size_t most = PTRDIFF_MAX / 4;
    expect_success(diffmm__size_check_array("rows", most, "columns", 1, 4));
    expect_success(diffmm__size_check_array("rows", 0, "columns", SIZE_MAX, 4));
    expect_invalid(diffmm__size_check_array("rows", most + 1, "columns", 1, 4), "rows is");
    expect_invalid(diffmm__size_check_array("rows", 2, "columns", most / 2 + 1, 4), "columns");
    /* Products that wrap around to small ones. */
    expect_invalid(diffmm__size_check_array("rows", (SIZE_MAX >> 1) + 2, "columns", 2, 4),
                   "exceed the address space");
    expect_invalid(diffmm__size_check_array("rows", (SIZE_MAX >> 2) + 2, "columns", 1, 4),
                   "exceed the address space");
    expect_invalid(diffmm__size_check_array("users", SIZE_MAX, "d", SIZE_MAX, 8),
                   "users is 18446744073709551615 and d 18446744073709551615");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nothing_wraps_around, arrays_that_there_can_be};
    return run_tests("base/sizes", tests, sizeof tests / sizeof *tests) != 0;
}
