/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"

#include <math.h>

#include "support/failure.h"

static const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;

START_TEST(numbers_below_a_limit)
{
    const int32_t numbers[] = {0, 4, 2}, low[] = {0, -1, 2}, high[] = {0, 4, 5};
    expect_success(diffmm__check_numbers("users", numbers, 3, 5));
    expect_success(diffmm__check_numbers("users", NULL, 0, 0));
    expect_success(diffmm__check_numbers("users", high, 2, 5));
    expect_failure(diffmm__check_numbers("users", NULL, 1, 5), bad, "users is NULL");
    expect_failure(diffmm__check_numbers("users", low, 3, 5), bad, "users[1] is -1, not below 5");
    expect_failure(diffmm__check_numbers("users", high, 3, 5), bad, "users[2] is 5, not below 5");
}
END_TEST

START_TEST(numbers_of_what_there_is)
{
    const int32_t numbers[] = {0, 4, 2}, low[] = {-7}, high[] = {0, 4, 5};
    expect_success(diffmm__check_known("exclude", numbers, 3, 5, "items"));
    expect_success(diffmm__check_known("exclude", NULL, 0, 0, "items"));
    expect_failure(diffmm__check_known("exclude", NULL, 1, 5, "items"), bad, "exclude is NULL");
    expect_failure(diffmm__check_known("exclude", low, 1, 5, "items"), bad,
                   "exclude[0] is -7, but there are 5 items");
    expect_failure(diffmm__check_known("exclude", high, 3, 5, "items"), bad,
                   "exclude[2] is 5, but there are 5 items");
}
END_TEST

START_TEST(sizes_within_bounds)
{
    expect_success(diffmm__check_size("d", 1, 1, 8));
    expect_success(diffmm__check_size("d", 8, 1, 8));
    expect_failure(diffmm__check_size("d", 0, 1, 8), bad, "d is 0, not 1 to 8");
    expect_failure(diffmm__check_size("d", 9, 1, 8), bad, "d is 9, not 1 to 8");
}
END_TEST

START_TEST(arrays_of_finite_floats)
{
    const float finite[] = {0.0f, -3e38f, 1e-45f}, nan[] = {0.0f, 1.0f, NAN},
                infinite[] = {INFINITY};
    expect_success(diffmm__check_finite("features", 3, finite));
    expect_success(diffmm__check_finite("features", 2, nan));
    expect_success(diffmm__check_finite("features", 0, NULL));
    expect_failure(diffmm__check_finite("features", 1, NULL), bad, "features is NULL");
    expect_failure(diffmm__check_finite("features", 3, nan), DIFFMM_ERROR_NUMERIC,
                   "features: value 2 is not finite");
    expect_failure(diffmm__check_finite("basis", 1, infinite), DIFFMM_ERROR_NUMERIC,
                   "basis: value 0 is not finite");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {numbers_below_a_limit, numbers_of_what_there_is,
                                  sizes_within_bounds, arrays_of_finite_floats};
    return run_tests("check", tests, sizeof tests / sizeof *tests) != 0;
}
