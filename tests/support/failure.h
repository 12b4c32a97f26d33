/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of failing calls: the status, and that the message names what was wrong. */
#ifndef DIFFMM_TESTS_FAILURE_H
#define DIFFMM_TESTS_FAILURE_H

#include <check.h>
#include <string.h>

#include <diffmm/status.h>

#include "traps.h"

static inline void expect_failure(diffmm_status got, diffmm_status want, const char *part)
{
    ck_assert_msg(got == want, "got %s, wanted %s (%s)", diffmm_status_name(got),
                  diffmm_status_name(want), diffmm_error_message());
    ck_assert_msg(strstr(diffmm_error_message(), part) != NULL, "no '%s' in '%s'", part,
                  diffmm_error_message());
}

static inline void expect_success(diffmm_status got)
{
    if (got != DIFFMM_OK) /* libcheck writes down every assertion; there are too many of these */
        ck_abort_msg("%s: %s", diffmm_status_name(got), diffmm_error_message());
}

/* A call with a bad argument. */
static inline void expect_invalid(diffmm_status got, const char *part)
{
    expect_failure(got, DIFFMM_ERROR_INVALID_ARGUMENT, part);
}

/* One suite of one case, run to its end; the number of failures. */
static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tests_case = tcase_create(name);
    with_traps(tests_case);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tests_case, tests[i]);
    suite_add_tcase(suite, tests_case);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}

#endif
