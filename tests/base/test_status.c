/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdint.h>

#include "../support/failure.h"
#include "base/status.h"

START_TEST(every_status_has_its_name)
{
    static const char *const names[] = {"DIFFMM_OK",
                                        "DIFFMM_ERROR_INVALID_ARGUMENT",
                                        "DIFFMM_ERROR_NO_MEMORY",
                                        "DIFFMM_ERROR_IO",
                                        "DIFFMM_ERROR_FORMAT",
                                        "DIFFMM_ERROR_VERSION",
                                        "DIFFMM_ERROR_NUMERIC",
                                        "DIFFMM_ERROR_STATE",
                                        "DIFFMM_ERROR_NOT_FOUND",
                                        "DIFFMM_ERROR_UNSUPPORTED",
                                        "DIFFMM_ERROR_CALLBACK",
                                        "DIFFMM_CANCELLED"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_str_eq(diffmm_status_name((diffmm_status)i), names[i]);
    /* A number that none has, still in the range of the type. */
    ck_assert_str_eq(diffmm_status_name((diffmm_status)15), "unknown status");
}
END_TEST

START_TEST(a_failure_sets_the_message)
{
    ck_assert_int_eq(diffmm__fail(DIFFMM_ERROR_IO, "%s:%d: %zu bytes", "file", 12, (size_t)34),
                     DIFFMM_ERROR_IO);
    ck_assert_str_eq(diffmm_error_message(), "file:12: 34 bytes");
    ck_assert_int_eq(diffmm__null("settings"), DIFFMM_ERROR_INVALID_ARGUMENT);
    ck_assert_str_eq(diffmm_error_message(), "settings is NULL");
    /* The message before it may be part of the next one. */
    diffmm__fail(DIFFMM_ERROR_FORMAT, "outer: %s (%s)", diffmm_error_message(),
                 diffmm_error_message());
    ck_assert_str_eq(diffmm_error_message(), "outer: settings is NULL (settings is NULL)");
}
END_TEST

START_TEST(long_messages_are_cut)
{
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    diffmm__fail(DIFFMM_ERROR_IO, "begin %s", text);
    size_t length = strlen(diffmm_error_message());
    ck_assert(length > 200 && length < 3000);
    ck_assert_int_eq(strncmp(diffmm_error_message(), "begin xx", 8), 0);
}
END_TEST

static void *other_thread(void *argument)
{
    int *failures = argument;
    *failures += strcmp(diffmm_error_message(), "") != 0;
    diffmm__fail(DIFFMM_ERROR_IO, "of the other thread");
    *failures += strcmp(diffmm_error_message(), "of the other thread") != 0;
    return NULL;
}

START_TEST(each_thread_has_its_own)
{
    diffmm__fail(DIFFMM_ERROR_IO, "of this thread");
    pthread_t thread;
    int failures = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, &failures), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(failures, 0);
    ck_assert_str_eq(diffmm_error_message(), "of this thread");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_status_has_its_name, a_failure_sets_the_message,
                                  long_messages_are_cut, each_thread_has_its_own};
    return run_tests("status", tests, sizeof tests / sizeof *tests) != 0;
}
