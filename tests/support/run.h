/* SPDX-License-Identifier: BSD-2-Clause */
/* What the main function of a test program does. */
#ifndef DIFFMM_TESTS_RUN_H
#define DIFFMM_TESTS_RUN_H

#include "traps.h"

/* One suite of one case, run to its end; the number of failures. */
static inline int run_case(const char *name, TCase *tests)
{
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}

/* A case of these tests, with traps. */
static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    TCase *all = tcase_create(name);
    with_traps(all);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(all, tests[i]);
    return run_case(name, all);
}

#endif
