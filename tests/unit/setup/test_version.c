/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdio.h>

#include <diffmm/version.h>

#include "linalg/blis.h"
#include "linalg/kernels.h"
#include "support/failure.h"

START_TEST(the_running_version)
{
    ck_assert_int_eq(diffmm_version(), DIFFMM_VERSION_MAJOR * 1000000 +
                                           DIFFMM_VERSION_MINOR * 1000 + DIFFMM_VERSION_PATCH);
}
END_TEST

/* The version of the build, which packages have, is that of the header. */
START_TEST(one_version_everywhere)
{
    char text[64];
    snprintf(text, sizeof text, "%d.%d.%d", DIFFMM_VERSION_MAJOR, DIFFMM_VERSION_MINOR,
             DIFFMM_VERSION_PATCH);
    ck_assert_str_eq(text, PROJECT_VERSION);
}
END_TEST

START_TEST(the_build_in_one_line)
{
    const char *info = diffmm_build_info();
    char version[64];
    snprintf(version, sizeof version, "libdiffmm %d.%d.%d,", DIFFMM_VERSION_MAJOR,
             DIFFMM_VERSION_MINOR, DIFFMM_VERSION_PATCH);
    ck_assert_ptr_nonnull(strstr(info, version));
    ck_assert_uint_gt(strlen(diffmm__blis_version()), 0);
    ck_assert_ptr_nonnull(strstr(info, diffmm__blis_version()));
    ck_assert_ptr_nonnull(strstr(info, diffmm__blis_architecture()));
    ck_assert_ptr_nonnull(strstr(info, diffmm__kernels()->name));
#ifdef DIFFMM__HAVE_LIBZIP
    ck_assert_ptr_nonnull(strstr(info, ", with .npz"));
#else
    ck_assert_ptr_nonnull(strstr(info, ", without .npz"));
#endif
    ck_assert_ptr_nonnull(strstr(info, __VERSION__));
    ck_assert_ptr_nonnull(strstr(info, LIBRARY_OPTIMISED ? ", optimised," : ", not optimised,"));
    ck_assert_ptr_null(strchr(info, '\n'));
    ck_assert_uint_lt(strlen(info), 511); /* not cut */
}
END_TEST

#if defined(__x86_64__)
/* The system says the same of the processor. */
START_TEST(the_processor)
{
    static const char *const names[][2] = {{"avx2", "avx2"},
                                           {"fma", "fma"},
                                           {"sse4_2", "sse4.2"},
                                           {"avx512f", "avx512f"},
                                           {"avx512bw", "avx512bw"}};
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[8192] = "";
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) && strncmp(line, "flags", 5) != 0)
        ;
    fclose(file);
    line[strcspn(line, "\n")] = ' ';
    const char *ours = strstr(diffmm_build_info(), "processor:");
    ck_assert_ptr_nonnull(ours);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char word[32], listed[32];
        snprintf(word, sizeof word, " %s ", names[i][0]);
        snprintf(listed, sizeof listed, " %s", names[i][1]);
        ck_assert_msg(!strstr(line, word) == !strstr(ours, listed), "%s", names[i][1]);
    }
}
END_TEST
#endif

static void *ask(void *argument)
{
    char *text = argument;
    snprintf(text, 512, "%s", diffmm_build_info());
    return NULL;
}

START_TEST(threads_read_the_same)
{
    char mine[512], theirs[512] = "";
    ask(mine);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, ask, theirs), 0);
    pthread_join(thread, NULL);
    ck_assert_str_eq(mine, theirs);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_running_version,
        one_version_everywhere,
        the_build_in_one_line,
        threads_read_the_same,
#if defined(__x86_64__)
        the_processor,
#endif
    };
    return run_tests("version", tests, sizeof tests / sizeof *tests) != 0;
}
