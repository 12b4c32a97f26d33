/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm::span: ours in C++17, std::span in C++20; used the same way. */
#include <array>
#include <type_traits>
#include <vector>

#include "support.hpp"

using diffmm::span;

static_assert(std::is_convertible_v<span<int>, span<const int>>);
static_assert(!std::is_convertible_v<span<const int>, span<int>>);
static_assert(std::is_convertible_v<std::vector<int> &, span<int>>);
static_assert(std::is_convertible_v<const std::vector<int> &, span<const int>>);
static_assert(!std::is_convertible_v<const std::vector<int> &, span<int>>);
static_assert(!std::is_convertible_v<std::vector<long> &, span<int>>);
static_assert(!std::is_constructible_v<span<int>, std::vector<int>>);
static_assert(std::is_nothrow_copy_constructible_v<span<int>>);

static long sum(span<const int> values)
{
    long total = 0;
    for (int value : values)
        total += value;
    return total;
}

START_TEST(takes_whatever_is_contiguous)
{
    int plain[] = {1, 2, 3};
    std::array<int, 2> array = {4, 5};
    const std::vector<int> vector = {6, 7};
    ck_assert_int_eq(sum(plain), 6);
    ck_assert_int_eq(sum(array), 9);
    ck_assert_int_eq(sum(vector), 13);
    ck_assert_int_eq(sum(std::vector<int>{8, 9}), 17);
    ck_assert_int_eq(sum({plain + 1, 2}), 5);
    ck_assert_int_eq(sum({}), 0);
}
END_TEST

START_TEST(lends_and_does_not_copy)
{
    std::vector<int> values = {1, 2, 3, 4};
    span<int> all = values;
    ck_assert_ptr_eq(all.data(), values.data());
    ck_assert_uint_eq(all.size(), 4);
    all[2] = 30;
    ck_assert_int_eq(values[2], 30);
    span<const int> middle = all.subspan(1, 2);
    ck_assert_ptr_eq(middle.data(), values.data() + 1);
    ck_assert_int_eq(middle[1], 30);
    ck_assert(!middle.empty());
    ck_assert(span<int>().empty());
    ck_assert_ptr_null(span<int>().data());
}
END_TEST

TCase *span_cases()
{
    TCase *cases = tcase_create("span");
    tcase_add_test(cases, takes_whatever_is_contiguous);
    tcase_add_test(cases, lends_and_does_not_copy);
    return cases;
}
