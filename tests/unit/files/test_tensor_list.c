/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/tensor_list.h"

#include <math.h>

#include "support/failing.h"
#include "support/failure.h"

static const float values[] = {1, 2, 3, 4, 5, 6};

START_TEST(tensors_are_listed_as_they_are)
{
    struct diffmm__tensor_list list;
    const int32_t numbers[] = {7, 8};
    expect_success(diffmm__tensor_list_begin(NULL, "model", 3, &list));
    expect_success(diffmm__tensor_list_add(&list, "matrix", DIFFMM__F32, 2, 3, values));
    expect_success(diffmm__tensor_list_add(
        &list, diffmm__tensor_list_name(&list, "%s.%d", "column", 4), DIFFMM__F32, 6, 1, values));
    expect_success(diffmm__tensor_list_add(&list, "numbers", DIFFMM__I32, 2, 0, numbers));
    ck_assert_uint_eq(list.count, 3);
    ck_assert_ptr_eq(list.tensors[0].data, values);
    ck_assert_uint_eq(list.tensors[0].columns, 3);
    ck_assert_str_eq(list.tensors[1].name, "column.4");
    ck_assert_uint_eq(list.tensors[1].columns, 0);
    ck_assert_uint_eq(list.tensors[2].rows, 2);
    ck_assert_uint_eq(list.tensors[2].columns, 0);
    diffmm__tensor_list_end(&list);
}
END_TEST

START_TEST(floats_must_be_finite)
{
    struct diffmm__tensor_list list;
    const float bad[] = {1, 2, 3, INFINITY};
    expect_success(diffmm__tensor_list_begin(NULL, "trainer", 4, &list));
    expect_failure(diffmm__tensor_list_add(&list, "last", DIFFMM__F32, 2, 2, bad),
                   DIFFMM_ERROR_NUMERIC, "trainer: 'last' holds NaN or infinity");
    expect_failure(diffmm__tensor_list_add(&list, "last", DIFFMM__F32, 4, 0, bad),
                   DIFFMM_ERROR_NUMERIC, "'last'");
    ck_assert_uint_eq(list.count, 0);
    expect_success(diffmm__tensor_list_add(&list, "first", DIFFMM__F32, 3, 0, bad));
    expect_success(diffmm__tensor_list_add(&list, "bytes", DIFFMM__U8, sizeof bad, 0, bad));
    diffmm__tensor_list_end(&list);
}
END_TEST

static diffmm_status make_list(void *argument)
{
    struct diffmm__tensor_list list;
    diffmm_status status = diffmm__tensor_list_begin(argument, "model", 1, &list);
    if (!status)
        status = diffmm__tensor_list_add(&list, diffmm__tensor_list_name(&list, "it"), DIFFMM__F32,
                                         6, 1, values);
    diffmm__tensor_list_end(&list);
    return status;
}

START_TEST(a_list_without_memory_can_be_ended)
{
    expect_survives_no_memory(make_list);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {tensors_are_listed_as_they_are, floats_must_be_finite,
                                  a_list_without_memory_can_be_ended};
    return run_tests("tensor_list", tests, sizeof tests / sizeof *tests) != 0;
}
