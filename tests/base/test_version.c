/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdio.h>

#include <diffmm/version.h>

#include "../support/failure.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

START_TEST(the_running_version)
{
    ck_assert_int_eq(diffmm_version(), DIFFMM_VERSION_MAJOR * 1000000 +
                                           DIFFMM_VERSION_MINOR * 1000 + DIFFMM_VERSION_PATCH);
}
END_TEST

START_TEST(the_build_in_one_line)
{
    const char *info = diffmm_build_info();
    char version[64];
    snprintf(version, sizeof version, "libdiffmm %d.%d.%d,", DIFFMM_VERSION_MAJOR,
             DIFFMM_VERSION_MINOR, DIFFMM_VERSION_PATCH);
    ck_assert_ptr_nonnull(strstr(info, version));
    ck_assert_uint_gt(strlen(diffmm__gemm_version()), 0);
    ck_assert_ptr_nonnull(strstr(info, diffmm__gemm_version()));
    ck_assert_ptr_nonnull(strstr(info, diffmm__gemm_architecture()));
    ck_assert_ptr_nonnull(strstr(info, diffmm__kernels()->name));
    ck_assert_ptr_nonnull(strstr(info, ".npz"));
    ck_assert_ptr_null(strchr(info, '\n'));
}
END_TEST

static void *ask(void *argument)
{
    char *text = argument;
    snprintf(text, 256, "%s", diffmm_build_info());
    return NULL;
}

START_TEST(threads_read_the_same)
{
    char mine[256], theirs[256] = "";
    ask(mine);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, ask, theirs), 0);
    pthread_join(thread, NULL);
    ck_assert_str_eq(mine, theirs);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_running_version, the_build_in_one_line,
                                  threads_read_the_same};
    return run_tests("version", tests, sizeof tests / sizeof *tests) != 0;
}
