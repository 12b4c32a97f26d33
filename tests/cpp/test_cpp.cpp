/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the tests of the C++ interface. */
#include <cstdlib>

#include "support.hpp"

int main()
{
    Suite *suite = suite_create("cpp");
    for (TCase *(*cases)() :
         {span_cases, argument_cases, error_cases, handle_cases, callback_cases, reentry_cases,
          data_cases, training_cases, scorer_cases, file_cases, arrow_cases, query_cases,
          rerank_cases, growth_cases, diffusion_cases})
        suite_add_tcase(suite, cases());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
