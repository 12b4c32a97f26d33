/* SPDX-License-Identifier: BSD-2-Clause */
/* Failures become exceptions with the status and the message of the C interface. */
#include <stdexcept>
#include <string>
#include <thread>

#include "support.hpp"

static_assert(std::is_base_of_v<std::runtime_error, diffmm::error>);
static_assert(std::is_nothrow_copy_constructible_v<diffmm::error>);

START_TEST(check_passes_success_and_throws_failure)
{
    diffmm::check(DIFFMM_OK);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "out is NULL",
                 [] { diffmm::check(diffmm_context_create(nullptr, nullptr)); });
}
END_TEST

START_TEST(status_and_message_are_those_of_c)
{
    diffmm::context context(1);
    assert_fails(DIFFMM_ERROR_IO, "no-such-folder/clicks.tsv",
                 [&] { diffmm::dataset::open(context, "no-such-folder/clicks.tsv"); });
    assert_fails(DIFFMM_ERROR_IO, "no-such.safetensors",
                 [&] { diffmm::scorer::open(context, "no-such.safetensors"); });
    assert_fails(DIFFMM_ERROR_IO, "no-such.safetensors",
                 [&] { diffmm::model::load(context, "no-such.safetensors"); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "no_such_option",
                 [] { diffmm::options().set("no_such_option", 1); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "threads", [] { diffmm::context(100000); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "atlantis",
                 [] { diffmm::options::preset("atlantis"); });
}
END_TEST

START_TEST(an_error_outlives_the_text_it_came_from)
{
    std::string first;
    try {
        diffmm::options().set("epochs", "many");
    } catch (const diffmm::error &failure) {
        first = failure.what();
        ck_assert_str_eq(first.c_str(), diffmm_error_message());
        diffmm::error copy = failure;
        assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "other",
                     [] { diffmm::options().set("other", 1); });
        ck_assert_str_eq(copy.what(), first.c_str());
    }
    ck_assert(!first.empty());
}
END_TEST

START_TEST(each_thread_has_its_own)
{
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "mine", [] { diffmm::options().set("mine", 1); });
    std::thread([] {
        ck_assert_str_eq(diffmm_error_message(), "");
        assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "theirs",
                     [] { diffmm::options().set("theirs", 1); });
    }).join();
    ck_assert_ptr_nonnull(std::strstr(diffmm_error_message(), "mine"));
}
END_TEST

TCase *error_cases()
{
    TCase *cases = tcase_create("error");
    tcase_add_test(cases, check_passes_success_and_throws_failure);
    tcase_add_test(cases, status_and_message_are_those_of_c);
    tcase_add_test(cases, an_error_outlives_the_text_it_came_from);
    tcase_add_test(cases, each_thread_has_its_own);
    return cases;
}
