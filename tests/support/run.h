/* SPDX-License-Identifier: BSD-2-Clause */
/* What the main function of a test program does. */
#ifndef DIFFMM_TESTS_RUN_H
#define DIFFMM_TESTS_RUN_H

#include "traps.h"

/* One suite of one case, run to its end with traps; the number of failures. */
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
