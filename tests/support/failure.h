/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of failing calls: the status, and that the message names what was wrong. */
#ifndef DIFFMM_TESTS_FAILURE_H
#define DIFFMM_TESTS_FAILURE_H

#include <check.h>
#include <string.h>

#include <diffmm/status.h>

#include "run.h"

static inline void expect_failure(diffmm_status got, diffmm_status want, const char *part)
{
    ck_assert_msg(got == want, "got %s, wanted %s (%s)", diffmm_status_name(got),
                  diffmm_status_name(want), diffmm_error_message());
    ck_assert_msg(strstr(diffmm_error_message(), part) != NULL, "no '%s' in '%s'", part,
                  diffmm_error_message());
}

static inline void expect_success(diffmm_status got)
{
    ck_assert_msg(got == DIFFMM_OK, "%s: %s", diffmm_status_name(got), diffmm_error_message());
}

/* A call with a bad argument. */
static inline void expect_invalid(diffmm_status got, const char *part)
{
    expect_failure(got, DIFFMM_ERROR_INVALID_ARGUMENT, part);
}

#endif
