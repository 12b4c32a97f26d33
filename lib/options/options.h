/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle: values by name. A value is kept as text in canonical form, so that listing, saving
 * and reading it give the same. */
#ifndef DIFFMM_OPTIONS_OPTIONS_H
#define DIFFMM_OPTIONS_OPTIONS_H

#include <diffmm/options.h>

#include "base/handle.h"
#include "base/index.h"
#include "options/option_names.h"

/* The value of one modality's own setting. */
struct diffmm__override {
    struct diffmm__option_key key;
    char *name; /* "modality.NAME.setting" */
    char *value;
};

struct diffmm_options {
    struct diffmm__handle handle;
    diffmm_context *context;
    char **values; /* diffmm_option_count() of them; NULL: the default */
    size_t override_count, override_capacity;
    struct diffmm__override *overrides;
    struct diffmm__index override_index; /* of their names */
};

/* A copy of options, or, for NULL, of the defaults. */
diffmm_status diffmm__options_copy(diffmm_context *context, const diffmm_options *options,
                                   diffmm_options **out);

/* Whether a key has a value of its own. */
bool diffmm__options_has(const diffmm_options *options, const struct diffmm__option_key *key);

/* The value of a key: its own, the general setting's, or the default. */
const char *diffmm__options_value(const diffmm_options *options,
                                  const struct diffmm__option_key *key);

#endif
