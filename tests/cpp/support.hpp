/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the C++ interface share. */
#ifndef TESTS_CPP_SUPPORT_HPP
#define TESTS_CPP_SUPPORT_HPP

#include <cstring>
#include <diffmm/diffmm.hpp>
#include <thread>

/* After all others, because of its macro `fail`. */
#include <check.h>
#undef fail

/* One per file; test_cpp.cpp runs them all. */
TCase *span_cases();
TCase *argument_cases();
TCase *error_cases();
TCase *handle_cases();
TCase *callback_cases();
TCase *reentry_cases();
TCase *data_cases();
TCase *training_cases();
TCase *scorer_cases();
TCase *file_cases();
TCase *arrow_cases();
TCase *query_cases();
TCase *rerank_cases();
TCase *growth_cases();
TCase *diffusion_cases();

/* 40 users, 30 items, two modalities. */
inline diffmm::dataset small_data(const diffmm::context &context)
{
    diffmm_synthetic spec = {};
    spec.users = 40;
    spec.items = 30;
    spec.interactions = 400;
    spec.seed = 5;
    return diffmm::dataset::synthesize(context, spec);
}

inline diffmm::options small_options(int epochs = 3)
{
    diffmm::options options;
    options.set("epochs", epochs).set("batch", 64).set("hidden_sizes", {16});
    options.set("embedding_size", 8);
    return options;
}

/* The call throws a diffmm::error with this status and a message that contains the text. */
template <class Call> void assert_fails(diffmm_status status, const char *text, Call call)
{
    try {
        call();
    } catch (const diffmm::error &failure) {
        ck_assert_str_eq(diffmm_status_name(failure.status()), diffmm_status_name(status));
        ck_assert_msg(std::strstr(failure.what(), text) != nullptr, "'%s' does not say '%s'",
                      failure.what(), text);
        return;
    }
    ck_abort_msg("nothing was thrown where '%s' was expected", text);
}

#endif
