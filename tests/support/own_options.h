/* SPDX-License-Identifier: BSD-2-Clause */
/* One set of options, in a context of its own, that the tests of a file share. */
#ifndef DIFFMM_TESTS_OWN_OPTIONS_H
#define DIFFMM_TESTS_OWN_OPTIONS_H

#include <diffmm/options.h>

#include "context.h"

static diffmm_context *context;
static diffmm_options *options;

static inline void begin(void)
{
    context = new_context(1);
    expect_success(diffmm_options_create(context, &options));
}

static inline void end(void)
{
    diffmm_options_destroy(options);
    diffmm_context_destroy(context);
}

static inline void set(const char *name, const char *value)
{
    expect_success(diffmm_options_set(options, name, value));
}

static inline const char *get(const char *name)
{
    const char *value = NULL;
    expect_success(diffmm_options_get(options, name, &value));
    return value;
}

#endif
