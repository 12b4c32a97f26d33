/* SPDX-License-Identifier: BSD-2-Clause */
/* Options from a list of names and values. */
#ifndef DIFFMM_TESTS_SETTINGS_H
#define DIFFMM_TESTS_SETTINGS_H

#include <diffmm/options.h>

#include "failure.h"

/* name, value, name, value, .., NULL */
static inline void set_all(diffmm_options *options, const char *const *list)
{
    for (; list[0]; list += 2)
        ck_assert_msg(diffmm_options_set(options, list[0], list[1]) == DIFFMM_OK, "%s",
                      diffmm_error_message());
}

static inline diffmm_options *settings(diffmm_context *context, const char *const *list)
{
    diffmm_options *options;
    expect_success(diffmm_options_create(context, &options));
    set_all(options, list);
    return options;
}

#endif
